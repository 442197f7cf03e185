"""The same questions through the public `Engine`: `recommend_engine.py FOLDER [--splits 0.1,0.2,0.3] [--queries 1000]`.

FOLDER holds retail/ as written by the harness's prepare_rec.py. Events are imported, `train` runs with its gate and its
own cleaning, and `engine.recommend` answers. Each row is the mean NDCG@10 over the splits against the baseline's.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from recommend import ROWS, compare

from opsplug import Engine
from opsplug.services.transfer import import_events

WANTED = ("discovery", "repeats", "one event")
LISTS = 300  # whose pairwise overlap is measured


class Recommender:
    """One shop in a folder of its own; what the engine does to events (cleaning, ladder) is part of the figure."""

    def __init__(self, repeats: bool = False) -> None:
        self.repeats = repeats
        self.folder = Path(tempfile.mkdtemp(prefix="opsplug-benchmark-"))
        self.engine = Engine(
            store=f"sqlite:///{self.folder}/shop.db", models=str(self.folder / "models"), testing=True, holdout=0.0
        )
        self.report: dict[str, Any] = {}

    def fit(self, interactions: Any, items: Any) -> None:
        began = time.process_time()
        file = self.folder / "events.csv"
        columns = {"user": "user_id", "item": "item_id"}
        interactions[["user", "item", "timestamp"]].rename(columns=columns).to_csv(file, index=False)
        if items is not None:
            self.engine.catalog.upsert(
                {"item_id": row["item"], "item_name": row["title"], "item_category": row["category"]}
                for row in items.to_dict("records")
            )
        self.newest = float(interactions["timestamp"].max())
        imported = import_events(self.engine.store, file, self.engine.keys.pseudonym)
        read = time.process_time() - began
        began = time.process_time()
        (report,) = self.engine.train(["recommendations"], now=self.newest)
        self.report = {
            "stored": imported.stored, "learnt from": report.metrics.get("interactions"),
            "import CPU s": round(read, 1), "train CPU s": round(time.process_time() - began, 1), "gate": report.reason,
        }  # fmt: skip
        if not report.promoted:
            raise SystemExit(f"nothing to serve: {report.reason}")

    def recommend(
        self, history: Any, k: int, *, now: float = 0.0, exclude: Any = (), candidates: Any = None, **_: Any
    ) -> list[str]:
        found = self.engine.recommend(
            history=[(item, float(at)) for item, at in history], k=k, now=float(now or self.newest),
            exclude=list(exclude), candidates=None if candidates is None else list(candidates), repeats=self.repeats,
        )  # fmt: skip
        return [item.item_id for item in found.items]

    def close(self) -> None:
        self.engine.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def overlap(model: Recommender, queries: list[Any]) -> float:
    """Mean pairwise Jaccard of the first ten of different visitors with three events or more."""
    chosen = {who: (history, now) for who, history, _, now, _ in queries if len(history) >= 3}
    lists = [set(model.recommend(history, 10, now=now)) for history, now in list(chosen.values())[:LISTS]]
    return float(np.mean([len(a & b) / len(a | b) for a, b in combinations(lists, 2)]))


def main(folder: Path, splits: list[float], most: int) -> None:
    import baselines
    import evalrec

    log, items = evalrec.load(folder / "retail" / "interactions.csv", folder / "retail" / "items.csv")
    ours: dict[str, list[Any]] = {name: [] for name in WANTED}
    theirs: dict[str, list[Any]] = {name: [] for name in WANTED}
    reports: dict[str, list[Any]] = {name: [] for name in WANTED}
    for split in splits:
        model = Recommender()
        train, _, _ = evalrec.split_live(log, split, max_queries=most, seed=7)
        model.fit(train, items)
        print(f"split {split}: {model.report}", flush=True)
        catalogue = set(train["item"]) | set(items["item"])
        for name in WANTED:
            _, options, ((peer, settings), *_), _ = ROWS[name]
            model.repeats = "--repeats" in options
            _, queries, _ = evalrec.split_live(log, split, max_queries=most, seed=7, repeats=model.repeats)
            if "--cap-history" in options:
                queries = [(who, past[-1:], wanted, now, seen) for who, past, wanted, now, seen in queries if past]
            known = np.array([len(past) > 0 for _, past, *_ in queries])
            report, gains = evalrec.evaluate(model, train, queries, catalogue, model.repeats)
            rival = getattr(baselines, peer)(**evalrec.json.loads(settings))
            rival.fit(train, items)
            ours[name].append(gains[known])
            theirs[name].append(evalrec.evaluate(rival, train, queries, catalogue, model.repeats)[1][known])
            reports[name].append(report)
            if name == "discovery":
                print(f"split {split}: mean pairwise Jaccard {overlap(model, queries):.3f}", flush=True)
        model.close()
    print("\n| row | NDCG@10 | HR@10 | coverage@10 | percentile | p50 / p99 CPU ms | against | ratio (95 %) |")
    print("|---|---|---|---|---|---|---|---|")
    for name in WANTED:
        mean = {key: np.mean([report[key] for report in reports[name]]) for key in reports[name][0] if key != "slices"}
        ratio, low, high = compare(ours[name], theirs[name])
        figures = " | ".join(f"{mean[key]:.4f}" for key in ("ndcg10", "hr10", "coverage10", "pop_pct"))
        cost = f"{mean['p50_cpu_ms']:.2f} / {mean['p99_cpu_ms']:.2f}"
        print(f"| {name} | {figures} | {cost} | {ROWS[name][2][0][0]} | {ratio:.3f} ({low:.3f} to {high:.3f}) |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", default="0.1,0.2,0.3")
    parser.add_argument("--queries", type=int, default=1000)
    given = parser.parse_args()
    main(given.folder.resolve(), [float(split) for split in given.splits.split(",")], given.queries)
