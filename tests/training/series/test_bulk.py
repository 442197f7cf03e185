"""A shop whose events are brought over once a night: what is not there yet is no outage, what is there is judged."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from opsplug.features.series import RollupState, complete_until
from opsplug.training.run.job import Work
from opsplug.training.series import job
from tests.support.series_shop import (
    event,
    store,  # noqa: F401  (a fixture)
)

ZONE = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 5, 4, tzinfo=ZONE)


def bring(store, day: datetime, seed: int, level: float = 20.0, name: str = "page_view", live: bool = False) -> None:
    """The events of a day, stored at six in the morning of the next one (or as they happened)."""
    rng = np.random.default_rng(seed)
    events = []
    for hour in range(24):
        at = day + timedelta(hours=hour, minutes=30)
        received = None if live else day + timedelta(hours=30)
        for n in range(rng.poisson(level * (1 + np.sin(2 * np.pi * (hour - 8) / 24)))):
            events.append(event(at, n, name, received, anonymous_id=f"{hour}-{n}", session_id=f"{hour}-{n}"))
    store.add_events(events)


def run(store, now: datetime) -> tuple[list[dict], str]:
    said: list[str] = []
    job.run(Work(store, None, now=now.timestamp(), options={"timezone": "Europe/Berlin"}, say=said.append))
    return [alarm for _, alarm in store.documents("alarm")], "; ".join(said)


def test_a_nightly_import_is_no_nightly_outage(store) -> None:
    for n in range(30):
        bring(store, FIRST + timedelta(days=n), n)
    for n in range(30, 33):
        for hour in (7, 13, 19, 23, 29):
            found, said = run(store, FIRST + timedelta(days=n, hours=hour))
            assert found == []
            assert "visits come in bulk" in said
        bring(store, FIRST + timedelta(days=n), n)


def test_what_came_in_bulk_is_judged_all_the_same(store) -> None:
    for n in range(31):
        bring(store, FIRST + timedelta(days=n), n, level=20.0 if n < 30 else 1.0)
    found, _ = run(store, FIRST + timedelta(days=31, hours=7))
    assert "page_views" in {alarm["series"] for alarm in found}


def test_orders_may_come_at_night_while_visits_come_as_they_happen(store) -> None:
    for n in range(31):
        bring(store, FIRST + timedelta(days=n), n, live=True)
        if n < 30:
            bring(store, FIRST + timedelta(days=n), n, 6.0, "purchase")
    found, said = run(store, FIRST + timedelta(days=30, hours=23))
    assert found == []
    assert "orders come in bulk" in said
    assert "visits" not in said


@pytest.mark.parametrize(("share", "until"), [(0.2, 900.0), (0.8, 500.0)])
def test_up_to_when_a_measure_is_judged(share: float, until: float) -> None:
    state = RollupState(late={"orders": share}, newest_of={"orders": 500_000})
    assert complete_until(state, "converted", 900.0) == until
    assert complete_until(state, "page_views", 900.0) == 900.0
