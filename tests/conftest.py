"""How busy the machine is makes no difference to a test.

A shop at work gives up on a slow disk within milliseconds and does without; benchmarks measure that. Here, what is in
order is waited for. Tests of the giving up say how long themselves.
"""

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from opsplug import reasons
from opsplug.capture import durable, storing
from opsplug.store.connections import Connections

PATIENCE = 60.0  # seconds


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    read = Connections.read

    @functools.wraps(read)
    def patiently(self: Connections, work: Any, *, timeout: float = PATIENCE) -> Any:
        return read(self, work, timeout=max(timeout, PATIENCE))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "read", patiently)
        patch.setattr(durable, "WAIT_SECONDS", PATIENCE)
        patch.setattr(storing, "PATIENCE", PATIENCE)
        patch.setattr(reasons, "is_strict", True)  # a counter without a row in the table of reasons fails here
        yield
