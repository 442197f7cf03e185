/** Loaded when the page is idle: how the page feels to its visitors. */
import { reportErrors } from "./ux/reportErrors.ts";
import { reportVitals } from "./ux/reportVitals.ts";
import { watchClicks } from "./ux/watchClicks.ts";
import { watchForms } from "./ux/watchForms.ts";
import { watchQuickBack } from "./ux/watchQuickBack.ts";
import { watchReading } from "./ux/watchReading.ts";

const core = window.opsplug!.core;
core.chunks.ux = () => {
  for (const begin of [reportErrors, reportVitals, watchQuickBack, watchReading, watchForms, watchClicks]) begin(core);
};
