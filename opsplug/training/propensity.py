"""The daily training of two questions about a visitor: will they buy in the next 30 days, and has a buyer left?

Each is asked at past moments whose answer is known by now. Before a model serves it must beat logistic regression on
recency, frequency and value in the newest of those moments, which it has not seen. The level of the probabilities
follows what the last week, fortnight and month of the shop say, so that a season is followed within days."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.shoplog import BUY, ShopLog
from opsplug.features.visitors import NAMES, RFM, bought_between
from opsplug.models.visitors.propensity import PropensityModel, calibration_bins, log_loss, quality
from opsplug.training.past_moments import BUYS, Past, Question, Rows, columns, moments_before, questions, rows_at
from opsplug.training.run.job import TrainingReport, Work
from opsplug.training.shoplog import read_shop_log
from opsplug.units import DAY

Array = NDArray[np.float64]
NAME: Final = "propensity"
KIND: Final = "insight"  # of the document that the stats page shows
LEVEL_ROWS: Final = 4_000  # that say what level is usual
MOST_ROWS: Final = 12_000  # of one training; more would cost and hardly teach
JUDGED_ROWS: Final = 8_000
FEWEST_BUYERS: Final = 50
LATEST: Final = (1.0, 0.5, 0.25)  # of the horizon: windows that say what the level is now
HISTORY: Final = 40  # days for which is remembered what was promised


def fit_at(
    past: Past, now: float, question: Question, *, seed: int = 0, most: int = MOST_ROWS
) -> tuple[PropensityModel, Rows] | None:
    """The model of what was known at `now`, and the rows it learned from. None where too little happened so far."""
    moments = moments_before(past.log, now, question.horizon)
    if not moments:
        return None
    rows = rows_at(past, moments, question, question.horizon)
    if min(rows.labels.sum(), (~rows.labels).sum()) < FEWEST_BUYERS:
        return None
    if len(rows.labels) > most:
        rows = rows.take(np.sort(np.random.default_rng(seed).choice(len(rows.labels), most, replace=False)))
    model = PropensityModel(seed).fit(columns(rows.matrix), rows.labels, groups=rows.visitors)
    put_on_level(model, past, now, question, rows, seed)
    return model, rows


def put_on_level(model: PropensityModel, past: Past, now: float, question: Question, rows: Rows, seed: int) -> float:
    """Move the probabilities to what the newest windows say. -> the level against that of the training."""
    present = past.features(now, question.buyers).matrix
    if not model.metrics or not len(present):
        return 1.0
    usual = rows.take(np.random.default_rng(seed).permutation(len(rows.labels))[:LEVEL_ROWS])
    said_usually = _said(model, usual.matrix, question)
    ratios = []
    for share in LATEST:
        days = share * question.horizon
        lately = rows_at(past, [now - days * DAY], question, days)
        before = _came_within(past.log, usual, days) / max(said_usually, 1e-9)
        if len(lately.labels) < 200 or before <= 0:
            continue
        came = float((lately.labels ^ question.turned).mean())
        ratios.append(came / max(_said(model, lately.matrix, question), 1e-9) / before)
    good = [ratio for ratio in ratios if ratio > 0]
    level = float(np.clip(np.exp(np.mean(np.log(good))), 0.5, 2.0)) if good else 1.0
    buying = float(np.clip(level * _said(model, present, question), 0.001, 0.999))
    model.put_level(columns(present), 1 - buying if question.turned else buying)
    return level


def _came_within(log: ShopLog, rows: Rows, days: float) -> float:
    """The share of these that bought within so many days of their moment."""
    came = 0
    for moment in np.unique(rows.moments):
        asked = rows.visitors[rows.moments == moment]
        came += int(bought_between(log, asked, float(moment), float(moment) + days * DAY).sum())
    return came / max(len(rows.labels), 1)


def _said(model: PropensityModel, matrix: Array, question: Question) -> float:
    """The mean probability of buying."""
    mean = float(model.predict_proba(columns(matrix))[:, 1].mean())
    return 1 - mean if question.turned else mean


def rfm_probability(train: Rows, test: Array) -> Array:
    """The baseline: logistic regression on recency, frequency and value alone."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    places = [NAMES.index(name) for name in RFM]

    def shape(matrix: Array) -> Array:
        known = np.nan_to_num(matrix[:, places], nan=0.0)
        known[:, 0] = np.where(np.isfinite(matrix[:, places[0]]), known[:, 0], 1e3)
        return np.log1p(np.maximum(known, 0))

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(shape(train.matrix), train.labels)
    return np.asarray(model.predict_proba(shape(test))[:, 1])


