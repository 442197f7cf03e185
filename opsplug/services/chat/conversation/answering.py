"""Decides what the assistant says to one message, from the message, what came before and its collaborators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from opsplug.capture.answers import read_order
from opsplug.locales.formats import money, plain
from opsplug.models.sentiment import Sentiment
from opsplug.models.text.retrieval import CONFIDENT
from opsplug.services.chat.knowledge.grounding import Proposal
from opsplug.services.chat.knowledge.knowledge import Found
from opsplug.services.chat.knowledge.product_search import ProductSearch
from opsplug.services.chat.texts import say
from opsplug.services.chat.understanding.entities import Entities, entities, without_entities
from opsplug.services.chat.understanding.understanding import SMALL_TALK, Context, Understanding

log = logging.getLogger("opsplug")
_LIKELY = 0.35  # confidence from which an entry is worth offering as a question back
_ANGRY = -0.8  # polarity of a message that a person should read
_LOOP = 3  # times the same may be said in a row
_MISSES = 2  # turns without an answer before a person is called


class Recommend(Protocol):
    """`engine.recommend`, as far as it is needed: the result has `items`, each with `item_id` and `reason`."""

    def __call__(self, placement: str, **arguments: Any) -> Any: ...


class OrderLookup(Protocol):
    """The shop's `order_lookup`: an order's state for (order number, user id of the verified session), or None."""

    def __call__(self, number: str, user_id: str) -> Any: ...


class Phrasing(Protocol):
    """A language model as `chat_llm.LanguageModel` is one: a checked proposal, or None."""

    def propose(self, question: str, language: str, passages: Sequence[Found]) -> Proposal | None: ...


@dataclass(frozen=True)
class Collaborators:
    """What an answer may draw on; None where the shop has none."""

    knowledge: Callable[[str, str], Sequence[Found]]
    search: ProductSearch | None = None
    recommend: Recommend | None = None
    order_lookup: OrderLookup | None = None
    language_model: Phrasing | None = None
    valuable_cart: float = 0.0  # value from which a person is called at the first miss; 0: never


@dataclass(frozen=True)
class Asker:
    """Who asks. `user_id` is given only by a verified session; `cart_value` is read only where it decides."""

    anonymous_id: str = ""
    user_id: str | None = None
    cart_value: Callable[[], float] = lambda: 0.0


@dataclass(frozen=True)
class Answer:
    """`action`: answer, ask, search, recommend or handover; `trigger` says why a person is wanted, else empty."""

    action: str
    text: str
    confidence: float
    context: Context
    sources: tuple[str, ...] = ()
    items: tuple[Mapping[str, Any], ...] = ()
    suggestions: tuple[str, ...] = ()
    trigger: str = ""
    missed: bool = False


def answer(
    heard: Understanding, sentiment: Sentiment, context: Context, asker: Asker, helpers: Collaborators
) -> Answer:
    """Never an unsure answer given as a sure one; a language model is asked last, where nothing else answers."""
    told = _called(heard, sentiment) or _told(heard, context, asker, helpers)
    misses = context.misses + 1 if told.missed else 0
    repeats = context.repeats + 1 if told.text == context.last_reply and not told.trigger else 0
    after = replace(told.context, language=heard.language, misses=misses, repeats=repeats, last_reply=told.text)
    told = replace(told, context=after)
    if not told.trigger and misses >= _MISSES:
        return _to_person(heard, "low_confidence", after)
    if not told.trigger and misses and 0 < helpers.valuable_cart <= asker.cart_value():
        return _to_person(heard, "high_cart", after)
    if not told.trigger and repeats >= _LOOP - 1:
        return _to_person(heard, "loop", after)
    return told


def _called(heard: Understanding, sentiment: Sentiment) -> Answer | None:
    """Reasons for a person that come before any answer."""
    if heard.intent == "person":
        return _to_person(heard, "asked", Context())
    if heard.intent == "legal_or_safety":
        return _to_person(heard, "legal_or_safety", Context())
    if sentiment.polarity <= _ANGRY + (0.3 if heard.emphatic else 0.0):
        return _to_person(heard, "anger", Context())
    return None


def _to_person(heard: Understanding, trigger: str, context: Context) -> Answer:
    text = say("waiting", heard.language)
    if trigger == "anger":
        text = f"{say('sorry', heard.language)} {text}"
    return Answer("handover", text, 1.0, replace(context, misses=0, repeats=0), trigger=trigger)


def _told(heard: Understanding, context: Context, asker: Asker, helpers: Collaborators) -> Answer:
    if heard.suspicious:
        return _say(heard, "only_own_data", "answer", 1.0)
    if heard.intent == "empty" or heard.intent in SMALL_TALK:
        return _say(heard, heard.intent, "ask" if heard.intent == "empty" else "answer", 1.0)
    if heard.intent == "order_status" and heard.entities.order is not None:
        return _order(heard, heard.entities.order, asker, helpers.order_lookup)
    limits = heard.entities.below is not None or heard.entities.above is not None
    found = (
        () if heard.intent == "search" and (limits or context.search) else helpers.knowledge(heard.text, heard.language)
    )
    if found and found[0].confidence >= CONFIDENT:
        return Answer("answer", found[0].entry.answer, found[0].confidence, Context(), (found[0].entry.id,))
    if heard.intent == "order_status":
        if helpers.order_lookup is None:
            return _say(heard, "order_unsupported", "answer", 0.9)
        key = "which_order" if asker.user_id is not None else "order_login"
        return replace(_say(heard, key, "ask", 0.9), context=Context(awaits_order=asker.user_id is not None))
    if heard.intent == "recommend" and helpers.recommend is not None:
        return _recommend(heard, asker, helpers.recommend)
    return _products(heard, found, helpers) or _phrased(heard, found, helpers) or _unsure(heard, found)


def _say(heard: Understanding, key: str, action: str, confidence: float) -> Answer:
    return Answer(action, say(key, heard.language), confidence, Context())


def _order(heard: Understanding, number: str, asker: Asker, lookup: OrderLookup | None) -> Answer:
    """Only the shop's callback speaks of orders, and only to the user id of the verified session."""
    if lookup is None:
        return _say(heard, "order_unsupported", "answer", 0.9)
    if asker.user_id is None:
        return _say(heard, "order_login", "ask", 1.0)
    try:
        state = read_order(lookup(number, asker.user_id))
    except Exception as error:  # the shop's own code failed: the visitor is told, the shop sees it in its log
        log.error("opsplug: order_lookup failed", exc_info=error)
        return _say(heard, "order_failed", "answer", 0.5)
    if state is None:
        text = say("order_not_found", heard.language, number=number)
        return Answer("ask", text, 1.0, Context(awaits_order=True))
    return Answer(
        "answer", say("order_state", heard.language, number=number, state=state), 1.0, Context(), (f"order:{number}",)
    )


