/** Loaded when the page has an <opsplug-chat>: the button alone. */
import { chatButton } from "./chat_button/chatButton.ts";

const core = window.opsplug!.core;
core.chunks.chat_button = (host) => chatButton(host, core);
