"""Figures are made anew when they are old, and nobody waits twice for dear ones."""

from __future__ import annotations

import threading
import time

from opsplug.errors import StoreError
from opsplug.services.outcomes.stale_cache import PART, StaleWhileRevalidate


class Figures:
    def __init__(self, cost: float) -> None:
        self.now, self.cost, self.made, self.fails = 0.0, cost, 0, False

    def read(self) -> int:
        self.now += self.cost
        if self.fails:
            raise StoreError("locked")
        self.made += 1
        return self.made


def wait_until(figures: Figures, made: int) -> None:
    deadline = time.monotonic() + 60
    while figures.made < made and time.monotonic() < deadline:
        time.sleep(0.005)


def test_cheap_ones_are_made_anew_when_they_are_old() -> None:
    figures = Figures(0.01)
    kept = StaleWhileRevalidate(10, clock=lambda: figures.now)
    assert [kept.get("a", figures.read) for _ in range(3)] == [1, 1, 1]
    figures.now += 11
    assert kept.get("a", figures.read) == 2
    assert kept.get("b", figures.read) == 3


def test_dear_ones_are_made_beside_and_seldom() -> None:
    figures = Figures(5.0)
    kept = StaleWhileRevalidate(10, clock=lambda: figures.now)
    assert kept.get("a", figures.read) == 1
    figures.now += 50
    assert kept.get("a", figures.read) == 1, "five seconds of work are good for a hundred"
    figures.now += PART * 5.0
    assert kept.get("a", figures.read) == 1, "the last ones, at once"
    wait_until(figures, 2)
    deadline = time.monotonic() + 60
    while kept.get("a", figures.read) == 1 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert kept.get("a", figures.read) == 2
    assert figures.made == 2


def test_what_cannot_be_made_anew_stays_and_is_tried_again_later() -> None:
    figures = Figures(5.0)
    kept = StaleWhileRevalidate(10, clock=lambda: figures.now)
    kept.get("a", figures.read)
    figures.fails, figures.now = True, 1000.0
    for _ in range(3):
        assert kept.get("a", figures.read) == 1
    while any(thread.name == "opsplug-figures" for thread in threading.enumerate()):
        time.sleep(0.005)
    figures.fails, figures.now = False, 2000.0
    assert kept.get("a", figures.read) == 1
    wait_until(figures, 2)
    assert figures.made == 2


def test_two_who_ask_at_once_wait_for_one_answer() -> None:
    begun, go, made = threading.Event(), threading.Event(), []

    def read() -> int:
        begun.set()
        go.wait(60)
        made.append(1)
        return len(made)

    kept = StaleWhileRevalidate(10)
    threads = [threading.Thread(target=kept.get, args=("a", read)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    go.set()
    for thread in threads:
        thread.join(60)
    assert made == [1]
