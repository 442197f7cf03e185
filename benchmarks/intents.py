"""Intents on banking77: accuracy by number of examples, and how well unknown questions are told apart.

    python benchmarks/intents.py

The test split is banking77's own; figures for ten examples are the mean of five draws. Unknown questions are the 79
of a shop's list and 800 review sentences; the threshold for 5 % wrong acceptance is chosen on the even ones of
both, and the figures are measured on the odd ones. Reads ../shared/data.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from opsplug.models.intents import IntentModel
from opsplug.models.text.sentence import MiniLm, packaged

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def read(part: str) -> tuple[list[str], np.ndarray]:
    with (DATA / "intents" / f"banking77_{part}.csv").open(encoding="utf-8") as source:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(source)]
    return [text for text, _ in rows], np.array([intent for _, intent in rows])


def unknown() -> dict[str, list[str]]:
    asked = json.loads((DATA / "intents" / "ecommerce_faq.json").read_text(encoding="utf-8"))["questions"]
    reviews = (DATA / "sentiment" / "custrev.all").read_text(encoding="utf-8", errors="replace").splitlines()
    return {
        "shop questions": [one["question"] for one in asked],
        "review sentences": [line[2:] for line in reviews[:800]],
    }


def draw(texts: list[str], intents: np.ndarray, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(intents == name), 10, replace=False) for name in np.unique(intents)]
    )
    return [texts[row] for row in rows], intents[rows].tolist()


def accuracy(model: IntentModel, texts: list[str], intents: np.ndarray) -> float:
    return float(np.mean([model.signals(text)[0] == intent for text, intent in zip(texts, intents, strict=True)]))


class Remembering:
    """Encodes a text once, however often a figure needs it."""

    def __init__(self, encoder: MiniLm) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._rows: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if fresh:
            self._rows.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        return np.array([self._rows[text] for text in texts])


def measure(encoder: Remembering | None, goals: tuple[float, float]) -> None:
    texts, intents = read("train")
    test, wanted = read("test")
    few = [accuracy(IntentModel(encoder=encoder).fit(*draw(texts, intents, seed)), test, wanted) for seed in range(5)]
    started = time.process_time()
    model = IntentModel(encoder=encoder).fit(texts, intents.tolist())
    fitted = time.process_time() - started
    started = time.process_time()
    known = np.array([intent.confidence for intent in model.predict(test)])
    cost = (time.process_time() - started) / len(test)
    right = np.array([model.signals(text)[0] == intent for text, intent in zip(test, wanted, strict=True)])
    print(f"\n{'with sentence vectors' if encoder else 'light'}\n\n| what | measured | goal |\n|---|---|---|")
    print(f"| 10 examples an intent | {np.mean(few):.4f} | {goals[0]} |")
    print(f"| all examples | {right.mean():.4f} | {goals[1]} |")
    others = {kind: np.array([i.confidence for i in model.predict(sentences)]) for kind, sentences in unknown().items()}
    others["both"] = np.concatenate(list(others.values()))
    for kind, confidence in others.items():
        validation, kept = confidence[::2], confidence[1::2]
        threshold = np.quantile(validation, 0.95)
        auroc = roc_auc_score(np.r_[np.ones(len(known)), np.zeros(len(kept))], np.r_[known, kept])
        print(f"| unknown: {kind}, AUROC | {auroc:.4f} | 0.96 |")
        print(
            f"| unknown: {kind}, in-scope accuracy (accepted wrongly {np.mean(kept > threshold):.3f}) | "
            f"{np.mean(right & (known > threshold)):.4f} | 0.83 |"
        )
    print(f"| CPU ms an answer, {len(texts):,} examples | {1000 * cost:.2f} | |\n| CPU s to fit all | {fitted:.1f} | |")


def main() -> None:
    measure(None, (0.77, 0.92))
    folder = packaged()
    if folder is None:
        print("with sentence vectors: not measured, the extra embeddings is not installed")
        return
    encoder = MiniLm(folder)
    started = time.process_time()
    for number in range(30):
        encoder.encode([f"my card has not arrived yet, number {number}, please help"])
    each = (time.process_time() - started) / 30
    measure(Remembering(encoder), (0.81, 0.93))
    print(f"| CPU ms to encode one question, beside the above | {1000 * each:.1f} | |")


if __name__ == "__main__":
    main()
