"""Why a list was as it was: asked again with the history, model and moment of then; nothing is stored per answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsplug.errors import ArtefactError, EventError
from opsplug.events import Event
from opsplug.features.recommendation_id import ELSEWHERE, HEAD, UNTRAINED, Made, read_id
from opsplug.models.rerank.list_ranker import artefact_name
from opsplug.services.recommend.fallback_chain import Trace
from opsplug.services.recommend.recommender import MODEL, Recommendations, Recommender
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts

REACH_MS = 7 * DAY_MS  # after it was made, a list may still be seen (a cached page)


@dataclass(slots=True)
class Explanation:
    """`shown` is what the visitor saw; `again` and `trace` the same question asked now; `doubts` what may differ."""

    made: Made
    shown: list[str]
    again: Recommendations
    trace: Trace
    contributions: dict[str, dict[str, float]]
    doubts: list[str] = field(default_factory=list)


def explain(store: Store, artefacts: Artefacts, recommender: Recommender, recommendation_id: str) -> Explanation:
    """Find where the list was seen and make it again. `EventError` for an id that is not ours."""
    made = read_id(recommendation_id)
    if made is None:
        raise EventError(f"recommendation_id: {recommendation_id!r} was not made by opsplug")
    doubts: list[str] = []
    seen = impressions(store, recommendation_id, made)
    shown = list(dict.fromkeys(item.item_id for event in seen for item in event.items))
    if not seen and made.known:
        doubts.append("nobody was reported to have seen this list, so the visitor is unknown")
    event = seen[0] if seen else None
    visitor = event if event is not None and made.known else None
    page = _page(store, event) if event is not None and made.placement == "item" else None
    if made.placement == "item" and page is None:
        doubts.append("the item of the page is unknown")
    changed = store.get_document("rules_changed", MODEL)
    if changed and changed["at"] > made.at:
        doubts.append("the rules were changed since; what is shown are the rules of now")
    version = _version(artefacts, made, doubts)
    slots = _slots(artefacts, made, doubts)
    for length in _lengths(made, len(shown)):
        trace = Trace()
        again = recommender.recommend(
            made.placement, page, visitor.user_id if visitor else None, visitor.anonymous_id if visitor else None,
            k=length, now=float(made.at), trace=trace, version=version, slots=slots,
        )  # fmt: skip
        if _ranks(trace, again) == made.ranks and {item.item_id for item in again.items}.issuperset(shown):
            break
    else:
        if not doubts:
            doubts.append("it comes out differently than then: stock, catalogue or what the page excluded has changed")
    model = recommender.model(version) if version else None
    candidates = [candidate.item_id for candidate in trace.candidates[:50]]
    asked = trace.asked
    contributions = model.contributions(asked, candidates) if model is not None and asked is not None else {}
    return Explanation(made, shown, again, trace, contributions, doubts)


def _lengths(made: Made, shown: int) -> list[int]:
    """How long the list may have been, the usual length first. An id tells it where the last places are no others'."""
    named = max((place + 1 for place, rank in enumerate(made.ranks) if rank != ELSEWHERE), default=1)
    return list(range(max(shown, HEAD), max(shown, named, 1) - 1, -1))


def _ranks(trace: Trace, found: Recommendations) -> tuple[int, ...]:
    ranks = trace.ranks([item.item_id for item in found.items[:HEAD]])
    return (*ranks, *[ELSEWHERE] * (HEAD - len(ranks)))


def impressions(store: Store, recommendation_id: str, made: Made) -> list[Event]:
    """The events in which this list was seen, the first visitor's only: a cached page shows one list to many."""
    since = made.at * 1000 - DAY_MS
    found: list[Event] = []
    for batch in store.read_events(
        since_ms=since, until_ms=since + REACH_MS + DAY_MS, names=("view_item_list",), audience=None
    ):
        found += [event for _, event in batch if event.properties.get("recommendation_id") == recommendation_id]
    return [event for event in found if event.visitor == found[0].visitor]


def _page(store: Store, event: Event) -> str | None:
    """The item of the page that the list stood on: the visitor's last look at one before it."""
    if event.visitor is None:
        return None
    looks = store.history([event.visitor], limit=50, names=("view_item",), timeout=1.0)
    before = [look for look in looks if look.timestamp <= event.timestamp and look.items]
    same = [look for look in before if look.page_view_id and look.page_view_id == event.page_view_id]
    chosen = (same or before)[-1:]
    return chosen[0].items[0].item_id if chosen else None


def _version(artefacts: Artefacts, made: Made, doubts: list[str]) -> str | None:
    if made.model == UNTRAINED:
        if artefacts.current(MODEL) is not None:
            doubts.append("it was made before the first training; what is shown is the model of now")
        return None
    version = _kept(artefacts, MODEL, made.model)
    if version is not None:
        return version
    doubts.append(f"the model {made.model} is no longer kept; what is shown is the model of now")
    current = artefacts.current(MODEL)
    if current is None:
        raise ArtefactError(f"models: the model {made.model} that made this list is no longer kept, nor any other")
    return current


def _slots(artefacts: Artefacts, made: Made, doubts: list[str]) -> str:
    """The slot ranker that re-ordered the list, "" for none."""
    if not made.slots:
        return ""
    version = _kept(artefacts, artefact_name(made.placement), made.slots)
    if version is None:
        doubts.append(f"the slot ranker {made.slots} is no longer kept; what is shown is the order of the mix")
    return version or ""


def _kept(artefacts: Artefacts, name: str, tag: str) -> str | None:
    """The version of `name` that ends in these eight digits, where it is still whole."""
    for version in artefacts.versions(name):
        if version.version.endswith(f"-{tag}") and not version.problem:
            return version.version
    return None
