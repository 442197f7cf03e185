"""Background worker: runs while a task has work left, and ends after that."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.services.chat.desk import background_worker
from opsplug.services.chat.desk.background_worker import BackgroundWorker
from tests.support.waiting import wait_for


@pytest.fixture
def running() -> Callable[[], bool]:
    """Whether one runs that was not there before the test."""
    others = set(threading.enumerate())
    return lambda: any(thread.name == "opsplug-chat" for thread in set(threading.enumerate()) - others)


def worker(*tasks: Callable[[], bool], may_run: bool = True) -> BackgroundWorker:
    return BackgroundWorker(tasks, Guard(Counters()), may_run=may_run)


def test_it_comes_when_woken_and_goes_when_nothing_is_left(running: Callable[[], bool]) -> None:
    background_worker._INTERVAL, before = 0.05, background_worker._INTERVAL
    left = [True, True, False]
    try:
        running_worker = worker(lambda: left.pop(0) if left else False)
        assert not running()
        running_worker.wake()
        wait_for(lambda: not left and not running(), "the thread's end")
        left += [False]
        running_worker.wake()
        wait_for(lambda: not left and not running(), "the second end")
    finally:
        background_worker._INTERVAL = before


def test_one_that_fails_holds_up_no_other_and_stop_ends_it(running: Callable[[], bool]) -> None:
    done = threading.Event()

    def fails() -> bool:
        raise ValueError("planned")

    def works() -> bool:
        done.set()
        return True

    running_worker = worker(fails, works)
    running_worker.wake()
    assert done.wait(60)
    running_worker.stop()
    assert not running()
    running_worker.wake()
    assert not running()


def test_where_nothing_may_run_by_itself_nothing_does(running: Callable[[], bool]) -> None:
    running_worker = worker(lambda: True, may_run=False)
    running_worker.wake()
    assert not running() and running_worker.round() is True
