"""Logs of other shapes, made of the two at hand: `recommend_shapes.py FOLDER [SHAPE ...]`.

FOLDER holds retail/ and movielens/ as written by the harness's prepare_rec.py. Small shops (a share of the visitors), a
clock that knows only the day, one line of each basket, visitors without an identity beyond the day, no catalogue: the
mean NDCG@10 over cut-offs and samples against that of the best of all baselines in the same run, which is the floor.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import baselines
import evalrec
from recommend_adapter import Recommender

CUTS = (0.1, 0.25)
ASKED = 600
RIVALS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("PopRecent", {"frac": 0.01}), ("Pop", {}), ("EASE", {"lam": 500}), ("EASE", {"lam": 1000, "half": 0.25}),
    ("EASE", {"lam": 300, "decay": 0.9}), ("VSKNN", {"decay": 0.7}), ("VSKNN", {"decay": 0.85, "gap_h": 24}),
    ("ImplicitKNN", {}), ("CoVis", {"decay": 0.9, "D": 20, "alpha": 0.25}),
)  # fmt: skip
REPEATING: tuple[tuple[str, dict[str, Any]], ...] = (*RIVALS[:5], ("OwnFreq", {}))
SHAPES = {
    "retail, 10 % of visitors": ("retail", "people", 0.1), "retail, 3 % of visitors": ("retail", "people", 0.03),
    "retail, only days known": ("retail", "days", 0), "retail, one line a basket": ("retail", "basket", 0),
    "retail, no catalogue": ("retail", "bare", 0), "MovieLens, 15 % of visitors": ("movielens", "people", 0.15),
    "MovieLens, only days known": ("movielens", "days", 0), "MovieLens, no catalogue": ("movielens", "bare", 0),
    "MovieLens, visitors of one day": ("movielens", "sessions", 0),
}  # fmt: skip


def shaped(log: Any, items: Any, how: str, share: float) -> Iterator[tuple[Any, Any]]:
    """The log and catalogue in another shape; of small shops several samples."""
    if how == "people":
        users = log["user"].unique()
        for seed in range(5 if share < 0.05 else 3):
            kept = np.random.default_rng(seed).permutation(users)[: int(len(users) * share)]
            yield log[log["user"].isin(set(kept))].reset_index(drop=True), items
        return
    if how == "days":
        log = log.assign(timestamp=log["timestamp"] // 86400 * 86400).drop_duplicates(["user", "item", "timestamp"])
        log = log.sort_values(["timestamp", "user"], kind="stable")
    elif how == "basket":
        log = log.drop_duplicates(["user", "timestamp"])
    elif how == "sessions":
        log = log.assign(user=log["user"] + "-" + (log["timestamp"] // 86400).astype(str))
    yield log.reset_index(drop=True), None if how == "bare" else items


def asked(log: Any, items: Any, repeats: bool) -> Iterator[tuple[str, float, float]]:
    """(who, NDCG@10, coverage@10) at each cut-off, ours first."""
    for cut in CUTS:
        train, questions, _ = evalrec.split_live(log, cut, max_queries=ASKED, seed=7, repeats=repeats)
        catalogue = set(train["item"]) | (set() if items is None else set(items["item"]))
        rivals = [(f"{who} {settings}", getattr(baselines, who)(**settings)) for who, settings in
                  (REPEATING if repeats else RIVALS)]  # fmt: skip
        for name, model in [("opsplug", Recommender(repeats)), *rivals]:
            model.fit(train, items)
            report, _ = evalrec.evaluate(model, train, questions, catalogue, repeats)
            yield name, report["ndcg10"], report["coverage10"]


def main(folder: Path, chosen: list[str]) -> None:
    print("| shape | mode | events | opsplug | best baseline | ratio | coverage@10 |\n|---|---|---|---|---|---|---|")
    for shape, (data, how, share) in SHAPES.items():
        if chosen and shape not in chosen:
            continue
        log, items = evalrec.load(folder / data / "interactions.csv", folder / data / "items.csv")
        for repeats in (False, True) if data == "retail" else (False,):
            gains: dict[str, list[float]] = {}
            spread, sizes = [], []
            for part, catalogue in shaped(log, items, how, share):
                sizes.append(len(part))
                for name, gain, coverage in asked(part, catalogue, repeats):
                    gains.setdefault(name, []).append(gain)
                    spread += [coverage] if name == "opsplug" else []
            ours = float(np.mean(gains.pop("opsplug")))
            best = max(gains, key=lambda name: float(np.mean(gains[name])))
            rival = float(np.mean(gains[best]))
            print(
                f"| {shape} | {'repeats' if repeats else 'discovery'} | {np.mean(sizes):,.0f} | {ours:.4f} "
                f"| {best} {rival:.4f} | {ours / rival:.3f} | {np.mean(spread):.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
