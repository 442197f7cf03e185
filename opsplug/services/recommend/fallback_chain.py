"""The fallback chain: fill a list from the best informed source on, under the shop's rules and stock."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from opsplug.features.recommendation_id import ELSEWHERE
from opsplug.services.recommend import rules as rule_book
from opsplug.services.recommend.availability import Availability, Stock
from opsplug.services.recommend.diversity import Caps
from opsplug.services.recommend.ranking import Candidate, Question, Ranking, Source
from opsplug.services.recommend.slot_rankers import Slot
from opsplug.services.recommend.trained import Trained
from opsplug.services.recommend.untrained import UntrainedRecommender
from opsplug.services.snapshot import Snapshot
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")

PLAIN = rule_book.Rules()
WIDEST = 100_000  # candidates at which a source has been asked enough
AGAIN_FROM = 2  # place of the first thing to buy again
AGAIN_ON = ("home", "cart", "order")


@dataclass(slots=True)
class Trace:
    """What happened on the way to one list, for `explain`."""

    asked: Question | None = None
    candidates: list[Candidate] = field(default_factory=list)
    removed: dict[str, list[str]] = field(default_factory=dict)  # rule -> item ids
    mix: list[str] = field(default_factory=list)  # the first candidates before the slot ranker moved any
    slots: str = ""  # version of the slot ranker that did
    milliseconds: float = 0.0

    def remove(self, rule: str, item_id: str) -> None:
        self.removed.setdefault(rule, []).append(item_id)

    def ranks(self, ids: Sequence[str]) -> list[int]:
        """Where the mix had put these items."""
        return [self.mix.index(item_id) if item_id in self.mix else ELSEWHERE for item_id in ids]


class FallbackChain:
    """Fills lists from the trained mix where there is one, and from what an untrained shop knows."""

    def __init__(
        self,
        untrained: UntrainedRecommender,
        stock: Stock | None,
        counters: Counters,
    ) -> None:
        self._untrained = untrained
        self._stock = stock
        self._counters = counters

    def fill(
        self,
        question: Question,
        trained: Trained | None,
        rules: rule_book.Rules,
        snapshot: Snapshot,
        k: int,
        *,
        holdout: bool,
        again: Sequence[str],
        trace: Trace,
        slot: Slot | None = None,
        who: str = "",
    ) -> tuple[list[Candidate], str]:
        """The k to show and the rung. `holdout`: as if nothing were known of the visitor; `again`: what is due.

        `slot` re-orders the first candidates for `who`.
        """
        builder = _ListBuilder(question, rules, snapshot, Availability(self._stock), trace)
        asked = replace(question, acts=(), item_id=None, placement="home") if holdout else question
        chosen: list[Candidate] = []
        rung = ""
        for source, step in self._steps(asked, trained):
            limit = 2 * k + 4 if rules == PLAIN else 6 * k + 20  # each candidate's reason costs microseconds
            while len(chosen) < k and limit <= WIDEST:
                taken = step.excluded.union((candidate.item_id for candidate in chosen), builder.at_their_caps(chosen))
                ranking = self._ask(source, replace(step, excluded=taken), limit)
                if not trace.mix and ranking.candidates:
                    trace.mix = [candidate.item_id for candidate in ranking.candidates[:ELSEWHERE]]
                    if slot is not None and not holdout:
                        trace.slots = slot.version
                        ranking = Ranking(slot.reorder(ranking, step, snapshot, who, k), ranking.rung)
                chosen = builder.choose(chosen, ranking.candidates, k)
                rung = rung or (ranking.rung if chosen else "")
                limit = 8 * limit if len(ranking.candidates) >= limit else WIDEST + 1
            if len(chosen) >= k:
                break
        if not holdout and question.placement in AGAIN_ON:
            chosen = builder.offer_again(chosen, again, k)
        return builder.pin(chosen, k), rung or "catalogue"

    def _steps(self, question: Question, trained: Trained | None) -> Iterable[tuple[Source, Question]]:
        """Sources from the best informed to the least; things looked at before come where nothing else is left."""
        seen = frozenset(item for item, _, _ in question.acts)
        unseen = question if question.repeats else replace(question, excluded=question.excluded | seen)
        if trained is not None and (question.item_id is None or trained.knows(question.item_id)):
            yield trained, unseen
        yield self._untrained, unseen
        if seen and not question.repeats:
            if trained is not None:
                yield trained, question
            yield self._untrained, question

    def _ask(self, source: Source, question: Question, limit: int) -> Ranking:
        try:
            return source.rank(question, limit)
        except Exception as error:  # a faulty model costs a rung, never the page
            log.error("opsplug: %s cannot rank, the next source is asked", type(source).__name__, exc_info=error)
            self._counters.add("errors.recommend")
            return Ranking([], "")


class _ListBuilder:
    """What may stand in one list: the shop's rules and its stock."""

    def __init__(
        self, question: Question, rules: rule_book.Rules, snapshot: Snapshot, available: Availability, trace: Trace
    ) -> None:
        self._question = question
        self._rules = rules
        self._snapshot = snapshot
        self._records: Mapping[str, Mapping[str, Any]] = snapshot.records
        self._available = available
        self._trace = trace

    def choose(self, chosen: Sequence[Candidate], candidates: Sequence[Candidate], k: int) -> list[Candidate]:
        """Add to `chosen` from further candidates, up to k."""
        question, remove = self._question, self._trace.remove
        self._trace.candidates += candidates
        ranked = rule_book.weigh(
            candidates, self._rules, self._records, placement=question.placement, day=int(question.now // DAY),
            removed=remove,
        )  # fmt: skip
        ranked = self._available.filter(ranked, 2 * k + 8, remove)
        page = self._records.get(question.item_id or "")
        return rule_book.choose(ranked, self._rules, self._records, k, chosen=chosen, page=page, removed=remove)

    def at_their_caps(self, chosen: Sequence[Candidate]) -> Iterable[str]:
        """The items of the groups whose cap is reached: to ask for them again would cost, and bring nothing."""
        if not chosen:
            return ()
        caps = Caps(self._rules.caps, self._records, self._records.get(self._question.item_id or ""))
        for candidate in chosen:
            caps.take(candidate.item_id)
        return chain.from_iterable(self._snapshot.members(*group) for group in caps.at_their_caps())

    def offer_again(self, chosen: Sequence[Candidate], again: Sequence[str], k: int) -> list[Candidate]:
        """Consumables whose re-buy window is over take a quarter of the places, from the third on."""
        due = [Candidate(item, 1.0, "buy_again") for item in again if self._allowed(item)][: max(1, k // 4)]
        ids = {candidate.item_id for candidate in due}
        rest = [candidate for candidate in chosen if candidate.item_id not in ids]
        return [*rest[:AGAIN_FROM], *due, *rest[AGAIN_FROM:]][:k]

    def pin(self, chosen: Sequence[Candidate], k: int) -> list[Candidate]:
        return rule_book.pin(chosen, self._rules, k, placement=self._question.placement, allowed=self._allowed)

    def _allowed(self, item: str) -> bool:
        question = self._question
        known = item in self._snapshot.sellable and (question.candidates is None or item in question.candidates)
        blocked = rule_book.blocked(item, self._records.get(item, {}), self._rules.block)
        return known and not blocked and item not in question.excluded and self._available.one(item)
