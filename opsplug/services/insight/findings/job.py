"""The job `findings`: every detector over the week, false discoveries controlled, the largest impact first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from opsplug.services.insight.findings import broken, from_alarms, shopping
from opsplug.services.insight.findings.evidence import STORED_NAMES, Finding, benjamini_hochberg
from opsplug.services.insight.findings.window import Window
from opsplug.services.measures.reader import SeriesReader
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.training.run.job import Work

FINDINGS, FEEDBACK, STRANGE_VISIT = "findings", "finding_feedback", "strange_visit"  # document kinds
DETECTORS: Final = (
    shopping.zero_searches, shopping.checkout_steps, shopping.never_bought, shopping.sold_out, broken.slow_routes,
    broken.script_errors, broken.server_errors, broken.futile_clicks, broken.quick_backs, broken.exits, broken.forms,
    broken.refusals,
)  # fmt: skip
ALARM_DAYS: Final = 3
HIDDEN_DAYS: Final = 30  # that a finding called not useful stays away, unless it hurts twice as many


def run(work: Work) -> None:
    """Replace the document `findings/now`."""
    now = work.now if work.now is not None else work.clock()
    store = work.store
    reader = SeriesReader(store, str(work.options.get("timezone") or "UTC"))
    until = min(now, reader.newest() + DAY)
    if not reader.newest():
        work.say("no numbers yet")
        return
    window = Window.of(reader, until - 1, {record["item_id"]: record for record in store.items()})
    found = findings(window)
    found += from_alarms.anomalies(reader.alarms(until - ALARM_DAYS * DAY))
    found += from_alarms.unfair(store.get_document("fairness", "latest"))
    week = reader.clock.slot(round((until - 7 * DAY) * 1000))[0]
    found += from_alarms.anomalous_sessions(value for key, value in store.documents(STRANGE_VISIT) if key >= week)
    ranked = rank(found, dict(store.documents(FEEDBACK)), now)
    document = {"at": now, "until": until, "findings": [msgspec.to_builtins(finding) for finding in ranked]}
    store.put_document(FINDINGS, "now", document, round(now * 1000))
    work.say(f"{len(ranked)} findings")


def findings(window: Window) -> list[Finding]:
    """All that stands after many tests."""
    return benjamini_hochberg([finding for detect in DETECTORS for finding in detect(window)])


def rank(found: list[Finding], feedback: Mapping[str, Any], now: float) -> list[Finding]:
    """The most harmful first. What a person called useful, and others of its kind, come sooner; what was called not
    useful goes away for a month, and others of its kind come later."""
    kinds: dict[str, list[float]] = {}
    for key, said in feedback.items():
        counts = kinds.setdefault(key.partition("/")[0], [1.0, 1.0])
        counts[0 if said["useful"] else 1] += 1

    def hidden(finding: Finding) -> bool:
        said = feedback.get(finding.key)
        if said is None or said["useful"]:
            return False
        impact_then = said.get(STORED_NAMES["impact"], 0.0)
        return bool(now - said["at"] < HIDDEN_DAYS * DAY and finding.impact < 2 * impact_then)

    def weight(finding: Finding) -> float:
        useful, useless = kinds.get(finding.kind, (1.0, 1.0))
        own = 2.0 if feedback.get(finding.key, {}).get("useful") else 1.0
        return finding.impact * own * min(max(useful / useless, 0.25), 4.0)

    return sorted((f for f in found if not hidden(f)), key=lambda f: (-weight(f), f.key))
