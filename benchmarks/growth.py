"""What ten times the events cost: `growth.py [EVENTS ...]` fits the whole mix on made-up shops, a process for each.

A shop of n events has n/100 items in tastes of a hundred, visitors of 25 events on average (some of a thousand),
sessions, orders and names. CPU seconds and peak memory are those of the fitting process; making the shop is left out
of the seconds, not of the memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIZES = (500_000, 5_000_000)
GOAL = "goal at 5,000,000: 120 CPU s, 1,500 MB, and no more than 12 times the seconds of 500,000"


def shop(events: int, *, items: int | None = None, seed: int = 7):  # type: ignore[no-untyped-def]
    """A log and a catalogue of that size; a visitor stays with few tastes, popular items are taken far more often."""
    import numpy as np

    from opsplug.features.interactions import PURCHASE, VIEW, Interactions
    from opsplug.features.items import Catalogue

    rng = np.random.default_rng(seed)
    items, people = items or events // 100, events // 25
    tastes = max(items // 100, 20)
    activity = rng.pareto(1.5, people) + 0.3
    users = np.sort(rng.choice(people, events, p=activity / activity.sum()).astype(np.int32))
    favourites = rng.integers(0, tastes, (people, 3), dtype=np.int32)
    taste = favourites[users, rng.choice(3, events, p=[0.6, 0.25, 0.15])]
    stray = rng.random(events) < 0.15
    taste[stray] = rng.integers(0, tastes, int(stray.sum()))
    per_taste = items // tastes
    rank = np.minimum((rng.pareto(0.9, events) * 3).astype(np.int64), per_taste - 1)
    codes = (taste.astype(np.int64) * per_taste + rank).astype(np.int32)
    gaps = np.where(rng.random(events) < 0.12, rng.exponential(8 * 86400.0, events), rng.exponential(90.0, events))
    begins = np.flatnonzero(np.diff(users, prepend=-1))
    total = np.cumsum(gaps)
    counts = np.diff(np.append(begins, events))
    first = rng.random(len(begins)) * 180 * 86400.0
    times = 1.7e9 + total - np.repeat(total[begins], counts) + np.repeat(first, counts)
    times = 1.7e9 + (times - 1.7e9) % (365 * 86400.0)
    order = np.argsort(times, kind="stable")
    bought = rng.random(events) < 0.1
    kinds = np.where(bought, PURCHASE, VIEW).astype(np.int8)
    weights = np.where(bought, 10, 1).astype(np.float32)
    ids = [f"sku{n:06d}" for n in range(items)]
    log = Interactions(
        users[order], codes[order], times[order], weights, kinds, [f"u{n}" for n in range(people)], ids,
        np.full(events, -1, np.int32),
    )  # fmt: skip
    kind = np.arange(items) // per_taste
    names = [f"{_word(kind[n])} {_word(1000 + n % 97)} {_word(2000 + n % 31)}" for n in range(items)]
    empty = [""] * items
    prices = np.round(rng.lognormal(2.5, 0.8, items), 2)
    catalogue = Catalogue(
        ids, names, [_word(k // 5) for k in kind], [_word(3000 + n % 50) for n in range(items)], empty, prices,
        np.full(items, np.nan),
    )  # fmt: skip
    return log, catalogue


def _word(number: int) -> str:
    """A made-up word for a number, always the same."""
    letters = "bdfgklmnprst"
    return "".join(letters[number // 12**place % 12] + "aeiou"[(number + place) % 5] for place in range(3))


def fit(events: int) -> None:
    """One shop, one fit: prints what it cost as JSON."""
    from opsplug.models.recommend.mix import Mix

    log, catalogue = shop(events)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    mix = Mix.fit(log, catalogue)
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    arrays = sum(array.nbytes for array in mix.export().values() if array.dtype.kind not in "UO") / 2**20
    print(json.dumps({
        "events": len(log), "items": len(log.item_ids), "cpu_s": round(spent, 1),
        "final_fit_s": round(mix.metrics["fit_cpu_s"], 1),
        "peak_mb": round(peak), "before_mb": round(before), "arrays_mb": round(arrays),
    }))  # fmt: skip


def main(sizes: list[int]) -> None:
    print("| events | items | CPU s | of it the final fit | peak MB | the shop itself MB | model on disk MB |")
    print("|---|---|---|---|---|---|---|")
    spent = []
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for size in sizes:
        done = subprocess.run(
            [sys.executable, __file__, "--fit", str(size)], env=environment, capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout.splitlines()[-1])
        spent.append(row["cpu_s"])
        print(
            f"| {row['events']:,} | {row['items']:,} | {row['cpu_s']} | {row['final_fit_s']} | {row['peak_mb']} "
            f"| {row['before_mb']} | {row['arrays_mb']} |", flush=True,
        )  # fmt: skip
    if len(spent) > 1:
        print(f"\nThe last took {spent[-1] / max(spent[-2], 1e-9):.1f} times the seconds of the one before; {GOAL}.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fit"]:
        fit(int(sys.argv[2]))
    else:
        main([int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES))
