"""`engine.recommend`: the visitor, candidates from the highest rung that can answer, the shop's rules, reasons."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsplug.errors import EventError, StoreError
from opsplug.services import rules as rule_book
from opsplug.services.asking import Known, acts_of, seconds
from opsplug.services.availability import Availability
from opsplug.services.catalog import Catalog, Snapshot
from opsplug.services.cold import ColdShop
from opsplug.services.experiments import in_holdout
from opsplug.services.ranking import DAY, Candidate, Question, Ranking, Source, rebuyable
from opsplug.services.reasons import reason_code, sentence
from opsplug.services.recommendation_id import PLACEMENTS, UNTRAINED, make_id
from opsplug.services.trained import Trained
from opsplug.training.artefacts import Artefacts
from opsplug.training.live import Live

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

MODEL = "recommendations"  # the artefact's name
MAX_K = 200
RULES_EVERY = 2.0  # seconds between two looks at the rules document


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item of a list; `reason` is a sentence for the shopper."""

    item_id: str
    score: float
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recommendations:
    """One list. `rung` says how much was known; `note` says why it is shorter than asked for, else it is empty."""

    recommendation_id: str
    rung: str
    model: str
    items: list[Recommendation]
    note: str = ""


@dataclass(slots=True)
class Trace:
    """What happened on the way to one list, for `explain`."""

    asked: Question | None = None
    candidates: list[Candidate] = field(default_factory=list)
    removed: dict[str, list[str]] = field(default_factory=dict)  # rule -> item ids
    milliseconds: float = 0.0

    def remove(self, rule: str, item_id: str) -> None:
        self.removed.setdefault(rule, []).append(item_id)


