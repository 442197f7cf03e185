"""`engine.recommend`: the visitor, candidates from the highest rung that can answer, the shop's rules, reasons."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsplug.errors import EventError, OpsPlugError, StoreError
from opsplug.features.interactions import CART
from opsplug.features.recommendation_id import HEAD, PLACEMENTS, UNTRAINED, make_id
from opsplug.services.catalog import Catalog
from opsplug.services.recommend import rules as rule_book
from opsplug.services.recommend.availability import Stock
from opsplug.services.recommend.fallback_chain import FallbackChain, Trace
from opsplug.services.recommend.holdout import in_holdout
from opsplug.services.recommend.query import TIMEOUT, Known, acts_of, id_of, listed, seconds
from opsplug.services.recommend.ranking import Candidate, Question, Visitor, rebuyable
from opsplug.services.recommend.reason_sentences import reason_code, sentence
from opsplug.services.recommend.slot_rankers import Slots
from opsplug.services.recommend.trained import Trained
from opsplug.services.recommend.untrained import UntrainedRecommender
from opsplug.services.snapshot import Snapshot
from opsplug.training.run.artefacts import Artefacts
from opsplug.training.run.live import Live

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

MODEL = "recommendations"  # the artefact's name
MAX_K = 200
RULES_EVERY = 2.0  # seconds between two looks at the rules document


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item of a list.

    Attributes
    ----------
    item_id : str
    score : float
        Higher is better; comparable within one list only.
    reason_code : str
        Why it is there, for machines.
    reason : str
        The same as a sentence for the shopper.
    """

    item_id: str
    score: float
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recommendations:
    """One list of recommendations.

    Attributes
    ----------
    recommendation_id : str
        Names the list in later events, so that clicks and orders are credited to it.
    rung : str
        How much was known: catalogue, popular, item, session or personal.
    model : str
        Name and version of the model, `untrained` before the first training.
    items : list of Recommendation
        Best first.
    note : str
        Why the list is shorter than asked for; empty when it is not.
    """

    recommendation_id: str
    rung: str
    model: str
    items: list[Recommendation]
    note: str = ""


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
        history_timeout: float = TIMEOUT,
        counters: Counters,
    ) -> None:
        self._store = store
        self._artefacts = artefacts
        self._catalog = catalog
        self._language = language
        self._holdout = holdout
        self._seed = seed
        self._clock = clock
        self._counters = counters
        self._known = Known(store, counters, history_timeout)
        self._fallback_chain = FallbackChain(
            UntrainedRecommender(store, catalog, clock=clock), Stock.of(is_available, counters), counters
        )
        self._live = Live(artefacts, MODEL, lambda artefact: Trained(artefact, catalog), count=counters.add)
        self._slots = Slots(artefacts, seed, count=counters.add)
        self._rules: tuple[float, rule_book.Rules] = (-RULES_EVERY, rule_book.Rules())

    def recommend(
        self, placement: str = "home", item_id: str | None = None, user_id: str | None = None,
        anonymous_id: str | None = None, history: Iterable[Any] = (), k: int = 8, now: datetime | float | None = None,
        exclude: Iterable[str] = (), candidates: Iterable[str] | None = None, repeats: bool = False, *,
        cart: Iterable[str] = (), language: str | None = None, trace: Trace | None = None, version: str | None = None,
        slots: str | None = None, rules: rule_book.Rules | None = None,
    ) -> Recommendations:  # fmt: skip
        """A list of at most `k` items for a placement (home, item, cart, order, search, article).

        `history` is item ids, `(item_id, time)` or `(item_id, time, event name)`, oldest first, added to what the store
        knows of the visitor; `cart` is what lies in the cart beyond the visitor's cart events. `candidates` limits the
        list, `repeats` permits things bought before, `version` asks a certain version of the model and `slots` one of
        the slot ranker ("": none), `rules` replaces the stored ones. `EventError` for a wrong argument.
        """
        began = time.perf_counter()
        moment = self._clock() if now is None else seconds(now, "now")
        _check(placement, k)
        snapshot = self._snapshot()
        told = acts_of(history, moment) + [(id_of(item), moment, CART) for item in listed(cart, "cart")]
        visitor = self._known.visitor(user_id, anonymous_id, told, moment)
        again = [] if repeats else rebuyable(visitor.bought, snapshot.rebuy_days, moment)
        trace = trace if trace is not None else Trace()
        trace.asked = _question(visitor, moment, placement, item_id, exclude, candidates, repeats, again)
        trained = self.model(version)
        who = anonymous_id or user_id or ""
        held_out = trained is not None and in_holdout(who or None, self._holdout, self._seed)
        chosen, rung = self._fallback_chain.fill(
            trace.asked, trained, self.rules() if rules is None else rules, snapshot, min(k, MAX_K), holdout=held_out,
            again=again, trace=trace, slot=None if held_out else self._slots.get(placement, who, slots), who=who,
        )  # fmt: skip
        items = [_shown(candidate, snapshot, language or self._language) for candidate in chosen]
        trace.milliseconds = (time.perf_counter() - began) * 1000
        name = make_id(
            placement, rung, at=moment, version=trained.version if trained else "", slots=trace.slots,
            ranks=trace.ranks([item.item_id for item in items[:HEAD]]), holdout=held_out, known=bool(who),
        )  # fmt: skip
        model = f"{MODEL}/{trained.version}" if trained else UNTRAINED
        return Recommendations(name, rung, model, items, _note(len(items), k, snapshot))

    def model(self, version: str | None = None) -> Trained | None:
        """The model that serves, or a certain version of it (`ArtefactError` when it is gone)."""
        live = self._live.get()
        if version is None or (live is not None and live.version == version):
            return live
        return Trained(self._artefacts.load(MODEL, version), self._catalog)

    def rules(self) -> rule_book.Rules:
        """The owner's rules, read again every two seconds; those that cannot be read stay what they were."""
        read, rules = self._rules
        if time.monotonic() - read >= RULES_EVERY:
            try:
                rules = rule_book.parse_rules(self._store.get_document("rules", MODEL))
            except OpsPlugError as error:
                log.error("opsplug: the rules cannot be read, the last ones stay: %s", error)
                self._counters.add("errors.rules")
            self._rules = (time.monotonic(), rules)
        return rules

    def _snapshot(self) -> Snapshot:
        try:
            return self._catalog.snapshot()
        except StoreError as error:
            log.error("opsplug: the catalogue cannot be read, the last one stays: %s", error)
            self._counters.add("errors.catalogue")
            return self._catalog.held


