"""Decides what the assistant says to one message, from the message, what came before and its collaborators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from opsplug.capture.answers import read_order
from opsplug.locales.formats import money, plain
from opsplug.models.text.passages import excerpt
from opsplug.models.text.retrieval import CONFIDENT, VERBATIM
from opsplug.models.text.sentiment import Sentiment
from opsplug.services.chat.conversation.questions import known, ordinal
from opsplug.services.chat.knowledge.grounding import Proposal
from opsplug.services.chat.knowledge.knowledge import Found
from opsplug.services.chat.knowledge.product_search import ProductSearch
from opsplug.services.chat.texts import say
from opsplug.services.chat.understanding.entities import Entities, entities, without_entities
from opsplug.services.chat.understanding.patterns import URGENT
from opsplug.services.chat.understanding.understanding import SMALL_TALK, Context, Understanding

log = logging.getLogger("opsplug")
_LIKELY = 0.35  # confidence from which an entry is worth offering as a question back
_POSSIBLE = 0.15  # confidence from which another is offered beside it
_LIKENESS = 0.5  # cosine from which a product means what is looked for
_NAME_WORDS = 2
_ANGRY = -0.8  # polarity of a message that a person should read
_LOOP = 3  # times the same may be said in a row
_MISSES = 2  # turns without an answer before a person is called
LONGEST_ANSWER = {"en": 600, "zh": 250}  # characters of an entry that are said whole


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
    recent_orders: Callable[[str], Sequence[tuple[str, str]]] | None = None  # (number, state) of a user id's
    emergency: str = ""  # the telephone number that people in danger are given


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
    foreword: str = ""  # what is said before a handover's notice, whoever is there


def answer(
    heard: Understanding, sentiment: Sentiment, context: Context, asker: Asker, helpers: Collaborators
) -> Answer:
    """Never an unsure answer given as a sure one; a language model is asked last, where nothing else answers."""
    told = _called(heard, sentiment, helpers) or _told(heard, context, asker, helpers)
    is_remark = heard.intent in SMALL_TALK and not told.missed
    misses = context.misses + 1 if told.missed else context.misses if is_remark else 0
    repeats = context.repeats + 1 if told.text == context.last_reply and not told.trigger else 0
    after = replace(told.context, language=heard.language, misses=misses, repeats=repeats, last_reply=told.text)
    if heard.intent == "question":
        source = told.sources[0] if told.action == "answer" and told.sources else ""
        after = replace(after, question=heard.text, source=source, offered=told.suggestions)
    elif is_remark:
        after = replace(after, question=context.question, source=context.source)
    told = replace(told, context=after)
    if not told.trigger and misses >= _MISSES and told.missed:
        return _to_person(heard, "low_confidence", after)
    if told.missed and URGENT.search(heard.text.lower()):
        return _to_person(heard, "legal_or_safety", after)
    if not told.trigger and told.missed and 0 < helpers.valuable_cart <= asker.cart_value():
        return _to_person(heard, "high_cart", after)
    if not told.trigger and repeats >= _LOOP - 1 and not is_remark:
        return _to_person(heard, "loop", after)
    return told


def _called(heard: Understanding, sentiment: Sentiment, helpers: Collaborators) -> Answer | None:
    """Reasons for a person that come before any answer."""
    if heard.intent == "person":
        return _to_person(heard, "asked", Context())
    if heard.intent == "self_harm":
        line = helpers.emergency or say("emergency", heard.language)
        return _to_person(heard, "legal_or_safety", Context(), say("self_harm", heard.language, emergency=line))
    if sentiment.polarity <= _ANGRY + (0.3 if heard.emphatic else 0.0) and heard.intent not in SMALL_TALK:
        return _to_person(heard, "anger", Context())
    return None


def _to_person(heard: Understanding, trigger: str, context: Context, foreword: str = "") -> Answer:
    text = say("waiting", heard.language)
    if trigger == "anger":
        foreword = say("sorry", heard.language)
    if foreword:
        text = f"{foreword} {text}"
    return Answer("handover", text, 1.0, replace(context, misses=0, repeats=0), trigger=trigger, foreword=foreword)


def _told(heard: Understanding, context: Context, asker: Asker, helpers: Collaborators) -> Answer:
    if heard.suspicious:
        return _say(heard, "only_own_data", "answer", 1.0)
    chosen = _chosen(heard, context, helpers)
    if chosen is not None:
        return chosen
    if heard.intent == "empty" or heard.intent in SMALL_TALK:
        return _say(heard, heard.intent, "ask" if heard.intent == "empty" else "answer", 1.0)
    if heard.intent == "order_status" and heard.entities.order is not None:
        return _order(heard, heard.entities.order, asker, helpers.order_lookup)
    limits = heard.entities.below is not None or heard.entities.above is not None
    skipped = heard.intent == "search" and (limits or context.search)
    found = [] if skipped else known(heard.text, heard.language, context, helpers.knowledge)
    sure = [one for one in found if one.confidence >= CONFIDENT]
    if heard.intent == "order_status" and (
        not sure or (helpers.order_lookup is not None and sure[0].confidence < VERBATIM)
    ):
        return _which_order(heard, asker, helpers)
    if sure:
        return _answered(heard, sure)
    if heard.intent == "legal_or_safety":
        return _to_person(heard, "legal_or_safety", Context())
    if heard.intent == "recommend" and helpers.recommend is not None:
        return _recommend(heard, asker, helpers.recommend)
    return _products(heard, found, helpers) or _phrased(heard, found, helpers) or _unsure(heard, found)


def _answered(heard: Understanding, sure: Sequence[Found]) -> Answer:
    """One answer, or those to the two questions of one message; of a long one the passage that fits, with its link."""
    texts = []
    for one in sure:
        text = excerpt(one.entry.answer, one.passage, LONGEST_ANSWER.get(heard.language, LONGEST_ANSWER["en"]))
        if text != one.entry.answer and one.entry.url:
            text = f"{text}\n{say('read_more', heard.language, url=one.entry.url)}"
        texts.append(text)
    sources = tuple(one.entry.id for one in sure)
    return Answer("answer", "\n\n".join(texts), min(one.confidence for one in sure), Context(), sources)


def _chosen(heard: Understanding, context: Context, helpers: Collaborators) -> Answer | None:
    """What answers the questions that the assistant asked back with: yes, no, the second, or 2."""
    if not context.offered:
        return None
    at = ordinal(heard.text.lower(), len(context.offered))
    if at is None and heard.intent == "yes" and len(context.offered) == 1:
        at = 0
    if at is not None:
        found = [one for one in helpers.knowledge(context.offered[at], heard.language) if one.confidence >= CONFIDENT]
        return _answered(heard, found[:1]) if found else None
    if heard.intent == "yes":
        lines = [say("did_you_mean", heard.language), *(f"• {question}" for question in context.offered)]
        text = "\n".join(lines)
        return Answer("ask", text, 0.5, Context(offered=context.offered), suggestions=context.offered)
    if heard.intent == "no":
        return Answer("ask", say("put_otherwise", heard.language), 0.5, Context(), missed=True)
    return None


def _which_order(heard: Understanding, asker: Asker, helpers: Collaborators) -> Answer:
    if helpers.order_lookup is None and helpers.recent_orders is None:
        return _say(heard, "order_unsupported", "answer", 0.9)
    if asker.user_id is None:
        return _say(heard, "order_login", "ask", 0.9)
    orders = list(helpers.recent_orders(asker.user_id)) if helpers.recent_orders is not None else []
    awaiting = Context(awaits_order=True)
    if not orders:
        return replace(_say(heard, "which_order", "ask", 0.9), context=awaiting)
    lines = [say("order_state", heard.language, number=number, state=state) for number, state in orders]
    text = "\n".join([say("recent_orders", heard.language), *(f"• {line}" for line in lines)])
    numbers = tuple(f"#{number}" for number, _ in orders)
    return Answer("ask", text, 0.9, awaiting, tuple(f"order:{number}" for number, _ in orders), suggestions=numbers)


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
    likeness = None if heard.intent == "question" and not _is_name(heard.description) else _LIKENESS
    items = tuple(helpers.search(heard.description, limits, likeness=likeness))
    likely = bool(found) and found[0].confidence >= _LIKELY
    if not items and heard.intent == "search" and not likely:
        return _nearest(heard, helpers.search)
    if not items or (heard.intent == "question" and likely):
        return None
    prices = [item["price"] for item in items if isinstance(item.get("price"), int | float)]
    context = Context(search=(heard.description, limits), cheapest_shown=min(prices, default=None))
    sources = tuple(f"item:{item['item_id']}" for item in items)
    return Answer("search", _listed("products_found", heard, items), 0.8, context, sources, items)


def _is_name(description: str) -> bool:
    """Whether a message without a verb of looking for something may be a product's name: a word or two."""
    return len(description.split()) <= _NAME_WORDS and (description.isascii() or len(description) <= 2 * _NAME_WORDS)


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
    if proposal.action == "choose":
        return _agreed(heard, next(one for one in found if one.entry.id == proposal.sources[0]))
    if proposal.action == "handover":
        return _to_person(heard, "language_model", Context())
    if proposal.action == "search":
        wanted = replace(heard, intent="search", description=without_entities(proposal.text).strip())
        told = _products(replace(wanted, entities=entities(proposal.text)), (), helpers)
        return told if told is not None and told.items else None
    if proposal.action != "answer":  # what is asked back is ours: a visitor could dictate the model's
        return None
    return Answer(proposal.action, proposal.text, CONFIDENT, Context(), proposal.sources)


def _agreed(heard: Understanding, one: Found) -> Answer:
    """The entry that a language model chose: said where retrieval finds it likely too, else asked back with."""
    if one.confidence >= _LIKELY:
        return replace(_answered(heard, [one]), confidence=CONFIDENT)
    text = f"{say('did_you_mean', heard.language)}\n• {one.entry.question}"
    return Answer("ask", text, one.confidence, Context(), suggestions=(one.entry.question,))


def _unsure(heard: Understanding, found: Sequence[Found]) -> Answer:
    likely = tuple(one.entry.question for one in found if one.confidence >= _POSSIBLE)
    if likely and found[0].confidence >= _LIKELY:
        lines = [say("did_you_mean", heard.language), *(f"• {question}" for question in likely)]
        return Answer("ask", "\n".join(lines), found[0].confidence, Context(), suggestions=likely)
    confidence = found[0].confidence if found else 0.0
    return Answer("ask", say("unknown", heard.language), confidence, Context(), missed=True)
