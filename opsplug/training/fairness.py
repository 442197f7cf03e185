"""The daily look at fairness: who is shown, who is served how well, and what evening out would cost.

The result is the document `fairness/latest`. Quality and cost are measured on the newest tenth of the log with a mix
that was fitted on the rest, so nothing is asked that the model has seen.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.groups import FIELDS, item_groups
from opsplug.features.interactions import Interactions
from opsplug.features.items import Catalogue, catalogue
from opsplug.features.log_statistics import diversity
from opsplug.features.recommendation_id import read_id
from opsplug.models.recommend.evaluation import Question, interval, ndcg, questions, ratio_interval
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.visitors.fairness import SMALLEST, evened, exposure
from opsplug.training.reader import read_interactions
from opsplug.training.run.job import Work
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

KIND: Final = "fairness"
KEY: Final = "latest"
DAYS = 30  # of lists that were shown
FEWEST_SHOWN = 1000  # shown items below which the lists of the measurement stand in
FEWEST_EVENTS = 200
PEOPLE_DAYS = 180  # of page views that tell a visitor's language and device
QUESTIONS, CUT, K, POOL = 400, 0.1, 10, 68
SLIDERS: Final = (0.1, 0.2, 0.3, 0.5)
TOO_LITTLE, TOO_MUCH = 0.5, 2.0  # exposure over demand of a group
TOO_POOR = 0.8  # quality of a group over that of all
WORTH_NAMING = 0.01  # of demand: a group wanted less is not worth an alert


@dataclass(frozen=True, slots=True)
class Answers:
    """Lists for held-out moments. `scored` holds the codes and scores of POOL candidates of each question."""

    asked: list[Question]
    scored: list[tuple[NDArray[np.int64], NDArray[np.float64]]]
    targets: list[NDArray[np.int64]]
    visitors: NDArray[np.int64]
    gains: NDArray[np.float64]
    item_ids: list[str]


def report(work: Work) -> None:
    """Measure and keep `fairness/latest`."""
    log = read_interactions(work.store, until=work.now)
    items = catalogue(work.store.items())
    people = visitor_groups(work.store, round((log.newest - PEOPLE_DAYS * DAY) * 1000))
    at = work.clock()
    result: dict[str, Any] = {
        "at": at, "diversity": diversity(log, items, _events_by_language(log, people)).to_dict(),
        "exposure": {}, "quality": {}, "sliders": {}, "alerts": [], "source": "", "questions": 0, "ndcg": 0.0,
    }  # fmt: skip
    if len(log) >= FEWEST_EVENTS and len(items):
        work.say("asking a model of the past about the newest tenth of the log")
        answers = ask(log, items, seed=work.seed, budget_s=work.budget_s)
        known = items.aligned(answers.item_ids)
        groups = item_groups(known, log.newest if work.now is None else work.now)
        shown, places, result["source"] = _shown(work.store, answers, at)
        rows = _exposure(shown, places, groups, _demand(log, answers.item_ids))
        result |= {
            "exposure": rows, "quality": _quality(answers, log, people), "sliders": _sliders(answers, groups),
            "questions": len(answers.gains), "ndcg": float(answers.gains.mean()) if len(answers.gains) else 0.0,
        }  # fmt: skip
        result["alerts"] = alerts(result)
    work.store.put_document(KIND, KEY, result, round(at * 1000))
    work.say(f"{len(result['alerts'])} groups are past a threshold")


def ask(log: Interactions, items: Catalogue, *, seed: int = 0, budget_s: float | None = None) -> Answers:
    """Fit on all but the newest tenth, and rank for real moments of that tenth."""
    cut = float(np.quantile(log.times, 1 - CUT))
    past = log.before(cut)
    ranker = Mix.fit(past, items, now=cut, seed=seed, budget_s=budget_s).ranker()
    table = ranker.codes(log.item_ids)
    asked, scored, targets, gains = [], [], [], []
    for question in questions(log, cut, most=QUESTIONS, seed=seed):
        wanted = table[question.targets]
        if not len(wanted):
            continue
        codes, scores = _ranked(ranker, question, table)
        asked.append(question)
        scored.append((codes, scores))
        targets.append(wanted)
        gains.append(ndcg(codes[:K], wanted, K))
    visitors = np.array([question.visitor for question in asked], np.int64)
    return Answers(asked, scored, targets, visitors, np.array(gains, np.float64), ranker.item_ids)


def _ranked(
    ranker: Ranker, question: Question, table: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    query = question.query
    history = [
        (int(table[item]), float(at), int(kind))
        for item, at, kind in zip(query.items, query.times, query.kinds, strict=True)
        if table[item] >= 0
    ]
    seen = table[question.seen]
    found = ranker.rank(history, now=query.now, k=POOL, exclude=seen[seen >= 0])
    return found.codes, found.scores


def visitor_groups(store: Store, since_ms: int | None = None) -> dict[str, dict[str, str]]:
    """Language and device of each visitor and user, as their newest page view since then says."""
    people: dict[str, dict[str, str]] = {"language": {}, "device": {}}
    for batch in store.read_events(since_ms=since_ms, names=("page_view",)):
        for _, event in batch:
            for who in filter(None, (event.anonymous_id, event.user_id)):
                locale, device = event.properties.get("locale"), event.properties.get("device")
                if isinstance(locale, str) and locale:
                    people["language"][who] = locale[:2].lower()
                if isinstance(device, str) and device:
                    people["device"][who] = device
    return people


def _events_by_language(log: Interactions, people: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    count = np.bincount(log.users, minlength=len(log.user_ids)) if len(log) else np.zeros(0, np.int64)
    spoken: Counter[str] = Counter()
    for user, events in zip(log.user_ids, count.tolist(), strict=False):
        if events and user in people["language"]:
            spoken[people["language"][user]] += events
    return dict(spoken.most_common())


def _demand(log: Interactions, item_ids: Sequence[str]) -> NDArray[np.float64]:
    """What visitors took by themselves: events by their weight."""
    place = {item: code for code, item in enumerate(item_ids)}
    table = np.array([place.get(item, -1) for item in log.item_ids] or [-1], np.int64)
    codes = table[log.items]
    return np.bincount(codes[codes >= 0], np.maximum(log.weights[codes >= 0], 0), minlength=len(item_ids)).astype(float)


def _shown(store: Store, answers: Answers, at: float) -> tuple[NDArray[np.int64], NDArray[np.int64], str]:
    """Codes and places of what was shown lately; where that is little, of the lists of the measurement."""
    place = {item: code for code, item in enumerate(answers.item_ids)}
    codes, places = array("q"), array("q")
    since = round((at - DAYS * DAY) * 1000)
    for batch in store.read_events(since_ms=since, names=("view_item_list",)):
        for _, event in batch:
            if read_id(event.properties.get("recommendation_id")) is None:
                continue
            for number, item in enumerate(event.items):
                if item.item_id in place:
                    codes.append(place[item.item_id])
                    places.append(number if item.index is None else max(item.index, 0))
    if len(codes) >= FEWEST_SHOWN:
        return np.array(codes, np.int64), np.array(places, np.int64), "shown"
    lists = [found[:K] for found, _ in answers.scored]
    none = np.zeros(0, np.int64)
    return (
        np.concatenate([none, *lists]), np.concatenate([none, *(np.arange(len(one)) for one in lists)]), "measured",
    )  # fmt: skip


def _exposure(
    shown: NDArray[np.int64],
    places: NDArray[np.int64],
    groups: Mapping[str, Sequence[str]],
    demand: NDArray[np.float64],
) -> dict[str, list[dict[str, Any]]]:
    if not len(shown):
        return {}
    found = {}
    for name, members in groups.items():
        rows = sorted(exposure(shown, places, members, demand), key=lambda row: -row.demand)
        found[name] = [asdict(row) | {"ratio": row.ratio if np.isfinite(row.ratio) else None} for row in rows[:50]]
    return found


def _quality(
    answers: Answers, log: Interactions, people: Mapping[str, Mapping[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """NDCG with its interval, and coverage, of each group of visitors that is large enough."""
    users = [log.user_ids[question.visitor] for question in answers.asked]
    kinds = {
        "history": ["new" if len(question.seen) == 0 else "returning" for question in answers.asked],
        "language": [people["language"].get(user, "") for user in users],
        "device": [people["device"].get(user, "") for user in users],
    }  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, groups in kinds.items():
        named, rows = np.array(groups, dtype=str), []
        for group in sorted(set(groups) - {""}):
            chosen = np.flatnonzero(named == group)
            if len(np.unique(answers.visitors[chosen])) < SMALLEST:
                continue
            low, high = interval(answers.gains[chosen], answers.visitors[chosen])
            shown = {int(code) for row in chosen for code in answers.scored[row][0][:K]}
            rows.append({
                "group": group, "questions": len(chosen), "ndcg": float(answers.gains[chosen].mean()), "low": low,
                "high": high, "coverage": len(shown) / max(len(answers.item_ids), 1),
            })  # fmt: skip
        if rows:
            found[kind] = rows
    return found


def _sliders(answers: Answers, groups: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, float]]]:
    """For each attribute that a rule can even out: what each setting costs in NDCG, and how far apart shares stay."""
    found: dict[str, list[dict[str, float]]] = {}
    for name in FIELDS:
        if name not in groups or not len(answers.gains):
            continue
        members = np.array(groups[name], dtype=str)
        _, share_of = np.unique(members, return_inverse=True)
        even = np.bincount(share_of) / len(members)
        rows = []
        for slider in (0.0, *SLIDERS):
            gains, seen = [], np.zeros(len(even))
            for (codes, scores), wanted in zip(answers.scored, answers.targets, strict=True):
                shown = codes[evened(scores, members[codes].tolist(), slider, K)] if slider else codes[:K]
                gains.append(ndcg(shown, wanted, K))
                seen += np.bincount(share_of[shown], minlength=len(even))
            ratio, low, high = ratio_interval(np.array(gains), answers.gains, answers.visitors)
            gap = float(np.abs(seen / max(seen.sum(), 1) - even).sum() / 2)
            rows.append({"slider": slider, "ndcg": ratio, "low": low, "high": high, "gap": gap})
        found[name] = rows
    return found


def alerts(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups past a threshold, the worst first: shown too little or too much, or served certainly worse than all."""
    found = []
    for name, rows in result["exposure"].items():
        for row in rows:
            ratio = row["ratio"]
            if ratio is not None and row["demand"] >= WORTH_NAMING and not TOO_LITTLE <= ratio <= TOO_MUCH:
                what = "little" if ratio < TOO_LITTLE else "much"
                found.append({"what": what, "by": name, "group": row["group"], "value": ratio})
    for name, rows in result["quality"].items():
        for row in rows:
            if row["high"] < TOO_POOR * result["ndcg"]:
                value = row["ndcg"] / result["ndcg"]
                found.append({"what": "poor", "by": name, "group": row["group"], "value": value})
    return sorted(found, key=lambda one: min(one["value"], 1 / max(one["value"], 1e-9)))
