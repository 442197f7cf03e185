"""A log whose series are known."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import numpy as np
import pytest

from opsplug.events import Event, make_event
from opsplug.store import open_store


@pytest.fixture
def store():
    store = open_store("sqlite://")
    yield store
    store.close()


def event(at: datetime, n: int, name: str = "page_view", received: datetime | None = None, **fields) -> Event:
    options = {"route": "/", **fields}
    return make_event(
        name, event_id=f"{name}{at.timestamp()}-{n}", now_ms=int((received or at).timestamp() * 1000),
        timestamp_ms=int(at.timestamp() * 1000), **options,
    )  # fmt: skip


def hours(first: datetime, days: float) -> Iterable[datetime]:
    """Every hour of real time, on the shop's clock."""
    begin = first.timestamp()
    return (datetime.fromtimestamp(begin + 3600 * n, first.tzinfo) for n in range(int(days * 24)))


def fill(
    store, first: datetime, days: float, name: str = "page_view", mean: float = 30.0,
    change: Callable[[datetime, int], int] = lambda at, count: count, seed: int = 0, **fields,
) -> None:  # fmt: skip
    """A day-shaped Poisson stream in which people live by the shop's clock."""
    rng = np.random.default_rng(seed)
    events = []
    for at in hours(first, days):
        expected = mean * (0.1 + np.exp(-((at.hour - 15) ** 2) / 30)) * (1.3 if at.weekday() < 5 else 0.7)
        count = change(at, int(rng.poisson(expected)))
        for n in range(count):
            events.append(event(at + timedelta(seconds=n * 3000 / max(count, 1)), n, name, **fields))
    for begin in range(0, len(events), 5000):
        store.add_events(events[begin : begin + 5000])
