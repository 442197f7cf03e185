"""Cold items count as much as the shop's own past says."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.features.interactions import Interactions, interactions
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.cold_item_share import ColdItemShare
from opsplug.models.recommend.constants import COLD_DEFAULT_STRENGTH, COLD_MAX_LOSS, COLD_STRENGTHS, MIN_EVENTS
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.scorers.cold_items import ColdItems

DAY = 86_400.0
START = 1.7e9
TASTES = ("kettle", "scarf", "lamp", "puzzle", "rug", "vase", "clock", "mirror")


def shop(launches: bool, *, days: int = 40, seed: int = 0) -> tuple[Interactions, Catalogue]:
    """Eight tastes of five items and of sixteen more. Those come one every two days and are what is taken then; where
    nothing `launches`, nobody ever takes them."""
    rng = np.random.default_rng(seed)
    rows = []
    for visitor in range(220):
        taste = TASTES[visitor % len(TASTES)]
        for day in sorted(rng.choice(days, 6, replace=False)):
            launched = [5 + day // 2 - back for back in range(2) if day // 2 >= back and launches]
            pool = launched if launched and rng.random() < 0.7 else range(5)
            item = f"{taste}{rng.choice(pool)}"
            rows.append((f"v{visitor}", item, START + (day + rng.random()) * DAY, "view_item", None))
    records = [
        {"item_id": f"{taste}{n}", "item_name": f"{taste} number {n}", "item_category": taste}
        for taste in TASTES
        for n in range(5 + days // 2)
    ]
    return interactions(rows), catalogue(records)


def strength(mix: Mix) -> float:
    cold_items = mix.members["cold_items"]
    assert isinstance(cold_items, ColdItems)
    return cold_items.strength


def test_a_shop_that_launches_shows_its_launches_and_one_with_a_dead_catalogue_does_not() -> None:
    lively, dead = (Mix.fit(*shop(launches)) for launches in (True, False))
    assert strength(lively) > strength(dead)
    ranker = dead.ranker()
    taken = set(dead.evidence.log.items.tolist())
    history = [(int(ranker.codes(["kettle0"])[0]), START + 39 * DAY, 0)]
    assert set(ranker.rank(history, now=START + 40 * DAY, k=4).codes.tolist()) <= taken


def test_the_largest_strength_that_costs_next_to_nothing_is_taken() -> None:
    board = ColdItemShare(np.ones(4, np.int64))
    assert board.strength() == COLD_DEFAULT_STRENGTH
    board.asked = 10
    board.gains = np.linspace(0.9, 1.0, len(COLD_STRENGTHS))
    assert board.strength() == COLD_STRENGTHS[np.flatnonzero(board.gains >= 1 - COLD_MAX_LOSS)[0]]
    board.gains[:] = 1.0
    assert board.strength() == 1.0, "where new items cost nothing, they count in full"
    board.gains[:] = 0.0
    assert board.strength() == 1.0


@pytest.mark.parametrize("launches", [True, False])
def test_it_outlives_the_artefact(launches: bool) -> None:
    mix = Mix.fit(*shop(launches))
    cold_items = mix.ranker().cold_items
    assert isinstance(cold_items, ColdItems) and cold_items.strength == strength(mix)


def test_few_items_never_taken_are_a_launch_and_many_are_dead() -> None:
    assert ColdItemShare(np.array([0, *[3] * 9])).launched.tolist() == [0]
    assert ColdItemShare(np.array([0, 0, *[3] * 8])).launched.tolist() == []


def test_a_launch_of_today_is_not_judged_by_a_past_that_did_not_know_it() -> None:
    """Ten items more in the catalogue, like all others and never taken: they change nothing about what launches may."""
    log, items = shop(launches=True)
    plain = strength(Mix.fit(log, items))
    records = [
        {"item_id": item, "item_name": name, "item_category": kind}
        for item, name, kind in zip(items.item_ids, items.names, items.categories, strict=True)
    ]
    today = [{"item_id": f"today{n}", "item_name": f"{TASTES[n % 8]} number {n}"} for n in range(10)]
    assert strength(Mix.fit(log, catalogue([*records, *today]))) == plain


def test_a_log_too_short_to_ask_gets_the_cautious_one() -> None:
    log, items = shop(launches=False)
    assert strength(Mix.fit(log.take(slice(MIN_EVENTS - 1)), items)) == COLD_DEFAULT_STRENGTH
