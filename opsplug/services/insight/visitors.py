"""What a shop may ask about one visitor: profile, segment, probability to buy, probability that a buyer has left.

Answers are made of the visitor's own events when they are asked for, with the trained trees as plain arrays: they are
right after the last click, and nothing about the visitor outlives the events. A question that cannot be answered is
answered with the reason, never with an exception."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsplug.errors import OpsPlugError
from opsplug.events import Event
from opsplug.features.profiles import Profile, price_edges, profile
from opsplug.features.visitors import NAMES, visitor_features
from opsplug.models.visitors.propensity import PropensityModel
from opsplug.models.visitors.segments import rfm_segment
from opsplug.services.insight.feature_contributions import TEXTS, reason_text
from opsplug.services.insight.identities import People, one_person
from opsplug.training.run.artefacts import Artefact, Artefacts
from opsplug.training.run.live import Live
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.privacy.keys import Keys
    from opsplug.services.catalog import Catalog
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

KIND: Final = "insight"
LINE: Final = "visitor"


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved a probability: `effect` is what it adds (a share), `text` says it in the language asked for."""

    feature: str
    value: float | None
    effect: float
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A probability about one visitor, with its reasons.

    Attributes
    ----------
    probability : float or None
        0 to 1; None where there is none, and `note` says why.
    reasons : list of Reason
        The strongest first; `effect` is what one adds to the probability.
    horizon_days : float
        The time it is about.
    model : str
        Version of the model.
    trained_until, known_until : float or None
        Epoch seconds of the newest event that the model learned from, and of the visitor's newest that was read.
    note : str
        Why there is no probability.
    """

    probability: float | None
    reasons: list[Reason] = field(default_factory=list)
    horizon_days: float = 0.0
    model: str = ""
    trained_until: float | None = None
    known_until: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Served:
    """One version of the models: a head for each question that was good enough."""

    def __init__(self, artefact: Artefact) -> None:
        self.version = artefact.version
        self.trained_until = float(artefact.about.get("trained_until", 0.0))
        self.horizons: Mapping[str, float] = artefact.about.get("horizons", {})
        self.heads: dict[str, PropensityModel] = {}
        for name in ("buys", "churn"):
            own = {key.removeprefix(f"{name}/"): a for key, a in artefact.arrays.items() if key.startswith(f"{name}/")}
            if own:
                self.heads[name] = PropensityModel.load(own)


class VisitorInsight:
    """Safe to share between threads."""

    def __init__(
        self,
        store: Callable[[], Store],
        artefacts: Callable[[], Artefacts],
        catalog: Callable[[], Catalog],
        keys: Callable[[], Keys],
        counters: Counters,
        language: str = "en",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._artefacts = artefacts
        self._catalog = catalog
        self._people = People(store, keys)
        self._counters = counters
        self._language = language
        self._clock = clock
        self._live: Live[Served] | None = None
        self._tags: tuple[float, Mapping[str, Sequence[str]]] = (-1.0, {})
        self._edges: tuple[int, list[float]] = (-1, [])

    # ------------------------------------------------------------------ questions

    def propensity(self, visitor: str | int | None = None, *, now: float | None = None, language: str = "") -> Answer:
        """How probable it is that this visitor buys in the next 30 days. `visitor` is the shop's user id, an anonymous
        id or a pseudonym; inside a request it defaults to who is looking."""
        return self._ask("buys", visitor, now, language)

    def churn(self, visitor: str | int | None = None, *, now: float | None = None, language: str = "") -> Answer:
        """How probable it is that this buyer does not buy in the next 90 days (45 in a young shop)."""
        return self._ask("churn", visitor, now, language)

    def profile(self, visitor: str | int | None = None, *, now: float | None = None) -> Profile:
        """Interests, price band, recency, frequency, value, device and language; `to_dict()` for a file."""
        key, events = self._people.read(visitor)
        records = self._catalog().snapshot().records
        return profile(key, events, records, self.tags(), self._price_edges(), self._moment(now, events))

    def key_of(self, text: str) -> str:
        """What may stand in an address for what was typed: a key with events stays, all else becomes a pseudonym."""
        return self._people.key_of(text)

    def segment(self, visitor: str | int | None = None, *, now: float | None = None) -> str:
        """Key of the visitor's segment among buyers (see `models.segments.NAMES`), "" for none."""
        ranks = (self.document("visitors") or {}).get("ranks")
        if not ranks or not ranks[0]:
            return ""
        _, events = self._people.read(visitor)
        person = one_person(events)
        if not len(person):
            return ""
        seen = visitor_features(person, self._moment(now, events) + 1.0)
        recency, orders, value = (float(seen.column(name)[0]) for name in ("recency_days", "orders", "value"))
        return rfm_segment(recency, orders, value, ranks) if orders > 0 else ""

    # ------------------------------------------------------------------ what the stats page shows

    def document(self, name: str) -> Any:
        """What the daily job `forecasts`, `profiles` or `propensity` found: `forecasts`, `market`, `visitors`,
        `tags` or `propensity`; None before its first run."""
        return self._store().get_document(KIND, name)

    def visitors(self, segment: str = "", *, most: int = 50, by: str = "value") -> list[tuple[str, dict[str, Any]]]:
        """(pseudonym, line) of known visitors, the highest `by` (value, orders, buys, churn) first."""
        lines = [entry for entry in self._store().documents(LINE) if not segment or entry[1]["segment"] == segment]
        return sorted(lines, key=lambda entry: -(entry[1].get(by) or 0.0))[:most]

    def tags(self) -> Mapping[str, Sequence[str]]:
        """Item id -> the words that say what it is, learned from names and descriptions."""
        if self._clock() - self._tags[0] > 300:
            self._tags = (self._clock(), self.document("tags") or {})
        return self._tags[1]

    def pseudonym(self, user_id: str) -> str:
        """What the shop's own user id is called here."""
        return self._people.pseudonym(user_id)

    # ------------------------------------------------------------------ inside

    def _ask(self, question: str, visitor: str | int | None, now: float | None, language: str) -> Answer:
        try:
            return self._answer(question, visitor, now, language or self._language)
        except OpsPlugError as error:
            log.warning("opsplug: %s was not answered: %s", question, error)
            self._counters.add("insight_unanswered")
            return self._unanswered("failed", language)

    def _answer(self, question: str, visitor: str | int | None, now: float | None, language: str) -> Answer:
        served = self._served()
        head = served.heads.get(question) if served is not None else None
        if served is None or head is None:
            told = ((self.document("propensity") or {}).get("questions") or {}).get(question)
            note = "untrained" if not told else "worse" if "metrics" in told else "too_little"
            return self._unanswered(note, language)
        _, events = self._people.read(visitor)
        person = one_person(events)
        if not len(person):
            return self._unanswered("unknown", language)
        moment = self._moment(now, events)
        seen = visitor_features(person, moment + 1.0)
        if not len(seen.visitors):
            return self._unanswered("unknown_then", language)
        if question == "churn" and not seen.column("orders")[0] > 0:
            return self._unanswered("not_bought", language)
        table = dict(zip(NAMES, seen.matrix.T, strict=True))
        reasons = [
            Reason(name, _known(table[name][0]), round(effect, 4), reason_text(name, table[name][0], language))
            for name, effect in head.explain(table)[0]
            if abs(effect) >= 0.002
        ]
        probability = round(float(head.predict_proba(table)[0, 1]), 4)
        horizon = float(served.horizons.get(question, 0.0))
        return Answer(probability, reasons, horizon, served.version, served.trained_until, person.newest)

    def _unanswered(self, note: str, language: str) -> Answer:
        return Answer(None, note=str(TEXTS[language or self._language]["notes"][note]))

    def _served(self) -> Served | None:
        if self._live is None:
            self._live = Live(self._artefacts(), "propensity", Served, count=self._counters.add)
        return self._live.get()

    def _moment(self, now: float | None, events: Sequence[Event]) -> float:
        """Now; of an old log, whose model looks at the log's end, that end."""
        if now is not None:
            return now
        served = self._served()
        newest = max((event.timestamp / 1000 for event in events), default=0.0)
        told = self.document("visitors") if served is None else None
        ends = served.trained_until if served is not None else float(told["until"]) if told else self._clock()
        today = self._clock()
        return today if today - ends < 14 * DAY else max(ends, newest)

    def _price_edges(self) -> list[float]:
        snapshot = self._catalog().snapshot()
        if self._edges[0] != snapshot.version:
            self._edges = (snapshot.version, price_edges(snapshot.records))
        return self._edges[1]


def _known(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def build(parts: Any) -> VisitorInsight:
    """Out of an engine's parts."""
    return VisitorInsight(
        lambda: parts.store, lambda: parts.artefacts, lambda: parts.catalog, lambda: parts.keys, parts.counters,
        parts.settings.language,
    )  # fmt: skip