def train(work: Work) -> TrainingReport:
    """Read, ask both questions, judge, publish one artefact with what was good enough; see the module."""
    began = time.perf_counter()
    log = read_shop_log(work.store, until=work.now)
    now = work.now if work.now is not None else log.newest
    report: dict[str, Any] = {"at": work.clock(), "until": now, "questions": {}}
    arrays: dict[str, NDArray[Any]] = {}
    metrics: dict[str, float] = {}
    baseline: dict[str, float] = {}
    reasons = []
    past = Past(log)
    asked = questions(log)
    for question in asked:
        work.say(f"{question.name}: asking past moments")
        told = _answer(past, now, question, work.seed)
        report["questions"][question.name] = told.about
        reasons.append(f"{question.name}: {told.about['reason']}")
        if told.model is not None:
            arrays |= {f"{question.name}/{key}": array for key, array in told.model.export().items()}
            metrics |= {f"{question.name} {key}": value for key, value in told.model.metrics.items()}
            baseline |= {f"{question.name} {key}": value for key, value in told.about["baseline"].items()}
    version = ""
    if arrays:
        about = {"at": work.clock(), "trained_until": now, "metrics": metrics, "baseline": baseline}
        about["horizons"] = {question.name: question.horizon for question in asked}
        version = work.artefacts.publish(NAME, arrays, about=about, at=work.clock())
    report["version"], report["drift"] = version, _drift(work, past, now, report["questions"])
    work.store.put_document(KIND, NAME, report, round(work.clock() * 1000))
    seconds = time.perf_counter() - began
    return TrainingReport(NAME, metrics, baseline, bool(arrays), seconds, version, "; ".join(reasons))


@dataclass(frozen=True, slots=True)
class _Told:
    model: PropensityModel | None
    about: dict[str, Any]


def _answer(past: Past, now: float, question: Question, seed: int) -> _Told:
    about: dict[str, Any] = {"horizon": question.horizon, "served": False, "baseline": {}}
    judged = _judge(past, now, question, seed)
    log, fitted = past.log, fit_at(past, now, question, seed=seed) if judged is not None else None
    if judged is None or fitted is None:
        days = (log.newest - log.oldest) / DAY
        bought = len(np.unique(log.visitors[log.kinds == BUY]))
        about["reason"] = "not enough yet"
        about["have"] = {
            "days": round(days),
            "buyers": bought,
            "need_days": round(2 * question.horizon + min(30.0, question.horizon / 3)),
        }
        about["have"]["need_buyers"] = FEWEST_BUYERS
        return _Told(None, about)
    model, rows = fitted
    newest = past.features(now, question.buyers)
    said = model.predict_proba(columns(newest.matrix))[:, 1]
    about |= {
        "model": model.name,
        "rows": len(rows.labels),
        "metrics": model.metrics,
        "forward": judged["ours"],
        "baseline": judged["rfm"],
        "bins": calibration_bins(judged["labels"], judged["said"]),
        "rate": float(rows.labels.mean()),
        "visitors": len(said),
        "expected": float(said.mean()),
        "histogram": np.histogram(said, np.linspace(0, 1, 11))[0].tolist(),
        "reasons": _weights(model, newest.matrix, seed),
    }
    worse = judged["ours"]["auroc"] < judged["rfm"]["auroc"] and judged["loss"] > judged["rfm_loss"]
    about["served"] = not worse
    about["reason"] = "worse than recency, frequency and value alone" if worse else f"{model.name} serves"
    return _Told(None if worse else model, about)


def _judge(past: Past, now: float, question: Question, seed: int) -> dict[str, Any] | None:
    """The way it is done, one horizon earlier: the answers are known by now, the model did not know them."""
    then = now - question.horizon * DAY
    fitted = fit_at(past, then, question, seed=seed, most=JUDGED_ROWS)
    if fitted is None:
        return None
    model, rows = fitted
    asked = rows_at(past, [then], question, question.horizon)
    labels = asked.labels.astype(float)
    if min(labels.sum(), len(labels) - labels.sum()) < 10:
        return None
    said, plain = model.predict_proba(columns(asked.matrix))[:, 1], rfm_probability(rows, asked.matrix)
    return {
        "labels": labels, "said": said, "ours": quality(labels, said), "rfm": quality(labels, plain),
        "loss": log_loss(labels, said), "rfm_loss": log_loss(labels, plain),
    }  # fmt: skip


def _weights(model: PropensityModel, matrix: Array, seed: int) -> list[tuple[str, float]]:
    """How much each column moves a probability on average, the strongest first."""
    rows = np.random.default_rng(seed).permutation(len(matrix))[:60]
    total: dict[str, float] = {}
    for reasons in model.explain(columns(matrix[rows]), strongest=len(NAMES)):
        for name, effect in reasons:
            total[name] = total.get(name, 0.0) + abs(effect) / max(len(rows), 1)
    return sorted(((name, round(weight, 4)) for name, weight in total.items() if weight > 0), key=lambda row: -row[1])


def _drift(work: Work, past: Past, now: float, questions: dict[str, Any]) -> list[dict[str, Any]]:
    """What was promised of the visitors known a horizon ago beside what came, newest first."""
    held: Any = work.store.get_document(KIND, f"{NAME}_promises") or []
    today = {
        "at": now,
        **{name: told["expected"] for name, told in questions.items() if told.get("expected") is not None},
    }
    promises = [*(entry for entry in held if entry["at"] < now - 0.5 * DAY), today][-(HISTORY + 60) :]
    work.store.put_document(KIND, f"{NAME}_promises", promises, round(work.clock() * 1000))
    came: list[dict[str, Any]] = []
    for entry in promises[::-1]:
        if BUYS.name in entry and entry["at"] + BUYS.horizon * DAY <= now and len(came) < HISTORY:
            rows = rows_at(past, [entry["at"]], BUYS, BUYS.horizon)
            if len(rows.labels):
                came.append({"at": entry["at"], "said": entry[BUYS.name], "came": float(rows.labels.mean())})
    return came
