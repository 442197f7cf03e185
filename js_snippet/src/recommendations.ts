/** Loaded when the page has an <opsplug-recommendations>. */
import { connectList } from "./recommendations/connectList.ts";

const core = window.opsplug!.core;
core.chunks.recommendations = (host) => connectList(core, host);
