"""The training of sentiment on the shop's own rated texts, each language by itself; and what the reviews say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ArtefactError
from opsplug.models.parallel import side_by_side
from opsplug.models.text.aspects import ASPECTS, aspects
from opsplug.models.text.sentiment import SentimentModel
from opsplug.training.labelled import Labelled, labelled
from opsplug.training.run.job import TrainingReport, Work

NAME: Final = "sentiment"
REPORT: Final = "sentiment_report"  # document kind; its key is `now`
LANGUAGES: Final = ("en", "zh")
MIN_TEXTS = 40  # judged texts of a language that are kept aside, below which it stays cold
_ASIDE = 0.25  # share of each language's texts, the newest, on which its model is judged
_SHIFTED = 0.25  # population stability index from which the texts are others than those learnt from
_UNFAIR = 0.10  # lead in accuracy of one language over another that is reported
_LEAST = 0.6  # balanced accuracy below which ratings and texts have nothing to do with each other
_MOST_PRODUCTS = 200
_BINS = np.array([-0.6, -0.2, 0.2, 0.6])


@dataclass(frozen=True, slots=True)
class Judged:
    """One language: balanced accuracy on its newest texts of the new model, the word lists and the model in use."""

    tested: int
    learnt: float
    cold: float
    serving: float
    shift: float

    @property
    def is_better(self) -> bool:
        """Not worse than what would answer otherwise."""
        return self.tested >= MIN_TEXTS and self.learnt >= np.nanmax([self.cold, self.serving, _LEAST])


def train(work: Work) -> TrainingReport | None:
    """Learn, judge each language on its newest texts, publish where at least one is better; keep the report."""
    began = time.perf_counter()
    texts = labelled(work.store, None if work.now is None else round(work.now * 1000) + 1)
    if not texts:
        return None
    judged = [one for one in texts if one.praise is not None]
    serving, until = _serving(work)
    found = side_by_side(partial(_judge, judged, language, serving, until) for language in LANGUAGES)
    verdicts = dict(zip(LANGUAGES, found, strict=True))
    good = [language for language, verdict in verdicts.items() if verdict is not None and verdict.is_better]
    version, reason = "", _reason(verdicts, good)
    if good:
        work.say(f"fitting sentiment on {len(judged):,} texts")
        chosen = [one for one in judged if one.language in good]
        model = SentimentModel().fit([one.text for one in chosen], [float(bool(one.praise)) for one in chosen])
        about = {"at": work.clock(), "trained_until": chosen[-1].at / 1000, "reason": reason, "languages": good}
        version = work.artefacts.publish(NAME, model.to_arrays(), about=about, at=work.clock())
        serving = model
    _store_report(work, texts, serving or SentimentModel(), verdicts, good)
    known = {language: verdict for language, verdict in verdicts.items() if verdict is not None}
    metrics = {f"{language} accuracy": verdict.learnt for language, verdict in known.items()}
    metrics |= {"texts": float(len(judged))}
    baseline = {f"{language} accuracy": verdict.cold for language, verdict in known.items()}
    return TrainingReport(NAME, metrics, baseline, bool(good), time.perf_counter() - began, version, reason)


def _serving(work: Work) -> tuple[SentimentModel | None, float]:
    """The model in use and the time (ms) until which it has seen the answers."""
    version = work.artefacts.current(NAME)
    if version is None:
        return None, 0.0
    try:
        artefact = work.artefacts.load(NAME, version)
        return SentimentModel.from_arrays(dict(artefact.arrays)), 1000 * float(artefact.about["trained_until"])
    except (ArtefactError, KeyError, ValueError):
        return None, 0.0


def _judge(texts: Sequence[Labelled], language: str, serving: SentimentModel | None, until: float) -> Judged | None:
    own = [one for one in texts if one.language == language]
    cut = len(own) - max(round(_ASIDE * len(own)), min(MIN_TEXTS, len(own)))
    past, newest = own[:cut], own[cut:]
    if len(newest) < MIN_TEXTS or min(len({one.praise for one in part}) for part in (past, newest)) < 2:
        return None
    model = SentimentModel().fit([one.text for one in past], [float(bool(one.praise)) for one in past])
    cold = SentimentModel()
    later = [one for one in newest if one.at > until]  # what the model in use cannot have learnt
    rival = _accuracy(serving, later) if serving is not None and len(later) >= MIN_TEXTS else float("nan")
    shift = _shift(_polarities(cold, past), _polarities(cold, newest))
    return Judged(len(newest), _accuracy(model, newest), _accuracy(cold, newest), rival, shift)


def _accuracy(model: SentimentModel, texts: Sequence[Labelled]) -> float:
    """Mean share found of praise and of complaint; NaN where one of them is not there."""
    predicted = _polarities(model, texts) > 0
    praise = np.array([bool(one.praise) for one in texts])
    if praise.all() or not praise.any():
        return float("nan")
    return float((predicted[praise].mean() + (~predicted[~praise]).mean()) / 2)


def _polarities(model: SentimentModel, texts: Sequence[Labelled]) -> NDArray[np.float64]:
    return np.array([model.score(one.text, one.language).polarity for one in texts])


def _shift(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Population stability index of the polarities: 0 the same, from 0.25 another population."""
    shares = [(np.bincount(np.digitize(values, _BINS), minlength=5) + 0.5) / (len(values) + 2.5)
              for values in (before, after)]  # fmt: skip
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _reason(verdicts: Mapping[str, Judged | None], good: Sequence[str]) -> str:
    lines = []
    for language, verdict in verdicts.items():
        if verdict is None:
            lines.append(f"{language}: too few rated texts, the word lists stay")
        else:
            better = "served" if language in good else "not served"
            lines.append(f"{language}: {better}, right in {verdict.learnt:.2f} of {verdict.tested} newest texts, "
                        f"word lists {verdict.cold:.2f}")  # fmt: skip
    return "; ".join(lines)


