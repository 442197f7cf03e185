"""Sentiment on labelled reviews: accuracy by number of labels, Chinese cold start, texts per CPU second.

    python benchmarks/sentiment.py

Splits: `train_test_split(test_size=min(2000, n // 4), random_state=13, stratify=y)`; figures for few labels are the
mean of five draws from the training part. Reads ../shared/data/sentiment.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from opsplug.models.sentiment import SentimentModel

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "sentiment"
GOALS = {"en cold": 0.75, "en 200": 0.78, "en 1000": 0.82, "en all": 0.84}
GOALS |= {"zh cold": 0.80, "zh 200": 0.84, "zh 1000": 0.885, "zh 5000": 0.90}


def english() -> tuple[np.ndarray, np.ndarray]:
    lines = (DATA / "custrev.all").read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line for line in lines if line.strip()]
    return np.array([row[2:] for row in rows], dtype=object), np.array([int(row[0]) for row in rows])


def chinese() -> tuple[np.ndarray, np.ndarray]:
    with (DATA / "zh_waimai.csv").open(encoding="utf-8") as source:
        rows = [(row["review"], int(row["label"])) for row in csv.DictReader(source)]
    return np.array([text for text, _ in rows], dtype=object), np.array([label for _, label in rows])


def learnt(texts: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, size: int | None) -> float:
    """Accuracy on `test`, mean of five draws of `size` training texts (all of them: one fit)."""
    scores = []
    for seed in range(5 if size else 1):
        drawn = (
            train_test_split(train, train_size=size, random_state=seed, stratify=labels[train])[0] if size else train
        )
        model = SentimentModel().fit(texts[drawn].tolist(), labels[drawn])
        scores.append(np.mean((polarity(model, texts[test]) > 0) == labels[test]))
    return float(np.mean(scores))


def polarity(model: SentimentModel, texts: np.ndarray) -> np.ndarray:
    return np.array([sentiment.polarity for sentiment in model.predict(texts.tolist())])


def texts_per_second(model: SentimentModel, texts: np.ndarray) -> float:
    """Texts per second of CPU time: the median of three passes."""
    rates = []
    for _ in range(3):
        started = time.process_time()
        model.predict(texts.tolist())
        rates.append(len(texts) / (time.process_time() - started))
    return float(np.median(rates))


def report(name: str, value: float) -> None:
    print(f"| {name} | {value:.4f} | {GOALS[name]} |")


def main() -> None:
    print("| what | measured | goal |\n|---|---|---|")
    speeds = []
    for code, (texts, labels), sizes in (("en", english(), (200, 1000, None)), ("zh", chinese(), (200, 1000, 5000))):
        rows = np.arange(len(labels))
        train, test = train_test_split(rows, test_size=min(2000, len(rows) // 4), random_state=13, stratify=labels)
        cold = polarity(SentimentModel(), texts[test]) > 0
        score = np.mean(cold == labels[test]) if code == "en" else f1_score(labels[test], cold, average="macro")
        report(f"{code} cold", float(score))
        for size in sizes:
            report(f"{code} {size or 'all'}", learnt(texts, labels, train, test, size))
        fitted = SentimentModel().fit(texts[train].tolist(), labels[train])
        speeds += [
            (f"{code} cold", texts_per_second(SentimentModel(), texts)),
            (f"{code} fitted", texts_per_second(fitted, texts)),
        ]
    for name, speed in speeds:
        print(f"| {name}, texts per CPU second | {speed:,.0f} | 10,000 |")


if __name__ == "__main__":
    main()
