"""Fits the weights and the calibration of the chat's retrieval, and judges them on knowledge that took no part.

    python benchmarks/chat_fit.py              the table, every set judged by a fit on the others
    python benchmarks/chat_fit.py --constants  also the weights of a fit on all sets

Sets of one source (the four of passages) leave together. The fusion is a multinomial logit over the entries of each
question, each set with the same weight; confidence is a logistic regression, a quarter of the questions unanswerable.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from chat_sets import KnowledgeSet, load
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from opsplug.models.text.multilingual import Multilingual
from opsplug.models.text.retrieval import CONFIDENT, KnowledgeIndex, Weights
from opsplug.models.text.sentence import Encoder

_PENALTY = 1e-3
_UNKNOWN = 0.25
_FOR_FUSION = 250  # questions of a set
_NEAR_MISSES = "afqmc_zh"  # told apart by nobody: not in the calibration, only judged
Floats = NDArray[np.float64]


@dataclass
class Signals:
    """Of one set: scores by question, entry and kind; which entries are right."""

    of: KnowledgeSet
    index: KnowledgeIndex
    scores: Floats
    right: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        return self.right.any(axis=1)


def signals(of: KnowledgeSet, encoder: Encoder | None) -> Signals:
    index = KnowledgeIndex(of.questions, of.answers, encoder)
    scores = np.array([index.signals(asked.text)[0] for asked in of.asked], np.float32)
    right = np.zeros(scores.shape[:2], bool)
    for row, asked in enumerate(of.asked):
        right[row, list(asked.right)] = True
    return Signals(of, index, scores, right)


def source(name: str) -> str:
    return "passages" if name.startswith("passages") else name


def fit_fusion(sets: Sequence[Signals]) -> Floats:
    rows = [(one.scores[one.known][:_FOR_FUSION].astype(float), one.right[one.known][:_FOR_FUSION]) for one in sets]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = _PENALTY * weights @ weights, 2 * _PENALTY * weights
        for scores, right in rows:
            odds = scores @ weights
            odds = np.exp(odds - odds.max(axis=1, keepdims=True))
            share = odds / odds.sum(axis=1, keepdims=True)
            hit = (share * right).sum(axis=1, keepdims=True) + 1e-12
            total -= np.log(hit).mean() / len(rows)
            slope -= np.einsum("ij,ijk->k", share * right / hit - share, scores) / len(scores) / len(rows)
        return total, slope

    start = np.full(sets[0].scores.shape[2], 3.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start))
    return np.asarray(found.x)


def judged(one: Signals, fusion: Floats, usual: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Calibration signals of each question's best entry, and whether it is right."""
    one.index._weights = Weights(tuple(fusion.tolist()), (0.0, 0.0, 0.0), usual)
    rows, right = [], []
    for at, scores in enumerate(one.scores.astype(float) @ fusion):
        order = np.argsort(-scores, kind="stable")[:2].tolist()
        rows.append(one.index.calibration_signals(scores, order))
        right.append(one.right[at, order[0]])
    return np.array(rows), np.array(right)


def usual_score(sets: Sequence[Signals], fusion: Floats) -> float:
    return float(np.mean([(one.scores.mean(axis=(0, 1)) @ fusion) for one in sets if "_to_" not in one.of.name]))


def fit_calibration(sets: Sequence[Signals], fusion: Floats) -> Floats:
    rows, target, weight = [], [], []
    for one in sets:
        if one.of.name == _NEAR_MISSES or "_to_" in one.of.name:
            continue
        found, right = judged(one, fusion, usual_score(sets, fusion))
        rows.append(found)
        target.append(right)
        known = one.known
        weight.append(np.where(known, (1 - _UNKNOWN) / max(known.sum(), 1), _UNKNOWN / max((~known).sum(), 1)))
    table = np.concatenate(rows)
    middle, width = table.mean(axis=0), table.std(axis=0) + 1e-9
    model = LogisticRegression().fit(
        (table - middle) / width, np.concatenate(target), sample_weight=1000 * np.concatenate(weight)
    )
    slopes = model.coef_[0] / width
    return np.array([model.intercept_[0] - slopes @ middle, *slopes])


def row(
    one: Signals, fusion: Floats, usual: float, calibration: Floats, thresholds: Sequence[float]
) -> list[list[float]]:
    found, right = judged(one, fusion, usual)
    confidence = 1 / (1 + np.exp(-(calibration[0] + found @ calibration[1:])))
    known = one.known
    table = []
    for threshold in thresholds:
        sure = confidence >= threshold
        unknown = sure[~known].mean() if (~known).any() else 0.0
        table.append([right[known].mean(), (sure & right)[known].mean(), (sure & ~right)[known].mean(), unknown])
    return table


def table(encoder: Encoder | None, thresholds: Sequence[float]) -> list[Signals]:
    sets = [signals(one, encoder) for one in load()]
    rows: dict[str, list[list[float]]] = {}
    for left_out in sorted({source(one.of.name) for one in sets}):
        others = [one for one in sets if source(one.of.name) != left_out]
        fusion = fit_fusion(others)
        calibration = fit_calibration(others, fusion)
        for one in sets:
            if source(one.of.name) == left_out:
                rows[one.of.name] = row(one, fusion, usual_score(others, fusion), calibration, thresholds)
    for at, threshold in enumerate(thresholds):
        print(f"\nsure from {threshold:g}\n")
        print("| set | right entry first | answered right | answered wrong | unknown answered |")
        print("|---|---|---|---|---|")
        for name, found in sorted(rows.items()):
            print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in found[at]) + " |")
        plain = [found[at] for name, found in rows.items() if name != _NEAR_MISSES and "_to_" not in name]
        print(
            "| mean of all but near-misses and across languages | "
            + " | ".join(f"{v:.3f}" for v in np.mean(plain, axis=0))
            + " |"
        )
    return sets


def constants(sets: Sequence[Signals]) -> None:
    fusion = fit_fusion(sets)
    calibration = fit_calibration(sets, fusion)
    usual, likeness = usual_score(sets, fusion), np.mean([one.index._likeness for one in sets])
    print(f"\nWeights({tuple(fusion.round(2).tolist())}, {tuple(calibration.round(3).tolist())}, {usual:.2f})")
    print(f"usual likeness {likeness:.3f}")


def main() -> None:
    thresholds = [float(one) for one in sys.argv if one.startswith("0.")] or [CONFIDENT]
    for title, encoder in (("With the encoder", Multilingual()), ("Words alone", None)):
        print(f"\n## {title}")
        sets = table(encoder, thresholds)
        if "--constants" in sys.argv:
            constants(sets)


if __name__ == "__main__":
    main()