class Recommender:
    """Makes lists. Safe to share between threads; reads the store once for a visitor, at most 20 ms."""

    def __init__(
        self,
        store: Store,
        artefacts: Artefacts,
        catalog: Catalog,
        *,
        is_available: Callable[[Sequence[str]], Any] | None = None,
        language: str = "en",
        holdout: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        counters: Counters,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._is_available = is_available
        self._language = language
        self._holdout = holdout
        self._seed = seed
        self._clock = clock
        self._counters = counters
        self._known = Known(store, counters)
        self._cold = ColdShop(store, catalog)
        self._live = Live(artefacts, MODEL, lambda artefact: Trained(artefact, catalog), count=counters.add)
        self._rules: tuple[float, rule_book.Rules] = (-RULES_EVERY, rule_book.Rules())

    def recommend(
        self,
        placement: str = "home",
        item_id: str | None = None,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        history: Iterable[Any] = (),
        k: int = 8,
        now: datetime | float | None = None,
        exclude: Iterable[str] = (),
        candidates: Iterable[str] | None = None,
        repeats: bool = False,
        *,
        language: str | None = None,
        trace: Trace | None = None,
    ) -> Recommendations:
        """A list of at most `k` items for a placement (home, item, cart, order, search, article).

        `history` is item ids, `(item_id, time)` or `(item_id, time, event name)`, oldest first, added to what the store
        knows of the visitor. `candidates` limits the list, `repeats` permits things bought before. `EventError` for a
        wrong argument.
        """
        began = time.perf_counter()
        trace = trace if trace is not None else Trace()
        moment = self._clock() if now is None else seconds(now, "now")
        if placement not in PLACEMENTS:
            raise EventError(f"placement: {placement!r} is none of {', '.join(PLACEMENTS)}")
        if isinstance(k, bool) or not isinstance(k, int) or k < 0:
            raise EventError("k: a whole number of at least 0 is expected")
        snapshot = self._snapshot()
        page = None if item_id is None else str(item_id)
        question = self._question(
            placement, page, user_id, anonymous_id, acts_of(history, moment), moment, frozenset(map(str, exclude)),
            None if candidates is None else frozenset(map(str, candidates)), repeats, snapshot,
        )  # fmt: skip
        held_out = in_holdout(anonymous_id or user_id, self._holdout, self._seed)
        if held_out:
            question = replace(question, acts=(), item_id=None, placement="home")
        trace.asked = question
        rules = self._rules_now()
        trained = self._live.get()
        chosen, rung = self._list(question, trained, rules, snapshot, min(k, MAX_K), placement, page, trace)
        items = [self._shown(candidate, snapshot, language or self._language) for candidate in chosen]
        version = trained.version if trained else ""
        trace.milliseconds = (time.perf_counter() - began) * 1000
        return Recommendations(
            make_id(placement, rung, at=moment, version=version, holdout=held_out),
            rung,
            f"{MODEL}/{version}" if version else UNTRAINED,
            items,
            _note(len(items), k, snapshot),
        )

    def rules(self) -> rule_book.Rules:
        """The owner's rules as served."""
        return self._rules_now()

    def _question(
        self,
        placement: str,
        page: str | None,
        user_id: str | None,
        anonymous_id: str | None,
        told: list[tuple[str, float, int]],
        now: float,
        exclude: frozenset[str],
        candidates: frozenset[str] | None,
        repeats: bool,
        snapshot: Snapshot,
    ) -> Question:
        visitor = self._known.visitor(user_id, anonymous_id, told, now)
        banned = exclude | visitor.cart | visitor.unwanted
        if page is not None:
            banned |= {page}
        if not repeats:
            banned |= visitor.bought.keys() - rebuyable(visitor.bought, snapshot.rebuy_days, now)
        return Question(placement, page, visitor.acts, now, frozenset(banned), candidates, repeats)

    def _list(
        self,
        question: Question,
        trained: Trained | None,
        rules: rule_book.Rules,
        snapshot: Snapshot,
        k: int,
        placement: str,
        page: str | None,
        trace: Trace,
    ) -> tuple[list[Candidate], str]:
        """Walk down the ladder until k items are found that the shop's rules and its stock allow."""
        day = int(question.now // DAY)
        page_record = snapshot.records.get(page or "")
        available = Availability(self._is_available, self._counters)
        chosen: list[Candidate] = []
        rung = ""
        for source, step in self._steps(question, trained):
            limit = 4 * k + 20
            while len(chosen) < k:
                taken = step.banned | {candidate.item_id for candidate in chosen}
                ranking = self._ask(source, replace(step, banned=taken), limit)
                trace.candidates += ranking.candidates
                ranked = rule_book.weigh(
                    ranking.candidates, rules, snapshot.records, placement=placement, day=day, removed=trace.remove
                )
                ranked = available.filter(ranked, 2 * k + 8, trace.remove)
                ranked = [*chosen, *ranked]
                found = rule_book.choose(ranked, rules, snapshot.records, k, page=page_record, removed=trace.remove)
                rung = rung or (ranking.rung if found else "")
                exhausted = len(ranking.candidates) < limit
                chosen = found
                if exhausted or limit > 100_000:
                    break
                limit *= 8
            if len(chosen) >= k:
                break
        chosen = rule_book.pin(
            chosen, rules, k, placement=placement,
            allowed=lambda item: item not in question.banned and item in snapshot.sellable and available.one(item),
        )  # fmt: skip
        return chosen, rung or "catalogue"

    def _steps(self, question: Question, trained: Trained | None) -> Iterable[tuple[Source, Question]]:
        """Sources from the best informed to the least; things looked at before come where nothing else is left."""
        seen = frozenset(item for item, _, _ in question.acts)
        fresh = question if question.repeats else replace(question, banned=question.banned | seen)
        if trained is not None and (question.item_id is None or trained.knows(question.item_id)):
            yield trained, fresh
        yield self._cold, fresh
        if trained is not None:
            yield trained, question
        yield self._cold, question

    def _ask(self, source: Source, question: Question, limit: int) -> Ranking:
        try:
            return source.rank(question, limit)
        except Exception as error:  # a faulty model costs a rung, never the page
            log.error("opsplug: %s cannot rank, going down the ladder", type(source).__name__, exc_info=error)
            self._counters.add("errors.recommend")
            return Ranking([], "")

    def _snapshot(self) -> Snapshot:
        try:
            return self._catalog.snapshot()
        except StoreError:
            self._counters.add("errors.catalogue")
            return self._catalog.held

    def _rules_now(self) -> rule_book.Rules:
        read, rules = self._rules
        if time.monotonic() - read >= RULES_EVERY:
            try:
                rules = rule_book.parse_rules(self._store.get_document("rules", MODEL))
            except Exception as error:  # rules that cannot be read stay what they were
                log.error("opsplug: the rules cannot be read, the last ones stay", exc_info=error)
                self._counters.add("errors.rules")
            self._rules = (time.monotonic(), rules)
        return rules

    def _shown(self, candidate: Candidate, snapshot: Snapshot, language: str) -> Recommendation:
        code = reason_code(candidate.reason_code)
        records: Mapping[str, Mapping[str, Any]] = snapshot.records
        anchor = records.get(candidate.anchor) if candidate.anchor is not None else None
        reason = sentence(code, language, item=records.get(candidate.item_id), anchor=anchor)
        return Recommendation(candidate.item_id, round(candidate.score, 6), code, reason)


def _note(found: int, k: int, snapshot: Snapshot) -> str:
    if found >= k:
        return ""
    if not snapshot.records:
        return f"{found} of {k}: the catalogue is empty" if not found else f"{found} of {k}: no more items are known"
    return f"{found} of {k}: no other item is available, allowed by the rules and new to this visitor"
