"""The mix against each of its channels alone, on the same questions: `recommend_parts.py FOLDER [--queries 1000]`.

FOLDER holds retail/ and movielens/ as written by the harness's prepare_rec.py. One fit a cut-off; a channel alone is
the ranker with the weights of all others at zero and without the rule for new items, which can only cost it. The best
channel is the one with the highest mean over the cut-offs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import evalrec
from recommend import SPLITS, compare
from recommend_adapter import Recommender

SETS = (("retail", False, 0), ("retail", True, 0), ("retail", False, 1), ("movielens", False, 0))
WHOLE = "the mix"


def gains(folder: Path, data: str, repeats: bool, known: int, most: int) -> dict[str, list[Any]]:
    """NDCG@10 of each question with a history, by channel and by cut-off; `known`: so many newest events (0: all)."""
    log, items = evalrec.load(folder / data / "interactions.csv", folder / data / "items.csv")
    found: dict[str, list[Any]] = {}
    for cut in SPLITS:
        train, asked, _ = evalrec.split_live(log, float(cut), max_queries=most, seed=7, repeats=repeats)
        asked = [(who, past[-known:], *rest) for who, past, *rest in asked if past]
        model = Recommender(repeats)
        model.fit(train, items)
        whole, everything = model.ranker, set(train["item"]) | set(items["item"])
        names = [column.name for column in whole.columns if not column.beside]
        for number, name in enumerate((*names, WHOLE)):
            if name != WHOLE:
                alone = np.zeros_like(whole.weights)
                alone[:, number] = 1
                model.ranker = replace(whole, weights=alone, cold_items=None)
            else:
                model.ranker = whole
            found.setdefault(name, []).append(evalrec.evaluate(model, train, asked, everything, repeats)[1])
    return found


def main(folder: Path, most: int) -> None:
    print("| set | the mix | best channel | its NDCG@10 | ratio (95 %), goal >= 0.97 |\n|---|---|---|---|---|")
    for data, repeats, known in SETS:
        found = gains(folder, data, repeats, known, most)
        mine = found.pop(WHOLE)
        mean = {name: np.mean([split.mean() for split in splits]) for name, splits in found.items()}
        best = max(mean, key=lambda name: mean[name])
        ratio, low, high = compare(mine, found[best])
        name = f"{data}{', repeats' if repeats else ''}{', one event' if known == 1 else ''}"
        ours = np.mean([split.mean() for split in mine])
        print(
            f"| {name} | {ours:.4f} | {best} | {mean[best]:.4f} | {ratio:.3f} ({low:.3f} to {high:.3f}) |", flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=int, default=1000)
    given = parser.parse_args()
    main(given.folder.resolve(), given.queries)
