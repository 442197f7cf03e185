"""What each channel is worth: NDCG@10 without it against with it, `ablation.py FOLDER OUT.json [SET ...]`.

FOLDER holds retail/ and movielens/ as written by the harness's prepare_rec.py. A mix is fitted at each cut-off; its
scores at later moments and its samples at earlier ones are computed once. Then, for each channel, weights are learnt
again without it, and the same questions are ranked with these. Item bias and popularity shrinkage are judged beside
that, on the whole mix: both choose by the log whether and how much, and a channel more or less can tip them. Cold items
keep the strength that the whole mix learnt. A positive number is what would be lost, in percent of NDCG@10, with its
95 % interval (paired, over visitors of all cut-offs). OUT.json keeps what was measured; the table is made of all of it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared" / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import evalrec
from recommend_shapes import SHAPES, shaped

from opsplug.features.interactions import from_columns
from opsplug.features.items import catalogue
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.channels import score_channels
from opsplug.models.recommend.cold_item_share import ColdItemShare
from opsplug.models.recommend.evaluation import Question, ndcg, questions, ratio_interval
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.item_bias import BiasEstimate
from opsplug.models.recommend.mix import Texts, fit_scorers, gather
from opsplug.models.recommend.popularity_shrinkage import shrink_popularity
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.scorers.cold_items import ColdItems
from opsplug.models.recommend.topk import top_k
from opsplug.models.recommend.weights import BUCKETS, context_bucket, learn, start_weights

CUTS, ASKED, SAMPLES, K = (0.2, 0.1), 900, 2, 10
SETS = {"retail": ("retail", "whole", 0.0), "MovieLens": ("movielens", "whole", 0.0), **SHAPES}
MODES = ("discovery", "repeats", "one event")
NAMES = [channel.name for channel in VISITOR_CHANNELS]
OWN = [number for number, channel in enumerate(VISITOR_CHANNELS) if channel.scorer == "buy_again"]
Mixes = dict[str, tuple[Any, Any]]  # name -> weights, item bias


def mixes(gathered: Mapping[bool, Any], size: int) -> Mixes:
    """All channels, then without each of them; and all with the item bias, the shrinkage and both as they choose."""
    none = np.zeros((2, size), np.float32)
    start = start_weights().table
    whole = {repeats: learn(data, start[BUCKETS * repeats :][:BUCKETS]) for repeats, data in gathered.items()}
    bias = {repeats: BiasEstimate.of(data, whole[repeats], size, repeats) for repeats, data in gathered.items()}
    nothing = replace(bias[False], held_out_offsets=none[0])
    offsets = np.stack([bias[False].offsets, bias[True].offsets])
    table = np.concatenate([*whole.values()])
    found: Mixes = {"all channels": (table, none), "+ item bias": (table, offsets)}
    found["+ shrinkage"] = np.concatenate([shrink_popularity(nothing, whole[False]), whole[True]]), none
    found["+ both"] = np.concatenate([shrink_popularity(bias[False], whole[False]), whole[True]]), offsets
    for column, channel in enumerate(VISITOR_CHANNELS):
        tables = []
        for repeats, data in gathered.items():
            rows = whole[repeats]
            if rows[:, column].any():
                features = data.features.copy()
                features[:, column] = 0
                rows = learn(replace(data, features=features), start[BUCKETS * repeats :][:BUCKETS], begin=rows)
                rows[:, column] = 0
            tables.append(rows)
        found[channel.name] = np.concatenate(tables), none
    return found


def recoded(question: Question, table: Any, newest: int) -> tuple[Query, Any]:
    """The question in the evidence's vocabulary with so many newest events (0: all), and what was seen."""
    query = question.query
    items = table[query.items]
    known = items >= 0
    whole = Query(items[known], query.times[known], query.kinds[known], query.now)
    seen = table[question.seen]
    return whole.truncated(newest) if newest else whole, seen[seen >= 0]


def gains(
    evidence: Evidence, scorers: Any, cold: ColdItems, found: Mixes, asked: Sequence[Question], table: Any, mode: str
) -> tuple[Any, Any, Any]:
    """NDCG@10 of each question and mix, their visitors, and the coverage of each mix."""
    repeats, everything = mode == "repeats", CandidateSet(evidence.size)
    rows, visitors, shown = [], [], [set[int]() for _ in range(len(found) + 1)]
    for question in asked:
        query, seen = recoded(question, table, mode == "one event")
        targets = table[question.again if repeats else question.targets]
        if not len(query.items) or not len(targets):
            continue
        masked = seen[:0] if repeats else seen
        said = score_channels(scorers, query, everything, VISITOR_CHANNELS, masked, transformed=not repeats)
        bucket, row = context_bucket(len(query.items), repeats), []
        for number, (weights, offsets) in enumerate([*found.values(), found["all channels"]]):
            total = weights[bucket] @ said
            if number < len(found):  # the last one: without cold items
                own = weights[bucket][OWN] @ said[OWN]
                total = cold.raised(total - own, everything) + own
            total = total + offsets[int(repeats)] + 1e-6 * scorers["popular"].shares
            total[masked] = -np.inf
            best = top_k(total, K)
            row.append(ndcg(best, targets))
            shown[number].update(best.tolist())
        rows.append(row)
        visitors.append(question.visitor)
    return np.array(rows), np.array(visitors), np.array([len(items) / evidence.size for items in shown])


