"""The job `visits`: last week's visits scored by an isolation forest; anomalous ones are stored with their reasons."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from opsplug.features.local_time import SlotClock
from opsplug.features.opensessions import short_hash
from opsplug.features.session_table import SessionTableMaker
from opsplug.models.visitors.session_anomaly import anomalous_sessions
from opsplug.training.run.job import Work
from opsplug.units import DAY

ANOMALOUS_SESSION: Final = "strange_visit"  # document kind; keys are DATE/SESSION
DAYS, KEPT_DAYS = 7, 60
NAMES: Final = ("page_view", "http_request", "view_item", "add_to_cart", "purchase", "payment_error")


def find(work: Work) -> None:
    """Replace what was found of the same visits, forget what is two months old."""
    now = work.now if work.now is not None else work.clock()
    clock = SlotClock(str(work.options.get("timezone") or "UTC"))
    maker = SessionTableMaker()
    since_ms = round((now - DAYS * DAY) * 1000)
    for batch in work.store.read_events(since_ms=since_ms, until_ms=round(now * 1000), names=NAMES):
        maker.add(event for _, event in batch)
    table = maker.table()
    found = anomalous_sessions(table, work.seed)
    rows = []
    for visit in found:  # whoever is forgotten later leaves no id behind here
        session = short_hash(visit.session)
        rows.append(
            (ANOMALOUS_SESSION, f"{clock.slot(visit.begin_ms)[0]}/{session}", {**asdict(visit), "session": session})
        )
    work.store.put_documents(rows, round(now * 1000))
    oldest = clock.slot(round((now - KEPT_DAYS * DAY) * 1000))[0]
    for key in work.store.document_keys(ANOMALOUS_SESSION):
        if key < oldest:
            work.store.delete_document(ANOMALOUS_SESSION, key)
    work.say(f"{len(found)} anomalous visits of {len(table.sessions):,}")
