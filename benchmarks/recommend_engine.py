"""The same questions through the public `Engine`: `recommend_engine.py FOLDER [ROW ...] [--splits 0.1,0.2,0.3]`.

FOLDER holds retail/ and movielens/ as written by the harness's prepare_rec.py. Events are imported, `train` runs with
its gate and its own cleaning (with `--deep` the next-item network, too), and `engine.recommend` answers. Each row is
the mean NDCG@10 over the splits against the baseline's; of new items it is the HR@10, without an interval.
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

import baselines
import evalrec
from recommend import ROWS, compare

from opsplug import Engine
from opsplug.services.transfer.importer import import_events

KINDS = ("discovery", "repeats", "one event", "movielens")
COLD = "new items"
LISTS = 300  # whose pairwise overlap is measured


class Recommender:
    """One shop in a folder of its own; what the engine does to events (cleaning, ladder) is part of the figure."""

    def __init__(self, repeats: bool = False, deep: bool = False) -> None:
        self.repeats = repeats
        self.deep = deep
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
        report, *networks = self.engine.train(["recommendations", "deep"][: 1 + self.deep], now=self.newest)
        self.report = {
            "stored": imported.stored, "learnt from": report.metrics.get("interactions"),
            "import CPU s": round(read, 1), "train CPU s": round(time.process_time() - began, 1), "gate": report.reason,
            "deep": [network.reason for network in networks],
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


def main(folder: Path, splits: list[float], chosen: list[str], most: int, deep: bool) -> None:
    table = Table()
    for data in ("retail", "movielens"):
        names = [name for name in KINDS if name in chosen and ROWS[name][0] == data]
        if not names and (data != "retail" or COLD not in chosen):
            continue
        log, items = evalrec.load(folder / data / "interactions.csv", folder / data / "items.csv")
        for split in splits:
            if names:
                model = Recommender(deep=deep)
                model.fit(evalrec.split_live(log, split, max_queries=1, seed=7)[0], items)
                print(f"{data}, split {split}: {model.report}", flush=True)
                for name in names:
                    table.ask(name, model, log, items, split, most)
                model.close()
            if data == "retail" and COLD in chosen:
                print(f"split {split}: {new_items(log, items, split, most)}", flush=True)
    table.say()


class Table:
    """Reports and gains of each row, split by split."""

    def __init__(self) -> None:
        self.ours: dict[str, list[Any]] = {}
        self.theirs: dict[str, list[Any]] = {}
        self.reports: dict[str, list[Any]] = {}

    def ask(self, name: str, model: Recommender, log: Any, items: Any, split: float, most: int) -> None:
        _, options, ((peer, settings), *_), _ = ROWS[name]
        model.repeats = "--repeats" in options
        train, queries, _ = evalrec.split_live(log, split, max_queries=most, seed=7, repeats=model.repeats)
        if "--cap-history" in options:
            queries = [(who, past[-1:], wanted, now, seen) for who, past, wanted, now, seen in queries if past]
        known = np.array([len(past) > 0 for _, past, *_ in queries])
        catalogue = set(train["item"]) | set(items["item"])
        report, gains = evalrec.evaluate(model, train, queries, catalogue, model.repeats)
        rival = getattr(baselines, peer)(**evalrec.json.loads(settings))
        rival.fit(train, items)
        self.ours.setdefault(name, []).append(gains[known])
        others = evalrec.evaluate(rival, train, queries, catalogue, model.repeats)[1]
        self.theirs.setdefault(name, []).append(others[known])
        self.reports.setdefault(name, []).append(report)
        if name == "discovery":
            print(f"split {split}: mean pairwise Jaccard {overlap(model, queries):.3f}", flush=True)

    def say(self) -> None:
        print("\n| row | NDCG@10 | HR@10 | coverage@10 | percentile | p50 / p99 CPU ms | against | ratio (95 %) |")
        print("|---|---|---|---|---|---|---|---|")
        for name, reports in self.reports.items():
            mean = {key: np.mean([report[key] for report in reports]) for key in reports[0] if key != "slices"}
            ratio, low, high = compare(self.ours[name], self.theirs[name])
            figures = " | ".join(f"{mean[key]:.4f}" for key in ("ndcg10", "hr10", "coverage10", "pop_pct"))
            cost = f"{mean['p50_cpu_ms']:.2f} / {mean['p99_cpu_ms']:.2f}"
            print(f"| {name} | {figures} | {cost} | {ROWS[name][2][0][0]} | {ratio:.3f} ({low:.3f} to {high:.3f}) |")


def new_items(log: Any, items: Any, split: float, most: int) -> str:
    """The harness's simulated launch, through the engine and by content alone."""
    told = []
    ours = Recommender()
    for name, model in (("engine", ours), ("Content", baselines.Content())):
        report, _ = evalrec.run(lambda: model, log, items, cold_items=0.1, test_frac=split, max_queries=most, seed=7)  # noqa: B023
        among, full = report["among_new"]["hr10"], report["full_catalogue"]["hr10"]
        told.append(f"{name}: new items HR@10 among the new {among:.3f}, in the full catalogue {full:.3f}")
    ours.close()
    return "; ".join(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", nargs="*", default=[*KINDS, COLD])
    parser.add_argument("--splits", default="0.1,0.2,0.3")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--deep", action="store_true")
    given = parser.parse_args()
    cuts = [float(split) for split in given.splits.split(",")]
    main(given.folder.resolve(), cuts, given.rows, given.queries, given.deep)
