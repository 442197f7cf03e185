import { followInbox } from "./admin/followInbox.ts";

const inbox = document.querySelector<HTMLElement>("[data-inbox]");
if (inbox) followInbox(inbox);
