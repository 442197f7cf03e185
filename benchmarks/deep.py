"""What the deep part does alone and in the mix: `deep.py FOLDER [DATA ...] [--splits 0.1,0.2,0.3]`.

FOLDER holds retail/ and movielens/ as written by the harness's prepare_rec.py. The questions are the harness's own (the
whole catalogue, 1,000 questions, seed 7, those with a history). The network is made by the job's own code, rolling
cut-offs, weights and all, on what was known at the split; the mix is asked with and without it, joined or not.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))

import evalrec
import numpy as np

from opsplug.features.interactions import from_columns
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evaluation import ndcg, ratio_interval
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.next_item.network import CHANNEL
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.topk import top_k
from opsplug.training.deep import learnt, reason_of

PEERS = {  # the best single baseline of each set (benchmarks/results/recommend.md)
    "retail": ("EASE", {"lam": 1000, "half": 0.25}),
    "movielens": ("VSKNN", {"decay": 0.7}),
}


def shop(items: Any) -> Catalogue:
    return catalogue(
        {"item_id": row["item"], "item_name": row["title"], "item_category": row["category"]}
        for row in items.to_dict("records")
    )


def asked(ranker: Ranker, questions: list[Any]) -> tuple[np.ndarray, float]:
    """NDCG of the mix for each question, and the share of the catalogue that it showed."""
    gains, shown = [], set()
    for _, history, targets, now, seen in questions:
        found = ranker.rank(
            [(ranker.places.get(item, -1), at, 0) for item, at in history], now=now, k=10,
            exclude=[ranker.places[item] for item in seen if item in ranker.places],
        )  # fmt: skip
        gains.append(ndcg(found.codes, ranker.codes(targets)))
        shown |= set(found.codes.tolist())
    return np.array(gains), len(shown) / len(ranker.item_ids)


def alone(ranker: Ranker, questions: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """NDCG and CPU milliseconds of the network alone for each question."""
    gains, times = [], []
    for _, history, targets, now, seen in questions:
        known = [(ranker.places.get(item, -1), at, 0) for item, at in history]
        query = Query.of(known, size=len(ranker.item_ids), now=now)
        began = time.process_time()
        (scores,) = ranker.scorers["deep"].score(query, CandidateSet(len(ranker.item_ids)), [CHANNEL])
        times.append((time.process_time() - began) * 1000)
        scores[[ranker.places[item] for item in seen if item in ranker.places]] = -1
        gains.append(ndcg(top_k(scores, 10), ranker.codes(targets)))
    return np.array(gains), np.array(times)


def peer(data: str, train: Any, items: Any, questions: list[Any]) -> float:
    import baselines

    name, settings = PEERS[data]
    model = getattr(baselines, name)(**settings)
    model.fit(train, items)
    gains = []
    for user, history, targets, now, seen in questions:
        shown = [item for item in model.recommend(history, 20, now=now, user=user, exclude=seen) if item not in seen]
        hits = np.isin(shown[:10], targets)
        gains.append((hits @ evalrec.DISC[: len(hits)]) / evalrec.DISC[: min(len(targets), 10)].sum())
    return float(np.mean(gains))


def row(folder: Path, data: str, split: float) -> str:
    log, items = evalrec.load(folder / data / "interactions.csv", folder / data / "items.csv")
    train, questions, _ = evalrec.split_live(log, split, max_queries=1000, seed=7)
    questions = [question for question in questions if question[1]]
    events = from_columns(*(train[name].to_numpy() for name in ("user", "item")), train.timestamp.to_numpy(float))
    mix = Mix.fit(events, shop(items))
    without, narrow = asked(mix.ranker(), questions)
    print(f"{data} {split}: the mix {without.mean():.4f}, {mix.metrics['cpu_s']:.0f} CPU s", flush=True)
    began = time.process_time()
    deep = learnt(mix.evidence, say=lambda text: print(text, round(time.process_time() - began), flush=True))
    cost = time.process_time() - began
    print(reason_of(deep), deep.weights.round(1).tolist(), deep.cuts, flush=True)
    replace(deep, joins=True).join(mix)
    ranker = mix.ranker()
    own, times = alone(ranker, questions)
    joined, wide = asked(ranker, questions)
    visitors = np.unique([question[0] for question in questions], return_inverse=True)[1]
    ratio, low, high = ratio_interval(joined, without, visitors)
    best_peer = peer(data, train, items, questions)
    return (
        f"| {data} {split} | {best_peer:.4f} ({PEERS[data][0]}) | {own.mean():.4f} | {own.mean() / best_peer:.3f} "
        f"| {without.mean():.4f} | {joined.mean():.4f} | {ratio:.3f} ({low:.3f} to {high:.3f}) "
        f"| {narrow:.3f} / {wide:.3f} "
        f"| {'yes' if deep.joins else 'no'} | {cost:.0f} | {np.median(times):.2f} / {np.quantile(times, 0.99):.2f} |"
    )


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("folder", type=Path)
    reader.add_argument("data", nargs="*", default=list(PEERS))
    reader.add_argument("--splits", default="0.1,0.2,0.3")
    given = reader.parse_args()
    head = (
        "| data | best single | alone | ratio | mix without | mix with | ratio (95 %) | coverage without / with "
        "| joins | CPU s | ms p50 / p99 |"
    )
    rows = [row(given.folder, data, float(split)) for data in given.data for split in given.splits.split(",")]
    print(head, "|---|---|---|---|---|---|---|---|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
