"""Five weeks of a made-up shop whose visitors behave the same every week, and faults that can be planted in the last."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from opsplug.events import Event, make_event
from opsplug.store import Store

ZONE = ZoneInfo("Europe/London")
FIRST = datetime(2026, 2, 2, tzinfo=ZONE)
DAYS = 35
END = FIRST + timedelta(days=DAYS)
STEPS = ("/checkout/address", "/checkout/delivery", "/checkout/payment")
ITEMS = [f"sku{n}" for n in range(40)]
CATALOGUE = [
    {
        "item_id": item,
        "item_name": f"Thing {n}",
        "item_category": f"Kind {n % 4}",
        "price": 5.0 + n,
        "availability": "in_stock",
    }
    for n, item in enumerate(ITEMS)
]


class Visit:
    """One visitor's way through the shop; faults look at it and change it."""

    def __init__(self, shop: "Shop", at: datetime, number: int) -> None:
        self.shop, self.rng = shop, shop.rng
        self.start, self.at, self.number = at, at, number
        self.device = str(self.rng.choice(["mobile", "desktop"], p=[0.6, 0.4]))
        self.language = str(self.rng.choice(["en-GB", "de-DE", "zh-CN"], p=[0.7, 0.2, 0.1]))
        self.referrer = str(self.rng.choice(["", "google.com", "news.example"], p=[0.5, 0.4, 0.1]))
        self.events: list[Event] = []
        self.gone = False

    @property
    def last_week(self) -> bool:
        return self.start >= END - timedelta(days=7)

    def say(self, name: str, route: str | None = None, items: Any = (), by: str = "browser", **properties: Any) -> None:
        at_ms = int(self.at.timestamp() * 1000)
        self.events.append(
            make_event(
                name, event_id=f"v{self.number}-{len(self.events)}", now_ms=at_ms, items=items, properties=properties,
                route=route, source=by, anonymous_id=f"a{self.number}", session_id=f"s{self.number}",
            )
        )  # fmt: skip

    def page(self, route: str, wait: float = 20.0) -> None:
        self.at += timedelta(seconds=float(self.rng.exponential(wait)) + 1)
        took = float(self.rng.lognormal(4.2, 0.5))
        for fault in self.shop.faults:
            took = getattr(fault, "took", lambda visit, route, took: took)(self, route, took)
        self.say("page_view", route, by="server", duration_ms=round(took, 1), device=self.device, locale=self.language,
                 referrer_host=self.referrer)  # fmt: skip
        self._tell("page", route)

    def go(self) -> list[Event]:
        rng = self.rng
        self.page(str(rng.choice(["/", "/category/<slug>", "/product/<item_id>"], p=[0.5, 0.3, 0.2])))
        if rng.random() < 0.3:
            self.page("/search")
            term, found = str(rng.choice(["mug", "lamp", "gift", "card"])), int(rng.integers(3, 30))
            self.say("view_search_results", "/search", search_term=term, results_count=found)
            self._tell("searched")
            if self.gone:
                return self.events
        for _ in range(int(rng.geometric(0.35))):
            item = str(rng.choice(ITEMS, p=self.shop.taste))
            self.page("/product/<item_id>")
            self.say("view_item", "/product/<item_id>", [{"item_id": item}])
            if rng.random() < 0.02:
                self.say("quick_back", "/", from_path=f"/product/{item}")
            if rng.random() < 0.25:
                self.say("add_to_cart", "/product/<item_id>", [{"item_id": item, "price": 5.0}])
                return self._checkout(item)
        return self.events

    def _checkout(self, item: str) -> list[Event]:
        self.page("/cart")
        for step in STEPS:
            if self.rng.random() < 0.2:
                return self.events
            self.page(step)
            if step == STEPS[0]:
                self.say("form_start", step, form_id="address", first_field="name")
                gives_up = self.rng.random() < 0.15
                self.say("form_abandon" if gives_up else "form_submit", step, form_id="address", last_field="city")
            if any(getattr(fault, "stops", lambda visit, step: False)(self, step) for fault in self.shop.faults):
                return self.events
        if item not in self.shop.unsold:
            self.say("purchase", STEPS[-1], [{"item_id": item, "price": 5.0, "quantity": 1}], "server",
                     transaction_id=f"t{self.number}", value=5.0, currency="GBP")  # fmt: skip
        return self.events

    def _tell(self, moment: str, *details: Any) -> None:
        for fault in self.shop.faults:
            getattr(fault, moment, lambda *_: None)(self, *details)


class Shop:
    def __init__(
        self, seed: int = 0, a_day: int = 110, faults: tuple[Any, ...] = (), unsold: tuple[str, ...] = ()
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.faults, self.unsold, self.a_day = faults, unsold, a_day
        weights = 1 / np.arange(3, 3 + len(ITEMS))
        self.taste = weights / weights.sum()

    def visits(self) -> Iterator[list[Event]]:
        number = 0
        for day in range(DAYS):
            hours = np.exp(-((np.arange(24) - 15) ** 2) / 30)
            for hour, mean in enumerate(hours / hours.sum() * self.a_day):
                for _ in range(int(self.rng.poisson(mean))):
                    number += 1
                    start = FIRST + timedelta(days=day, hours=hour, minutes=float(self.rng.uniform(0, 40)))
                    yield Visit(self, start, number).go()

    def fill(self, store: Store, keep: Callable[[Event], bool] = lambda event: True) -> float:
        """Store everything in the order of time; -> the moment at which the five weeks are over (epoch seconds)."""
        store.put_items(CATALOGUE, origin="explicit", now_ms=int(FIRST.timestamp() * 1000))
        events = sorted((event for visit in self.visits() for event in visit if keep(event)), key=lambda e: e.timestamp)
        for begin in range(0, len(events), 5000):
            store.add_events(events[begin : begin + 5000])
        return END.timestamp()
