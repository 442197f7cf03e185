"""The daily look at visitors: segments, clusters, cohorts, the way to an order, journeys, and tags of items.

Of single visitors only a line each is kept (segment, probability), under their pseudonym; it goes with their events."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ArtefactError
from opsplug.features.cohorts import cohorts
from opsplug.features.funnels import entries, funnel, journeys
from opsplug.features.items import catalogue
from opsplug.features.shoplog import ShopLog
from opsplug.features.visitors import NAMES, VisitorFeatures, visitor_features
from opsplug.models.text.tags import tags
from opsplug.models.visitors.propensity import PropensityModel
from opsplug.models.visitors.segments import Segment, cluster_segments, rfm_segments
from opsplug.training.run.job import TrainingReport, Work
from opsplug.training.shoplog import newest_event, read_shop_log, read_visits

KIND, VISITORS, TAGS, LINE = "insight", "visitors", "tags", "visitor"
MOST_LINES: Final = 20_000  # of visitors, the most lately seen first
MOST_TAGGED: Final = 20_000
VISIT_DAYS: Final = 30.0
BATCH: Final = 2000


def run(work: Work) -> TrainingReport:
    """Write the documents `insight/visitors` and `insight/tags`, and `visitor/KEY` for each visitor."""
    began = time.perf_counter()
    log = read_shop_log(work.store, until=work.now)
    now = work.now if work.now is not None else log.newest
    seen = visitor_features(log, now + 1.0)
    orders = seen.column("orders")
    buyers = np.flatnonzero(orders > 0)
    columns = recency, frequency, value = [seen.column(name)[buyers] for name in ("recency_days", "orders", "value")]
    segments = rfm_segments(recency, frequency, value)
    clusters = cluster_segments(recency, frequency, value, seed=work.seed)
    unit, rows = cohorts(log)
    visits = read_visits(work.store, now=newest_event(work.store, work.now), days=VISIT_DAYS).visits
    found: dict[str, Any] = {
        "at": work.clock(), "until": now, "visitors": len(seen.visitors), "buyers": len(buyers),
        "currency": log.currency, "visits": len(visits), "visit_days": VISIT_DAYS,
        "segments": [_words(segment, len(buyers)) for segment in segments],
        "clusters": [_words(segment, len(buyers)) for segment in clusters],
        "ranks": [np.quantile(column, np.linspace(0, 1, 101)).tolist() if len(column) else [] for column in columns],
        "cohort_unit": unit, "cohorts": [asdict(row) for row in rows],
        "funnel": [asdict(step) for step in funnel(visits)],
        "entries": [asdict(way) for way in entries(visits)], "journeys": [asdict(way) for way in journeys(visits)],
    }  # fmt: skip
    at_ms = round(work.clock() * 1000)
    found["tags"] = _tags(work, at_ms)
    work.store.put_document(KIND, VISITORS, found, at_ms)
    lines = _lines(work, log, seen, {int(buyers[m]): s.key for s in segments for m in s.members.tolist()}, at_ms)
    metrics = {"visitors": float(len(seen.visitors)), "buyers": float(len(buyers)), "lines": float(lines)}
    reason = (
        f"{len(segments)} segments, {len(clusters)} clusters, {len(rows)} cohorts, {len(found['journeys'])} journeys"
    )
    return TrainingReport("profiles", metrics, {}, bool(len(seen.visitors)), time.perf_counter() - began, reason=reason)


def _words(segment: Segment, whole: int) -> dict[str, Any]:
    told = asdict(segment)
    members = told.pop("members")
    return {**told, "count": len(members), "share": len(members) / max(whole, 1)}


def _tags(work: Work, at_ms: int) -> list[tuple[str, int]]:
    """-> the tags that most items share."""
    items = catalogue(record for _, record in zip(range(MOST_TAGGED), work.store.items(), strict=False))
    texts = {item: f"{items.names[n]}\n{items.texts[n]}" for n, item in enumerate(items.item_ids)}
    found = tags(texts)
    work.store.put_document(KIND, TAGS, {item: own for item, own in found.items() if own}, at_ms)
    counts: dict[str, int] = {}
    for own in found.values():
        for tag in own:
            counts[tag] = counts.get(tag, 0) + 1
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:40]


def _lines(work: Work, log: ShopLog, seen: VisitorFeatures, segment: dict[int, str], at_ms: int) -> int:
    """One short document for each visitor; those of visitors who are gone are removed."""
    scores = _scores(work, seen)
    last = np.fmin(seen.column("recency_days"), np.nan_to_num(seen.column("viewed_days"), nan=np.inf))
    order = np.argsort(np.nan_to_num(last, nan=np.inf), kind="stable")[:MOST_LINES].tolist()
    numbers = [seen.column(name) for name in ("orders", "value", "recency_days")]
    rows = [
        (LINE, log.visitor_ids[seen.visitors[n]], {
            "segment": segment.get(n, ""), "orders": int(numbers[0][n]), "value": round(float(numbers[1][n]), 2),
            "recency": None if np.isnan(numbers[2][n]) else round(float(numbers[2][n]), 1),
            **{name: round(float(score[n]), 4) for name, score in scores.items() if np.isfinite(score[n])},
        })
        for n in order
    ]  # fmt: skip
    for start in range(0, len(rows), BATCH):
        work.store.put_documents(rows[start : start + BATCH], at_ms)
    work.store.delete_documents(LINE, at_ms)
    return len(rows)


def _scores(work: Work, seen: VisitorFeatures) -> dict[str, NDArray[np.float64]]:
    """The probabilities of the model in use, where there is one."""
    version = work.artefacts.current("propensity")
    if version is None or not len(seen.visitors):
        return {}
    try:
        arrays = work.artefacts.load("propensity", version).arrays
    except ArtefactError as error:
        work.say(f"probabilities are left out: {error}")
        return {}
    found: dict[str, NDArray[np.float64]] = {}
    table = dict(zip(NAMES, seen.matrix.T, strict=True))
    for name in ("buys", "churn"):
        own = {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}
        if own:
            score = PropensityModel.load(own).predict_proba(table)[:, 1]
            found[name] = np.where(seen.column("orders") > 0, score, np.nan) if name == "churn" else score
    return found
