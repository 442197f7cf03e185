"""How busy the machine is makes no difference to a test.

A shop at work gives up on a slow disk within milliseconds and does without; benchmarks measure that. Here, what is in
order is waited for. Tests of the giving up say how long themselves, and tests/adapters/test_as_shipped.py runs with the
times that ship.
"""

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from opsplug import reasons
from opsplug.capture import durable, storing
from opsplug.store import kinds
from opsplug.store.connections import Connections

PATIENCE = 60.0  # seconds
SHIPPED = ((Connections, "read"), (durable, "WAIT_SECONDS"), (storing, "PATIENCE"))


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[dict[str, Any]]:
    """Waits for what is in order; -> what ships instead."""
    shipped = {name: getattr(place, name) for place, name in SHIPPED}
    read = Connections.read

    @functools.wraps(read)
    def patiently(self: Connections, work: Any, *, timeout: float = PATIENCE) -> Any:
        return read(self, work, timeout=max(timeout, PATIENCE))

    with pytest.MonkeyPatch.context() as patch:
        for (place, name), value in zip(SHIPPED, (patiently, PATIENCE, PATIENCE), strict=True):
            patch.setattr(place, name, value)
        yield shipped


@pytest.fixture(scope="session", autouse=True)
def strict_tables() -> Iterator[None]:
    """A counter or a document without a row in its table fails here; in a shop nobody is harmed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reasons, "is_strict", True)
        patch.setattr(kinds, "is_strict", True)
        yield


@pytest.fixture
def as_shipped(patience: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The times that ship: 20 ms for a history, 250 ms for a durable event."""
    for place, name in SHIPPED:
        monkeypatch.setattr(place, name, patience[name])