def measured(log: Any, items: Any, share: float) -> dict[str, tuple[Any, Any, Any]]:
    """`gains` of each mode at one cut-off."""
    records = [] if items is None else items.to_dict("records")
    shop = catalogue({"item_id": r["item"], "item_name": r["title"], "item_category": r["category"]} for r in records)
    whole = from_columns(log["user"].to_numpy(), log["item"].to_numpy(), log["timestamp"].to_numpy(float))
    cut = float(np.quantile(whole.times, 1 - share))
    evidence = Evidence.of(whole.before(cut), shop, cut)
    texts = Texts.of(evidence.items)
    cold_share = ColdItemShare(np.bincount(evidence.log.items, minlength=evidence.size))
    gathered = gather(evidence, 0, texts, cold_share)
    if gathered is None:
        return {}
    found = mixes(gathered, evidence.size)
    del gathered
    cold = replace(ColdItems.of(evidence, texts.features), strength=cold_share.strength())
    code = {item: number for number, item in enumerate(evidence.log.item_ids)}
    table = np.array([code.get(item, -1) for item in whole.item_ids], np.int64)
    asked, scorers = questions(whole, cut, most=ASKED, seed=7), fit_scorers(evidence, 0, texts)
    return {mode: gains(evidence, scorers, cold, found, asked, table, mode) for mode in MODES}


def run(folder: Path, name: str) -> dict[str, Any]:
    """The cells of one set: (mix, mode) -> worth with interval, and coverage."""
    data, how, share = SETS[name]
    log, items = evalrec.load(folder / data / "interactions.csv", folder / data / "items.csv")
    parts = [(log, items)] if how == "whole" else list(shaped(log, items, how, share))[:SAMPLES]
    cuts = CUTS if how == "whole" else CUTS[:1]
    runs = [one for part, shop in parts for cut in cuts if (one := measured(part, shop, cut))]
    cells: dict[str, Any] = {}
    for mode in MODES if data == "retail" else ("discovery", "one event"):
        if not runs:
            break
        rows = np.concatenate([one[mode][0] for one in runs])
        visitors = np.concatenate([one[mode][1] + 10**6 * (n // len(cuts)) for n, one in enumerate(runs)])
        coverage = np.mean([one[mode][2] for one in runs], axis=0)
        for number, mix in enumerate(["all channels", "+ item bias", "+ shrinkage", "+ both", *NAMES, "cold items"]):
            ratio, low, high = ratio_interval(rows[:, number], rows[:, 0], visitors)
            worth = [100 * (1 - ratio), 100 * (1 - high), 100 * (1 - low)]
            cells[f"{mix}/{mode}"] = {
                "ndcg": float(rows[:, number].mean()),
                "worth": worth,
                "coverage": coverage[number],
            }
    return cells


def tables(results: Mapping[str, Any]) -> None:
    columns = [(name, mode) for name in results for mode in MODES if f"all channels/{mode}" in results[name]]
    print("| mix |", " | ".join(f"{name}, {mode}" for name, mode in columns), "|\n|---|", "---|" * len(columns), sep="")
    for mix in ["all channels", "+ item bias", "+ shrinkage", "+ both", *NAMES, "cold items"]:
        cells = [results[name][f"{mix}/{mode}"] for name, mode in columns]
        first = mix == "all channels"
        told = [
            f"{cell['ndcg']:.4f}, coverage {cell['coverage']:.3f}" if first
            else "{:+.1f} ({:+.1f} to {:+.1f})".format(*cell["worth"])
            + (f", coverage {cell['coverage']:.3f}" if mix.startswith("+") else "")
            for cell in cells
        ]  # fmt: skip
        print(f"| {mix} |", " | ".join(told), "|")


def main(folder: Path, out: Path, chosen: Sequence[str]) -> None:
    results = json.loads(out.read_text()) if out.exists() else {}
    for name in chosen or SETS:
        began = time.process_time()
        results[name] = run(folder, name)
        out.write_text(json.dumps(results))
        print(f"{name}: {time.process_time() - began:.0f} CPU s", file=sys.stderr, flush=True)
    tables(results)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:])
