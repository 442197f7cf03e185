"""The lists of 1,000 visitors, to compare two states of the code: `lists.py FOLDER OUT [--against OTHER] ...`.

FOLDER holds retail/ as written by the harness's prepare_rec.py. The mix is fitted on the oldest 80 % of the log with
a fixed seed; visitors drawn from the rest ask for a home page (new things; repeats; with one event known), beside the
item that they looked at last, and in a cart. OUT gets one JSON line per list: items, scores, reasons, anchors, rung.
`--save` keeps the fitted mix as FILE.npz, `--model` asks such a mix (of another version, say) instead of fitting one.
A change of structure must leave every line as it was; `--against` says how many differ, and exits with 1 if any does.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opsplug.features.interactions import CART, PURCHASE, VIEW, Interactions, from_columns
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker

VISITORS, SEED, SHARE, K = 1000, 7, 0.8, 10


def read(folder: Path) -> tuple[Interactions, Catalogue]:
    with (folder / "interactions.csv").open(newline="") as file:
        rows = [(row["user"], row["item"], float(row["timestamp"])) for row in csv.DictReader(file)]
    with (folder / "items.csv").open(newline="") as file:
        records = [
            {"item_id": row["item"], "item_name": row["title"], "item_category": row["category"]}
            for row in csv.DictReader(file)
        ]
    users, items, times = (np.array(column) for column in zip(*rows, strict=True))
    return from_columns(users, items, times), catalogue(records)


def asked(
    ranker: Any, log: Interactions, cut: float
) -> Iterator[tuple[str, list[tuple[int, float, int]], dict[str, Any]]]:
    """(name of the list, history, question) of every list; kinds of events are drawn, so that carts hold something."""
    rng = np.random.default_rng(SEED)
    events = defaultdict(list)
    codes = ranker.codes(log.item_ids)
    drawn = rng.choice([VIEW, VIEW, VIEW, CART, PURCHASE], len(log))
    for user, item, time, kind in zip(
        log.users.tolist(), log.items.tolist(), log.times.tolist(), drawn.tolist(), strict=True
    ):
        events[user].append((int(codes[item]), time, kind))
    late = np.unique(log.users[log.times >= cut])
    for user in rng.permutation(late)[:VISITORS].tolist():
        whole = events[user]
        at = int(rng.integers(0, len(whole)))
        past, now = [event for event in whole[:at] if event[0] >= 0], whole[at][1]
        yield f"{user} home", past, {"now": now}
        yield f"{user} repeats", past, {"now": now, "repeats": True}
        yield f"{user} one event", past[-1:], {"now": now}
        yield f"{user} cart", past, {"now": now, "placement": "cart"}
        if past:
            yield f"{user} item", past[:-1], {"now": now, "placement": "item", "item": past[-1][0]}


def record(folder: Path, out: Path, model: Path | None, save: Path | None) -> None:
    log, items = read(folder / "retail")
    cut = float(np.quantile(log.times, SHARE))
    arrays = Mix.fit(log.before(cut), items, now=cut, seed=SEED).export() if model is None else dict(np.load(model))
    if save is not None:
        np.savez(save, **arrays)
    ranker = Ranker.load(arrays)
    with out.open("w") as file:
        for name, history, question in asked(ranker, log, cut):
            found = ranker.rank(history, k=K, **question)
            anchors = [ranker.item_ids[code] if code >= 0 else "" for code in found.anchors]
            line = {
                "list": name, "items": [ranker.item_ids[code] for code in found.codes],
                "scores": [float(f"{score:.4g}") for score in found.scores.tolist()], "reasons": found.reasons,
                "anchors": anchors, "rung": found.rung,
            }  # fmt: skip
            file.write(json.dumps(line) + "\n")


def compare(one: Path, two: Path) -> int:
    """Print how many lists differ, and in what. -> their number."""
    pairs = list(
        zip(*([json.loads(line) for line in path.read_text().splitlines()] for path in (one, two)), strict=True)
    )
    differing = {key: sum(a[key] != b[key] for a, b in pairs) for key in pairs[0][0] if key != "scores"}
    apart = max(
        abs(np.subtract(a["scores"], b["scores"])).max() for a, b in pairs if a["items"] == b["items"] and a["items"]
    )
    print(
        f"{len(pairs)} lists of {VISITORS} visitors; differing: {differing}; largest difference of a score {apart:.4f}"
    )
    return sum(any(a[key] != b[key] for key in differing) for a, b in pairs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    for option in ("--against", "--model", "--save"):
        parser.add_argument(option, type=Path)
    given = parser.parse_args()
    record(given.folder, given.out, given.model, given.save)
    if given.against is not None:
        sys.exit(1 if compare(given.out, given.against) else 0)