def _store_report(
    work: Work, texts: Sequence[Labelled], model: SentimentModel, verdicts: Mapping[str, Judged | None],
    good: Sequence[str],
) -> None:  # fmt: skip
    languages = {
        language: {
            "texts": sum(one.language == language for one in texts), "learnt": language in good,
            "tested": verdict.tested if verdict else 0, "accuracy": verdict.learnt if verdict else None,
            "cold_accuracy": verdict.cold if verdict else None, "shift": verdict.shift if verdict else None,
            "has_shifted": bool(verdict and verdict.shift >= _SHIFTED),
        }
        for language, verdict in verdicts.items()
    }  # fmt: skip
    served = [max(verdict.learnt, verdict.cold) for verdict in verdicts.values() if verdict is not None]
    gap = max(served) - min(served) if len(served) > 1 else None
    value = {
        "at": work.clock(), "texts": len(texts), "languages": languages,
        "language_gap": gap, "is_unfair": gap is not None and gap > _UNFAIR, **opinions(texts, model),
    }  # fmt: skip
    work.store.put_document(REPORT, "now", value, round(work.clock() * 1000))


def opinions(texts: Sequence[Labelled], model: SentimentModel) -> dict[str, Any]:
    """What reviews feel, by aspect and by product: mean polarity and how many spoke of it; most reviewed first."""
    overall: dict[str, list[float]] = {name: [] for name in ASPECTS}
    products: dict[str, dict[str, list[float]]] = {}
    for one in texts:
        felt = aspects(one.text, partial(_polarity, model, one.language))
        felt_of = products.setdefault(one.item_id, {}) if one.item_id else {}
        felt_of.setdefault("all", []).append(_polarity(model, one.language, one.text))
        for aspect, polarity in felt.items():
            overall[aspect].append(polarity)
            felt_of.setdefault(aspect, []).append(polarity)
    most = sorted(products.items(), key=lambda row: -len(row[1]["all"]))[:_MOST_PRODUCTS]
    return {
        "aspects": {name: _summary(values) for name, values in overall.items() if values},
        "products": [
            {"item_id": item_id, **{name: _summary(values) for name, values in felt.items()}} for item_id, felt in most
        ],
    }  # fmt: skip


def _polarity(model: SentimentModel, language: str, text: str) -> float:
    return model.score(text, language).polarity


def _summary(values: Sequence[float]) -> dict[str, float]:
    return {"polarity": round(float(np.mean(values)), 3), "texts": len(values)}
