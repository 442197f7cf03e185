"""Lift compares two sides of visitors; each visitor counts on the side whose lists they really saw."""

from __future__ import annotations

from typing import Any

import pytest

from opsplug.events import Event
from opsplug.features.recommendation_id import make_id
from opsplug.services.outcomes.effects import Effects
from opsplug.services.outcomes.lift import PlacementLift, measure_lifts
from opsplug.services.recommend.holdout import Lift, in_holdout
from tests.support.shop import DAY, NOW, Shop

START = NOW - 20 * DAY


def seen(shop: Shop, who: str, held: bool, placement: str = "home", at: float = START, known: bool = True) -> Event:
    rec = make_id(placement, "popular", at=at, version="x-aaaaaaaa", holdout=held, known=known)
    return shop.event("view_item_list", "a", visitor=who, at=at, recommendation_id=rec)


def bought(shop: Shop, order: str, at: float = START + 9, **who: Any) -> Event:
    line = {"item_id": "a", "price": 10.0}
    return shop.event("purchase", line, at=at, transaction_id=order, currency="EUR", **who)


def lifts(shop: Shop, share: float) -> dict[str, PlacementLift]:
    rows = measure_lifts(shop.store, share=share, since_ms=0, until_ms=round(NOW * 1000))
    return {row.placement: row for row in rows}


def test_lift_says_not_enough_until_there_is(shop: Shop) -> None:
    def buyers() -> Lift:
        return lifts(shop, 0.3)[""].buyers

    assert lifts(shop, 0.3) == {}
    events = []
    for number in range(3000):
        who = f"v{number}"
        held = in_holdout(who, 0.3)
        events.append(seen(shop, who, held))
        if number % 100 < (10 if held else 35):
            events.append(shop.event("purchase", {"item_id": "a", "price": 1.0}, visitor=who, at=START + 9))
    shop.store.add_events(events[:20])
    assert "not enough data" in buyers().verdict
    shop.store.add_events(events[20:])
    assert buyers().low > 0
    assert buyers().low < 0.25 < buyers().high


def test_the_lift_is_told_for_each_placement_and_refunds_count(shop: Shop) -> None:
    share, events = 0.5, []
    for number in range(1600):
        who = f"w{number}"
        held = in_holdout(who, share)
        placement = ("home", "item")[number % 2]
        events.append(seen(shop, who, held, placement))
        if number % 10 < (2 if held else 6):
            line = {"item_id": "a", "price": 10.0}
            events.append(
                shop.event("purchase", line, visitor=who, at=START + 5, transaction_id=f"o{number}", currency="EUR")
            )
            if placement == "item":
                events.append(shop.event("order_cancelled", visitor=who, at=START + 9, transaction_id=f"o{number}"))
    shop.store.add_events(events)
    found = lifts(shop, share)
    assert set(found) == {"", "home", "item"}
    home = found["home"]
    assert home.buyers.low > 0
    assert home.currency == "EUR"
    assert home.revenue.difference == pytest.approx(10 * home.buyers.difference)
    assert "not enough data yet (0 of 20 buyers" in found["item"].buyers.verdict
    assert found[""].buyers.treated == found["home"].buyers.treated + found["item"].buyers.treated


def test_lists_that_are_the_same_for_everybody_have_no_two_sides(shop: Shop) -> None:
    shop.store.add_events([seen(shop, f"v{n}", False, "item", known=False) for n in range(50)])
    assert lifts(shop, 0.5) == {}
    shop.store.add_events([seen(shop, "v1", True, at=START + DAY), bought(shop, "o", START + DAY / 2, visitor="v1")])
    found = lifts(shop, 0.5)
    assert set(found) == {"", "home"}
    assert (found[""].buyers.treated, found[""].buyers.held_out) == (0, 1)
    assert found[""].buyers.missing == ("visitors", 0, 200), "the order came before the first list of two sides"


def test_who_has_a_side_keeps_it_on_lists_for_everybody(shop: Shop) -> None:
    """The holdout's own list stands in the place of the one that others see."""
    for number in range(10):
        held = number < 5
        shop.store.add_events([
            seen(shop, f"v{number}", held),
            seen(shop, f"v{number}", held, "item", at=START + 60, known=held),
            bought(shop, f"o{number}", START + (30 if number % 2 else 90), visitor=f"v{number}"),
        ])  # fmt: skip
    found = lifts(shop, 0.5)
    assert (found["item"].buyers.treated, found["item"].buyers.held_out) == (5, 5)
    assert found["item"].buyers.difference == pytest.approx(2 / 5 - 3 / 5), "orders after the list of this place"


def test_a_visitor_counts_on_the_side_of_the_first_list_seen(shop: Shop) -> None:
    """A larger holdout makes nobody one who was held out before."""
    events = [seen(shop, f"v{n}", False) for n in range(30)]
    events += [seen(shop, f"v{n}", n < 10, at=START + DAY) for n in range(40)]
    shop.store.add_events(events)
    both = lifts(shop, 0.3)[""].buyers
    assert (both.treated, both.held_out) == (40, 0)


@pytest.mark.parametrize("later", [START + 60, START + 5 * DAY])
def test_an_order_that_is_reported_for_the_user_counts_for_the_visitor_who_saw_the_list(
    shop: Shop, later: float
) -> None:
    shop.store.add_events([
        seen(shop, "phone", True), seen(shop, "laptop", False, at=START + DAY),
        shop.event("page_view", visitor="phone", user="u", at=START + 1),
        shop.event("page_view", visitor="laptop", user="u", at=START + DAY + 1),
        bought(shop, "o1", later, user="u"),
    ])  # fmt: skip
    found = lifts(shop, 0.5)[""].revenue
    assert found.difference == (-10.0 if later == START + 60 else 10.0)


def test_when_the_holdout_changes_the_comparison_begins_anew(shop: Shop) -> None:
    moment = [START + DAY]

    def row(share: float) -> Lift | None:
        effects = Effects(lambda: shop.store, holdout=share, seed=0, clock=lambda: moment[0])
        return next((found.buyers for found in effects.lifts()), None)

    shop.store.add_events([seen(shop, f"v{n}", n % 10 == 0) for n in range(40)])
    first = row(0.1)
    assert first is not None
    assert (first.treated, first.held_out) == (36, 4)
    assert row(0.5) is None
    moment[0] += DAY
    shop.store.add_events([seen(shop, f"v{n}", n % 2 == 0, at=START + DAY + 60) for n in range(40)])
    second = row(0.5)
    assert second is not None
    assert (second.treated, second.held_out) == (20, 20)
