"""Neighbour indexes against exact search: `index.py [--sizes 50000 200000] [--width 64]`. Its data are made here.

Vectors are like item factors: groups of taste with items around them, lengths as popularity spreads them. Queries are
items (what stands beside this one?) and visitors (the mean of four items of two tastes), whom an index finds harder:
they lie between the groups. Times are CPU seconds of one thread, medians over the visitors; memory is what one process
holds more once the index answers, and the bytes of the artefact.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from opsplug.models.matrix_product import product
from opsplug.models.recommend import index as indexes
from opsplug.models.recommend.topk import top_k

QUERIES, AT = 200, 20


def shop(size: int, width: int, seed: int = 0) -> tuple[indexes.Vectors, indexes.Vectors]:
    """(items, visitors)."""
    rng = np.random.default_rng(seed)
    tastes = rng.standard_normal((300, width))
    taste = rng.integers(0, len(tastes), size)
    items = tastes[taste] + 0.5 * rng.standard_normal((size, width))
    items *= rng.lognormal(0, 0.5, (size, 1)) / np.linalg.norm(items, axis=1, keepdims=True)
    visitors = []
    for _ in range(QUERIES):
        liked = np.flatnonzero(np.isin(taste, rng.choice(len(tastes), 2, replace=False)))
        visitors.append(items[rng.choice(liked, 4)].mean(axis=0))
    return items.astype(np.float32), np.stack(visitors).astype(np.float32)


def resident_mb() -> float:
    """Memory of this process that is its own."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:  # noqa: PTH123
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def measured(kind: str, size: int, width: int) -> dict[str, Any]:
    """One kind in this process."""
    items, visitors = shop(size, width)
    pages = items[np.random.default_rng(1).permutation(size)[:QUERIES]]
    truth = [[top_k(product(items, query), AT) for query in queries] for queries in (pages, visitors)]
    began = time.process_time()
    built = indexes.KINDS[kind].build(items, seed=0)
    build_s = time.process_time() - began
    exported = indexes.export(built)
    del built
    before = resident_mb()
    index = indexes.load(exported, items)
    spent = []
    for visitor in visitors:
        began = time.thread_time()
        index.nearest(visitor, AT)
        spent.append(time.thread_time() - began)
    return {
        "kind": kind, "size": size, "build_s": build_s, "recall": indexes.recall(index, visitors, truth[1]),
        "beside": indexes.recall(index, pages, truth[0]),
        "ms": 1000 * float(np.median(spent)), "ms_99": 1000 * float(np.quantile(spent, 0.99)),
        "mb": resident_mb() - before, "file_mb": sum(array.nbytes for array in exported.values()) / 1e6,
    }  # fmt: skip


def main(sizes: list[int], width: int) -> None:
    print(
        "| items | index | recall@20, items | visitors | ms, median | p99 | build, CPU s | memory, MB | artefact, MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for size in sizes:
        for kind in indexes.KINDS:
            command = [sys.executable, __file__, "--one", kind, "--sizes", str(size), "--width", str(width)]
            row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            cells = (
                "{size:,} | {kind} | {beside:.3f} | {recall:.3f} | {ms:.2f} | {ms_99:.2f} | {build_s:.1f} | {mb:.0f}"
            )
            print(f"| {cells.format(**row)} | {row['file_mb']:.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 200_000])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--one", choices=list(indexes.KINDS), help="measure one kind, print JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.sizes[0], given.width)))
    else:
        main(given.sizes, given.width)
