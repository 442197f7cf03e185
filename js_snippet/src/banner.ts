/** Loaded when the page has an <opsplug-consent>. */
import { askConsent } from "./banner/askConsent.ts";

const core = window.opsplug!.core;
core.chunks.banner = (host) => void askConsent(core, host);
