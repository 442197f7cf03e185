"""Waiting for what must happen: asked again and again, with a time after which the test fails."""

import time
from collections.abc import Callable
from typing import Any

import pytest


def soon(condition: Callable[[], object], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


PATIENCE = 60.0  # seconds until a test fails; nothing waits so long for what comes


def wait_for(found: Callable[[], Any], what: str = "condition", seconds: float = PATIENCE) -> Any:
    """Asks until there is an answer; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    pytest.fail(f"waited {seconds} s for {what}")
