"""The thread that looks after conversations: there while there is something to do, gone when there is not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.services.chat.desk import background_worker as chat_keeper
from opsplug.services.chat.desk.background_worker import Keeper
from tests.support.waiting import wait_for


@pytest.fixture
def running() -> Callable[[], bool]:
    """Whether one runs that was not there before the test."""
    others = set(threading.enumerate())
    return lambda: any(thread.name == "opsplug-chat" for thread in set(threading.enumerate()) - others)


def keeper(*tasks: Callable[[], bool], may_run: bool = True) -> Keeper:
    return Keeper(tasks, Guard(Counters()), may_run=may_run)


def test_it_comes_when_woken_and_goes_when_nothing_is_left(running: Callable[[], bool]) -> None:
    chat_keeper._EVERY, before = 0.05, chat_keeper._EVERY
    left = [True, True, False]
    try:
        kept = keeper(lambda: left.pop(0) if left else False)
        assert not running()
        kept.wake()
        wait_for(lambda: not left and not running(), "the thread's end")
        left += [False]
        kept.wake()
        wait_for(lambda: not left and not running(), "the second end")
    finally:
        chat_keeper._EVERY = before


def test_one_that_fails_holds_up_no_other_and_stop_ends_it(running: Callable[[], bool]) -> None:
    done = threading.Event()

    def fails() -> bool:
        raise ValueError("planned")

    def works() -> bool:
        done.set()
        return True

    kept = keeper(fails, works)
    kept.wake()
    assert done.wait(60)
    kept.stop()
    assert not running()
    kept.wake()
    assert not running()


def test_where_nothing_may_run_by_itself_nothing_does(running: Callable[[], bool]) -> None:
    kept = keeper(lambda: True, may_run=False)
    kept.wake()
    assert not running() and kept.round() is True
