"""Champion and challenger: a new model is served only when, on the shop's own later events, it is not worse.

Rolling time splits. At each cut the challenger is fitted on what was known then and asked at real later moments;
popularity answers the same questions, and so does the model in use wherever it had not seen the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.features.items import Catalogue
from opsplug.models.recommend.evaluation import Question, ndcg, questions, ratio_interval
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker

CUTS = (0.1, 0.2)  # newest share of the log that is kept aside
LARGE = 300_000  # events from which one cut is enough, and more would cost too much
QUESTIONS = 600  # at all cuts together
MIN_QUESTIONS = 50  # questions below which nobody can be called worse
MIN_EVENTS = 200
K = 10
Answer = Callable[[Question], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Champion:
    """The model in use, and the time (epoch seconds) of the newest event that it was trained on."""

    ranker: Ranker
    trained_until: float


@dataclass(slots=True)
class Verdict:
    """`promote` and the sentence that says why; metrics of the challenger, and of popularity and the champion."""

    promote: bool
    reason: str
    metrics: dict[str, float] = field(default_factory=dict)
    baseline: dict[str, float] = field(default_factory=dict)


def judge(
    log: Interactions,
    items: Catalogue,
    *,
    champion: Champion | None = None,
    seed: int = 0,
    budget_s: float | None = None,
    fit: Callable[..., Mix] = Mix.fit,
) -> Verdict:
    """Evaluate what `fit` makes of this log, and decide whether it may be served."""
    if len(log) < MIN_EVENTS:
        return Verdict(
            True, f"too few events to judge ({len(log)} of {MIN_EVENTS}); it rests on the catalogue and counts"
        )
    cuts = _cuts(log, champion, seed)
    board = _Board()
    for cut in cuts:
        past = log.before(cut)
        if len(past) < MIN_EVENTS // 2:
            continue
        budget = None if budget_s is None else budget_s / len(cuts)
        ranker = fit(past, items, now=cut, seed=seed, budget_s=budget).ranker()
        asked = _asked(log, cut, QUESTIONS // len(cuts), seed)
        rival = champion if champion is not None and champion.trained_until < cut else None
        board.ask(log, ranker, asked, rival)
    return board.verdict()


def _cuts(log: Interactions, champion: Champion | None, seed: int) -> list[float]:
    """When to split. Where enough was asked since the model in use was trained, its moment is a cut."""
    cuts = sorted({float(np.quantile(log.times, 1 - share)) for share in (CUTS[:1] if len(log) > LARGE else CUTS)})
    if champion is not None and cuts[-1] < champion.trained_until < log.newest:
        moment = float(np.nextafter(champion.trained_until, np.inf))
        if len(_asked(log, moment, MIN_QUESTIONS, seed)) >= MIN_QUESTIONS:
            cuts[-1] = moment
    return cuts


def _asked(log: Interactions, cut: float, most: int, seed: int) -> list[Question]:
    return [question for question in questions(log, cut, most=most, seed=seed) if len(question.targets)]


class _Board:
    """Gains of all questions so far. Questions of one visitor at different cuts count as one visitor."""

    def __init__(self) -> None:
        self.ours: list[float] = []
        self.popular: list[float] = []
        self.rivals: list[float] = []  # NaN where the model in use may not be asked
        self.hits: list[float] = []
        self.visitors: list[int] = []
        self.shown: set[int] = set()
        self.size = 1

    def ask(self, log: Interactions, ranker: Ranker, asked: list[Question], rival: Champion | None) -> None:
        to_ranker = ranker.codes(log.item_ids)
        popular = popular_items(ranker)
        theirs = _translated(rival.ranker, log, ranker) if rival is not None else None
        self.size = max(self.size, len(ranker.item_ids))
        for question in asked:
            moved = _recoded(question, to_ranker)
            shown = _answer(ranker, moved)
            self.shown.update(shown.tolist())
            self.ours.append(ndcg(shown, moved.targets, K))
            self.hits.append(float(np.isin(shown, moved.targets).any()))
            self.popular.append(ndcg(popular[~np.isin(popular, moved.seen)][:K], moved.targets, K))
            self.rivals.append(np.nan if theirs is None else ndcg(theirs(question), moved.targets, K))
            self.visitors.append(question.visitor)

    def verdict(self) -> Verdict:
        ours, popular, rivals = np.array(self.ours), np.array(self.popular), np.array(self.rivals)
        visitors = np.array(self.visitors, np.int64)
        if not len(ours):
            return Verdict(True, "no visitor came back in the newest part of the log, so nothing can be compared")
        ratio, low, high = ratio_interval(ours, popular, visitors)
        metrics = {
            "ndcg@10": float(ours.mean()), "hr@10": float(np.mean(self.hits)),
            "coverage@10": len(self.shown) / self.size,
            "questions": float(len(ours)), "to_popularity": ratio, "to_popularity_low": low, "to_popularity_high": high,
        }  # fmt: skip
        baseline = {"ndcg@10": float(popular.mean())}
        compared = np.flatnonzero(~np.isnan(rivals))
        if len(compared):
            change, below, above = ratio_interval(ours[compared], rivals[compared], visitors[compared])
            metrics |= {"to_champion": change, "to_champion_low": below, "to_champion_high": above}
            baseline["champion_ndcg@10"] = float(rivals[compared].mean())
        return Verdict(*_decide(metrics, len(compared)), metrics, baseline)


def _decide(metrics: dict[str, float], compared: int) -> tuple[bool, str]:
    asked = int(metrics["questions"])
    if asked < MIN_QUESTIONS:
        return True, f"too few questions to call it worse ({asked} of {MIN_QUESTIONS})"
    if metrics["to_popularity"] < 1:
        return False, f"worse than popularity: {metrics['to_popularity']:.2f} of its NDCG over {asked} questions"
    if compared >= MIN_QUESTIONS and metrics["to_champion_high"] < 1:
        return False, f"worse than the model in use: {metrics['to_champion']:.2f} of its NDCG over {compared} questions"
    return True, f"{metrics['to_popularity']:.2f} times the NDCG of popularity over {asked} questions"


def popular_items(ranker: Ranker) -> NDArray[np.int64]:
    """All items by decayed popularity, best first: the baseline's whole answer."""
    return np.argsort(-ranker.popularity, kind="stable")


def _answer(ranker: Ranker, question: Question) -> NDArray[np.int64]:
    query = question.query
    history = list(zip(query.items.tolist(), query.times.tolist(), query.kinds.tolist(), strict=True))
    return ranker.rank(history, now=query.now, k=K, exclude=question.seen).codes


def _recoded(question: Question, table: NDArray[np.int64]) -> Question:
    """The same question in another vocabulary; items unknown there get code -1, which no answer can hold."""
    query = question.query
    items = table[query.items]
    known = items >= 0
    moved = replace(query, items=items[known], times=query.times[known], kinds=query.kinds[known], memo={})
    return replace(
        question, query=moved, targets=table[question.targets], again=table[question.again], seen=table[question.seen]
    )


def _translated(theirs: Ranker, log: Interactions, ours: Ranker) -> Answer:
    """The champion's answer in the challenger's codes."""
    to_theirs, back = theirs.codes(log.item_ids), ours.codes(theirs.item_ids)

    def answer(question: Question) -> NDArray[np.int64]:
        return back[_answer(theirs, _recoded(question, to_theirs))]

    return answer
