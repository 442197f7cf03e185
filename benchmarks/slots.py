"""The order by clicks on a simulated shop whose truth is known: what it brings, and what its estimate promised.

Sixty items with relevances of their own, visitors whose tastes the mix knows, clicks where a place is examined (place
p: (p + 1) ** -0.5, which the learner does not know) and the item is relevant. After so many lists in the order of the
mix, the slot ranker is learnt. New visitors then get the mix's own order, and the lists that a page would get: what
`Slot.reorder` makes of them, where the verdict lets the ranker serve and the visitor is not among those who keep the
order of the mix. Ten seeds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opsplug.models.rerank.list_ranker import HEAD, POOL, rng_of
from opsplug.models.rerank.slot_learning import Learned, SlotLog, learn, verdict
from opsplug.services.recommend.holdout import share_of
from opsplug.services.recommend.ranking import Candidate, Question, Ranking
from opsplug.services.recommend.slot_rankers import PLAIN, Slot
from opsplug.services.snapshot import Snapshot

ITEMS, NEW_VISITORS, SEEDS = 60, 1500, 10
EXAMINATION = (np.arange(HEAD) + 1.0) ** -0.5


class Shop:
    """`lists(count, slot)` shows lists to new visitors. -> the log, and true clicks per list."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.relevance = self.rng.normal(0, 0.7, ITEMS)
        self.names = [f"i{n}" for n in range(ITEMS)]
        self.snapshot = Snapshot(1, {name: {"item_id": name} for name in self.names})

    def lists(self, count: int, slot: Slot | None = None) -> tuple[SlotLog, float]:
        codes, ranks, clicks = (np.zeros((count, HEAD)) for _ in range(3))
        worth = 0.0
        for number in range(count):
            taste = self.rng.normal(0, 0.7, ITEMS)
            pool = np.argsort(-taste)[:POOL]
            shown = np.arange(HEAD) if slot is None else self.page(slot, pool, f"visitor {number}")
            items = pool[shown]
            rate = EXAMINATION / (1 + np.exp(3.3 - self.relevance[items] - 0.7 * taste[items]))
            codes[number], ranks[number], clicks[number] = items, shown, self.rng.random(HEAD) < rate
            worth += rate.sum()
        entries = np.repeat(np.arange(count), HEAD)
        places = np.tile(np.arange(HEAD), count)
        log = SlotLog(
            self.names, [], ["session"] * count, [""] * count, entries, codes.ravel().astype(int), places,
            ranks.ravel().astype(int), clicks.ravel(),
        )  # fmt: skip
        return log, worth / count

    def page(self, slot: Slot, pool: np.ndarray, who: str) -> np.ndarray:
        """Ranks of the mix in the order in which this visitor's page shows them."""
        if share_of(who, "plain slots", slot.seed) < PLAIN:
            return np.arange(HEAD)
        names = [self.names[item] for item in pool]
        ranking = Ranking([Candidate(name, -float(rank), "popular") for rank, name in enumerate(names)], "session")
        question = Question("home", None, (), 0.0, frozenset())
        shown = slot.reorder(ranking, question, self.snapshot, who, HEAD)
        return np.array([names.index(candidate.item_id) for candidate in shown[:HEAD]])


def main() -> None:
    print(
        "| lists | clicks | served | estimate of re-ordering what was shown (95 %) | true gain over the mix | learn s |"
    )
    print("|---|---|---|---|---|---|")
    for count in (300, 1000, 3000, 6000):
        found: list[tuple[Learned, float, float]] = []
        for seed in range(SEEDS):
            shop = Shop(seed)
            log, _ = shop.lists(count)
            began = time.process_time()
            learned = learn(log, seed=seed)
            cost = time.process_time() - began
            slot = Slot("benchmark", learned.model, seed) if verdict(learned)[0] else None
            ours, mix = shop.lists(NEW_VISITORS, slot)[1], shop.lists(NEW_VISITORS)[1]
            found.append((learned, ours / mix, cost))
        clicks = np.mean([one.clicks for one, _, _ in found])
        served = sum(verdict(one)[0] for one, _, _ in found)
        judged = [one.ratio for one, _, _ in found if one.enough]
        ratio, low, high = np.mean(judged, axis=0) if judged else (0.0, 0.0, 0.0)
        told = f"{ratio:.3f} ({low:.3f} to {high:.3f})" if judged else "too few clicks to judge"
        gains = [gain for _, gain, _ in found]
        true = f"{np.mean(gains):.3f} ({min(gains):.3f} to {max(gains):.3f})"
        seconds = np.mean([cost for _, _, cost in found])
        print(f"| {count:,} | {clicks:.0f} | {served} of {SEEDS} | {told} | {true} | {seconds:.2f} |", flush=True)
    model, names = found[-1][0].model, [f"i{n}" for n in range(20)]
    began = time.process_time()
    for number in range(3000):
        model.order(names, "session", "", rng_of(number, "home"), HEAD)
    print(f"\none order of a list of {HEAD}: {(time.process_time() - began) / 3000 * 1e3:.3f} ms CPU")


if __name__ == "__main__":
    main()