def _check(placement: str, k: int) -> None:
    if placement not in PLACEMENTS:
        raise EventError(f"placement: {placement!r} is none of {', '.join(PLACEMENTS)}")
    if isinstance(k, bool) or not isinstance(k, int) or k < 0:
        raise EventError("k: a whole number of at least 0 is expected")


def _question(
    visitor: Visitor, moment: float, placement: str, item_id: str | None, exclude: Iterable[str],
    candidates: Iterable[str] | None, repeats: bool, again: Iterable[str],
) -> Question:  # fmt: skip
    """What is asked, and what must not be in the answer: the page's item, the cart, the unwanted and the bought."""
    page = None if not item_id else id_of(item_id)
    hidden = visitor.cart | visitor.unwanted | set(map(id_of, listed(exclude, "exclude"))) | ({page} if page else set())
    if not repeats:
        hidden |= visitor.bought.keys() - set(again)
    limit = None if candidates is None else frozenset(map(id_of, listed(candidates, "candidates")))
    return Question(placement, page, visitor.acts, moment, frozenset(hidden), limit, repeats)


def _shown(candidate: Candidate, snapshot: Snapshot, language: str) -> Recommendation:
    code = reason_code(candidate.reason_code)
    anchor = snapshot.records.get(candidate.anchor) if candidate.anchor is not None else None
    reason = sentence(code, language, item=snapshot.records.get(candidate.item_id), anchor=anchor)
    return Recommendation(candidate.item_id, round(candidate.score, 6), code, reason)


def _note(found: int, k: int, snapshot: Snapshot) -> str:
    if found >= k:
        return ""
    if found >= MAX_K:
        return f"{found} of {k}: a list holds at most {MAX_K}"
    if not snapshot.records:
        return f"{found} of {k}: the catalogue is empty" if not found else f"{found} of {k}: no more items are known"
    return f"{found} of {k}: no other item is available, allowed by the rules and new to this visitor"
