/** Loaded on the first click on the chat button. */
import { openChat } from "./chat/openChat.ts";

const core = window.opsplug!.core;
core.chunks.chat = (host) => void openChat(core, host);
