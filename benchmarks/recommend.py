"""Recommendations against the reference baselines on the same questions: `recommend.py FOLDER [ROW ...]`.

FOLDER holds retail/ and, if it could be fetched, movielens/, as written by the harness's prepare_rec.py.
Each row is the mean NDCG@10 of three time splits over that of the baseline, with a paired 95 % interval over questions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT.parent / "shared" / "tools"
SPLITS = ("0.1", "0.2", "0.3")
ROWS: dict[str, tuple[str, list[str], list[tuple[str, str]], float]] = {
    "discovery": (
        "retail", [], [("EASE", '{"lam":1000,"half":0.25}'), ("EASE", '{"lam":500}')], 1.15,
    ),
    "repeats": ("retail", ["--repeats"], [("OwnFreq", "{}")], 1.14),
    "one event": ("retail", ["--cap-history", "1"], [("PopRecent", '{"frac":0.01}')], 1.05),
    "movielens": (
        "movielens", [], [("VSKNN", '{"decay":0.7}'), ("CoVis", '{"decay":0.9,"D":20,"alpha":0.25}')], 1.06,
    ),
}  # fmt: skip


def run(
    folder: Path, data: str, split: str, options: list[str], recommender: str, settings: str
) -> tuple[dict[str, float], np.ndarray]:
    """One run of the harness: its report and the NDCG of each question."""
    with tempfile.TemporaryDirectory() as place:
        dump = Path(place) / "ndcg.npy"
        command = [
            sys.executable, str(TOOLS / "evalrec.py"), "-i", str(folder / data / "interactions.csv"),
            "--items", str(folder / data / "items.csv"), "-r", recommender, "--kw", settings, "--test-frac", split,
            "--max-queries", "1000", "--seed", "7", "--dump", str(dump), *options,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1]), np.load(dump)


def known(folder: Path, data: str, split: str, options: list[str]) -> np.ndarray:
    """Which questions have a history: the harness's headline counts only those."""
    import evalrec

    log, _ = evalrec.load(folder / data / "interactions.csv")
    asked = evalrec.split_live(log, float(split), max_queries=1000, seed=7, repeats="--repeats" in options)[1]
    return np.array([len(history) > 0 for _, history, *_ in asked])


def compare(ours: list[np.ndarray], theirs: list[np.ndarray]) -> tuple[float, float, float]:
    """Ratio of the mean of the splits' means, with a bootstrap that draws the same questions for both."""
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(2000):
        rows = [rng.integers(0, len(split), len(split)) for split in ours]
        above = np.mean([split[row].mean() for split, row in zip(ours, rows, strict=True)])
        ratios.append(above / np.mean([split[row].mean() for split, row in zip(theirs, rows, strict=True)]))
    ratio = np.mean([split.mean() for split in ours]) / np.mean([split.mean() for split in theirs])
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(ratio), float(low), float(high)


def main(folder: Path, chosen: list[str]) -> None:
    print("| row | NDCG@10 | HR@10 | coverage@10 | percentile | against | ratio (95 %) | goal | fit CPU s | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in chosen or list(ROWS):
        data, options, peers, goal = ROWS[name]
        settings = json.dumps({"repeats": "--repeats" in options})
        mine = [run(folder, data, split, options, "recommend_adapter:Recommender", settings) for split in SPLITS]
        masks = [known(folder, data, split, options) for split in SPLITS]
        counted = [ndcg[mask] if len(ndcg) == len(mask) else ndcg for (_, ndcg), mask in zip(mine, masks, strict=True)]
        mean = {
            key: np.mean([report[key] for report, _ in mine]) for key in ("ndcg10", "hr10", "coverage10", "pop_pct")
        }
        cost = f"{mine[0][0]['fit_cpu_s']} | {mine[0][0]['rss_peak_mb']}"
        for peer, kw in peers:
            other = [run(folder, data, split, options, f"baselines:{peer}", kw)[1] for split in SPLITS]
            other = [ndcg[mask] if len(ndcg) == len(mask) else ndcg for ndcg, mask in zip(other, masks, strict=True)]
            ratio, low, high = compare(counted, other)
            numbers = " | ".join(f"{mean[key]:.4f}" for key in mean)
            print(
                f"| {name} | {numbers} | {peer} | {ratio:.3f} ({low:.3f} to {high:.3f}) | {goal} | {cost} |", flush=True
            )


if __name__ == "__main__":
    sys.path.insert(0, str(TOOLS))
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