def _recommend(heard: Understanding, asker: Asker, recommend: Recommend) -> Answer:
    listed = recommend("home", user_id=asker.user_id, anonymous_id=asker.anonymous_id or None, k=3)
    items = tuple({"item_id": item.item_id, "reason": item.reason} for item in listed.items)
    key = "recommended" if items else "recommended_none"
    return Answer("recommend", say(key, heard.language), 0.8 if items else 0.3, Context(), items=items)


def _products(heard: Understanding, found: Sequence[Found], helpers: Collaborators) -> Answer | None:
    if helpers.search is None or heard.intent not in ("search", "question", "recommend"):
        return None
    limits = heard.entities
    items = tuple(helpers.search(heard.description, limits))
    likely = bool(found) and found[0].confidence >= _LIKELY
    if not items and heard.intent == "search" and not likely:
        return _nearest(heard, helpers.search)
    if not items or (heard.intent == "question" and likely):
        return None
    prices = [item["price"] for item in items if isinstance(item.get("price"), int | float)]
    context = Context(search=(heard.description, limits), cheapest_shown=min(prices, default=None))
    sources = tuple(f"item:{item['item_id']}" for item in items)
    return Answer("search", _listed("products_found", heard, items), 0.8, context, sources, items)


def _nearest(heard: Understanding, search: ProductSearch) -> Answer:
    """Nothing fits the price: say so and show the closest; never call it a match."""
    limits = heard.entities
    wider = tuple(search(heard.description, limits._replace(below=None, above=None))) if limits != Entities() else ()
    context = Context(search=(heard.description, limits._replace(below=None, above=None)))
    if not wider or limits.below is None:
        return Answer("search", say("products_none", heard.language), 0.5, context)
    shown = tuple(sorted(wider, key=lambda item: float(item.get("price") or 0)))
    text = _listed(
        "products_none_under",
        heard,
        shown,
        limit=plain(limits.below, heard.language),
    )
    return Answer("search", text, 0.6, context, tuple(f"item:{item['item_id']}" for item in shown), shown)


def _listed(key: str, heard: Understanding, items: Sequence[Mapping[str, Any]], **values: object) -> str:
    lines = [say(key, heard.language, **values)]
    for item in items:
        line, price = str(item.get("item_name") or item["item_id"]), item.get("price")
        if isinstance(price, int | float):
            cost = money(float(price), str(item.get("currency") or ""), heard.language)
            line = say("item_price", heard.language, item=line, price=cost)
        if not item.get("available", True):
            line = say("item_state", heard.language, item=line, state=say("unavailable", heard.language))
        lines.append(f"• {line}")
    return "\n".join(lines)


def _phrased(heard: Understanding, found: Sequence[Found], helpers: Collaborators) -> Answer | None:
    """Where the light path is not sure, a language model may propose what to do with the passages that were found."""
    model = helpers.language_model
    proposal = model.propose(heard.text, heard.language, found) if model is not None and found else None
    if proposal is None:
        return None
    if proposal.action == "handover":
        return _to_person(heard, "language_model", Context())
    if proposal.action == "search":
        wanted = replace(heard, intent="search", description=without_entities(proposal.text).strip())
        return _products(replace(wanted, entities=entities(proposal.text)), (), helpers)
    if not proposal.text:
        return None
    return Answer(proposal.action, proposal.text, CONFIDENT, Context(), proposal.sources)


def _unsure(heard: Understanding, found: Sequence[Found]) -> Answer:
    likely = tuple(one.entry.question for one in found if one.confidence >= _LIKELY)
    if likely:
        lines = [say("did_you_mean", heard.language), *(f"• {question}" for question in likely)]
        return Answer("ask", "\n".join(lines), found[0].confidence, Context(), suggestions=likely)
    confidence = found[0].confidence if found else 0.0
    return Answer("ask", say("unknown", heard.language), confidence, Context(), missed=True)
