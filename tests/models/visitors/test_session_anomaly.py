"""A scraper, a card tester and a thief are found among shoppers; among shoppers alone nobody is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from opsplug.events import Event, make_event
from opsplug.features.session_table import SessionTableMaker
from opsplug.models.visitors.session_anomaly import anomalous_sessions
from opsplug.store import open_store
from opsplug.training.run.job import Work
from opsplug.training.series.session_anomalies import ANOMALOUS_SESSION, find

START = datetime(2026, 5, 4, 9, tzinfo=UTC)


class Log:
    def __init__(self, seed: int) -> None:
        self.rng, self.events, self.at = np.random.default_rng(seed), [], START

    def say(self, session: str, name: str, wait: float, items=(), source: str = "server", **properties) -> None:
        self.at += timedelta(seconds=wait)
        self.events.append(
            make_event(name, event_id=f"e{len(self.events)}", now_ms=int(self.at.timestamp() * 1000), items=items, source=source,
                       properties=properties, session_id=session, anonymous_id=session)
        )  # fmt: skip

    def shopper(self, n: int) -> None:
        self.at = START + timedelta(minutes=float(self.rng.uniform(0, 6000)))
        for _ in range(1 + int(self.rng.geometric(0.2))):
            self.say(f"s{n}", "page_view", float(self.rng.lognormal(3, 1)))
            self.say(f"s{n}", "scroll", 3, source="browser")
            if self.rng.random() < 0.5:
                self.say(f"s{n}", "view_item", 0, [{"item_id": f"i{self.rng.integers(200)}"}], "browser")
        if self.rng.random() < 0.1:
            self.say(f"s{n}", "payment_error", 20)
        if self.rng.random() < 0.2:
            self.say(f"s{n}", "purchase", 60, transaction_id=f"t{n}", value=float(self.rng.lognormal(3.5, 0.7)))

    def reader(self) -> None:
        """Somebody who opens a great many pages in new tabs, as people do."""
        for _ in range(90):
            self.say("reader", "page_view", float(self.rng.exponential(12)))
            self.say("reader", "scroll", 1, source="browser")


def shop(seed: int, bad: bool) -> list[Event]:
    log = Log(seed)
    for n in range(600):
        log.shopper(n)
    log.reader()
    if bad:
        log.at = START + timedelta(hours=3)
        for n in range(400):
            log.say("scraper", "page_view", 1.3 + 0.05 * float(log.rng.random()))
            log.say("scraper", "view_item", 0, [{"item_id": f"i{n}"}])
        for _ in range(14):
            log.say("cards", "page_view", 10)
            log.say("cards", "payment_error", 8)
        for _ in range(3):
            log.say("thief", "page_view", 20)
        log.say("thief", "purchase", 30, transaction_id="big", value=9000.0)
    return log.events


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_among_shoppers_nobody_is_accused(seed: int) -> None:
    maker = SessionTableMaker()
    maker.add(shop(seed, bad=False))
    assert anomalous_sessions(maker.table()) == []


def test_each_is_found_with_a_reason_and_few_visits_say_nothing() -> None:
    maker = SessionTableMaker()
    maker.add(shop(4, bad=True))
    found = {visit.session: visit for visit in anomalous_sessions(maker.table())}
    assert {session: visit.kind for session, visit in found.items()} == {
        "scraper": "scraper",
        "cards": "card_testing",
        "thief": "odd_order",
    }
    assert found["scraper"].reason == "scraper_steady" and found["scraper"].facts["n"] == 400
    assert found["cards"].reason == "card_testing" and found["cards"].facts["n"] == 14
    assert found["thief"].facts["value"] == 9000
    few = SessionTableMaker()
    few.add(event for event in shop(4, bad=True) if event.session_id in ("scraper", "s1", "s2"))
    assert anomalous_sessions(few.table()) == []


def test_the_job_keeps_them_and_forgets_old_ones() -> None:
    store = open_store("sqlite://")
    store.add_events(sorted(shop(4, bad=True), key=lambda event: event.timestamp))
    store.put_document(ANOMALOUS_SESSION, "2025-01-01/old", {}, 1)
    now = (START + timedelta(days=5)).timestamp()
    find(Work(store, None, now=now))
    find(Work(store, None, now=now))
    stored = dict(store.documents(ANOMALOUS_SESSION))
    assert sorted(visit["kind"] for visit in stored.values()) == ["card_testing", "odd_order", "scraper"]
    assert all(key.startswith("2026-05-04/") and "scraper" not in key for key in stored)
    store.close()
