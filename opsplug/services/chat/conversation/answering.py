"""Answer policy: chooses the reply to one message from its understanding, the context and the data sources."""

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
from opsplug.services.chat.conversation.questions import ordinal, search_knowledge
from opsplug.services.chat.knowledge.grounding import Proposal
from opsplug.services.chat.knowledge.knowledge import Match
from opsplug.services.chat.knowledge.product_search import ProductSearch
from opsplug.services.chat.texts import say
from opsplug.services.chat.understanding.entities import Entities, entities, without_entities
from opsplug.services.chat.understanding.patterns import URGENT
from opsplug.services.chat.understanding.understanding import SMALL_TALK, Context, Understanding

log = logging.getLogger("opsplug")
_MIN_SUGGESTED = 0.35  # confidence from which an entry is worth offering as a question back
_MIN_ALSO_SUGGESTED = 0.15  # confidence from which another is offered beside it
_MIN_COSINE = 0.5  # between the vectors of a description and a product
_MAX_NAME_WORDS = 2
_MAX_ANGRY_POLARITY = -0.8  # polarity of a message that a person should read
_MAX_REPEATS = 3  # identical replies in a row before a person is called
_MAX_MISSES = 2  # turns without an answer before a person is called
MAX_ANSWER_LENGTH = {"en": 600, "zh": 250}  # characters of an entry that are said whole


class Recommend(Protocol):
    """`engine.recommend`, as far as it is needed: the result has `items`, each with `item_id` and `reason`."""

    def __call__(self, placement: str, **arguments: Any) -> Any: ...


class OrderLookup(Protocol):
    """The shop's `order_lookup`: an order's state for (order number, user id of the verified session), or None."""

    def __call__(self, number: str, user_id: str) -> Any: ...


class Phrasing(Protocol):
    """A language model as `chat_llm.LanguageModel` is one: a checked proposal, or None."""

    def propose(self, question: str, language: str, passages: Sequence[Match]) -> Proposal | None: ...


@dataclass(frozen=True)
class Collaborators:
    """Data sources of an answer; None where the shop has none."""

    knowledge: Callable[[str, str], Sequence[Match]]
    search: ProductSearch | None = None
    recommend: Recommend | None = None
    order_lookup: OrderLookup | None = None
    language_model: Phrasing | None = None
    valuable_cart: float = 0.0  # value from which a person is called at the first miss; 0: never
    recent_orders: Callable[[str], Sequence[tuple[str, str]]] | None = None  # (number, state) of a user id's
    emergency: str = ""  # the telephone number that people in danger are given


@dataclass(frozen=True)
class Visitor:
    """The sender of a message. `user_id` is of a verified session; `cart_value` is only called where it decides."""

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


def answer_message(
    message: Understanding, sentiment: Sentiment, context: Context, visitor: Visitor, collaborators: Collaborators
) -> Answer:
    """Compose the answer to a message, or hand over to a person after misses, repeats, anger or danger.

    An answer below the confidence threshold is never given; a language model is asked last.
    """
    answer = _escalation(message, sentiment, collaborators) or _compose(message, context, visitor, collaborators)
    is_remark = message.intent in SMALL_TALK and not answer.missed
    misses = context.misses + 1 if answer.missed else context.misses if is_remark else 0
    repeats = context.repeats + 1 if answer.text == context.last_reply and not answer.trigger else 0
    after = replace(answer.context, language=message.language, misses=misses, repeats=repeats, last_reply=answer.text)
    if message.intent == "question":
        source = answer.sources[0] if answer.action == "answer" and answer.sources else ""
        after = replace(after, question=message.text, source=source, offered=answer.suggestions)
    elif is_remark:
        after = replace(after, question=context.question, source=context.source)
    answer = replace(answer, context=after)
    if not answer.trigger and misses >= _MAX_MISSES and answer.missed:
        return _handover(message, "low_confidence", after)
    if answer.missed and URGENT.search(message.text.lower()):
        return _handover(message, "legal_or_safety", after)
    if not answer.trigger and answer.missed and 0 < collaborators.valuable_cart <= visitor.cart_value():
        return _handover(message, "high_cart", after)
    if not answer.trigger and repeats >= _MAX_REPEATS - 1 and not is_remark:
        return _handover(message, "loop", after)
    return answer


def _escalation(message: Understanding, sentiment: Sentiment, collaborators: Collaborators) -> Answer | None:
    """Hand over before any answer: the visitor asks for a person, is in danger, or is angry."""
    if message.intent == "person":
        return _handover(message, "asked", Context())
    if message.intent == "self_harm":
        line = collaborators.emergency or say("emergency", message.language)
        return _handover(message, "legal_or_safety", Context(), say("self_harm", message.language, emergency=line))
    anger_from = _MAX_ANGRY_POLARITY + (0.3 if message.emphatic else 0.0)
    if sentiment.polarity <= anger_from and message.intent not in SMALL_TALK:
        return _handover(message, "anger", Context())
    return None


def _handover(message: Understanding, trigger: str, context: Context, foreword: str = "") -> Answer:
    text = say("waiting", message.language)
    if trigger == "anger":
        foreword = say("sorry", message.language)
    if foreword:
        text = f"{foreword} {text}"
    return Answer("handover", text, 1.0, replace(context, misses=0, repeats=0), trigger=trigger, foreword=foreword)


def _compose(message: Understanding, context: Context, visitor: Visitor, collaborators: Collaborators) -> Answer:
    if message.suspicious:
        return _scripted(message, "only_own_data", "answer", 1.0)
    clarified = _clarified(message, context, collaborators)
    if clarified is not None:
        return clarified
    if message.intent == "empty" or message.intent in SMALL_TALK:
        return _scripted(message, message.intent, "ask" if message.intent == "empty" else "answer", 1.0)
    if message.intent == "order_status" and message.entities.order is not None:
        return _order_status(message, message.entities.order, visitor, collaborators.order_lookup)
    limits = message.entities.below is not None or message.entities.above is not None
    skipped = message.intent == "search" and (limits or context.search)
    matches = [] if skipped else search_knowledge(message.text, message.language, context, collaborators.knowledge)
    confident = [match for match in matches if match.confidence >= CONFIDENT]
    if message.intent == "order_status" and (
        not confident or (collaborators.order_lookup is not None and confident[0].confidence < VERBATIM)
    ):
        return _ask_for_order(message, visitor, collaborators)
    if confident:
        return _from_entries(message, confident)
    if message.intent == "legal_or_safety":
        return _handover(message, "legal_or_safety", Context())
    if message.intent == "recommend" and collaborators.recommend is not None:
        return _recommend(message, visitor, collaborators.recommend)
    return (
        _from_products(message, matches, collaborators)
        or _from_language_model(message, matches, collaborators)
        or _fallback(message, matches)
    )


def _from_entries(message: Understanding, confident: Sequence[Match]) -> Answer:
    """Answer with the matched entries, one for each question; of a long entry the best passage, with its link."""
    texts = []
    max_length = MAX_ANSWER_LENGTH.get(message.language, MAX_ANSWER_LENGTH["en"])
    for match in confident:
        text = excerpt(match.entry.answer, match.passage, max_length)
        if text != match.entry.answer and match.entry.url:
            text = f"{text}\n{say('read_more', message.language, url=match.entry.url)}"
        texts.append(text)
    sources = tuple(match.entry.id for match in confident)
    return Answer("answer", "\n\n".join(texts), min(match.confidence for match in confident), Context(), sources)


def _clarified(message: Understanding, context: Context, collaborators: Collaborators) -> Answer | None:
    """Resolve a reply to the suggested questions: yes, no, the second, or 2."""
    if not context.offered:
        return None
    position = ordinal(message.text.lower(), len(context.offered))
    if position is None and message.intent == "yes" and len(context.offered) == 1:
        position = 0
    if position is not None:
        matches = collaborators.knowledge(context.offered[position], message.language)
        confident = [match for match in matches if match.confidence >= CONFIDENT]
        return _from_entries(message, confident[:1]) if confident else None
    if message.intent == "yes":
        lines = [say("did_you_mean", message.language), *(f"• {question}" for question in context.offered)]
        text = "\n".join(lines)
        return Answer("ask", text, 0.5, Context(offered=context.offered), suggestions=context.offered)
    if message.intent == "no":
        return Answer("ask", say("put_otherwise", message.language), 0.5, Context(), missed=True)
    return None


def _ask_for_order(message: Understanding, visitor: Visitor, collaborators: Collaborators) -> Answer:
    if collaborators.order_lookup is None and collaborators.recent_orders is None:
        return _scripted(message, "order_unsupported", "answer", 0.9)
    if visitor.user_id is None:
        return _scripted(message, "order_login", "ask", 0.9)
    orders = list(collaborators.recent_orders(visitor.user_id)) if collaborators.recent_orders is not None else []
    awaiting = Context(awaits_order=True)
    if not orders:
        return replace(_scripted(message, "which_order", "ask", 0.9), context=awaiting)
    lines = [say("order_state", message.language, number=number, state=state) for number, state in orders]
    text = "\n".join([say("recent_orders", message.language), *(f"• {line}" for line in lines)])
    numbers = tuple(f"#{number}" for number, _ in orders)
    return Answer("ask", text, 0.9, awaiting, tuple(f"order:{number}" for number, _ in orders), suggestions=numbers)


def _scripted(message: Understanding, key: str, action: str, confidence: float) -> Answer:
    return Answer(action, say(key, message.language), confidence, Context())


def _order_status(message: Understanding, number: str, visitor: Visitor, lookup: OrderLookup | None) -> Answer:
    """Only the shop's callback speaks of orders, and only to the user id of the verified session."""
    if lookup is None:
        return _scripted(message, "order_unsupported", "answer", 0.9)
    if visitor.user_id is None:
        return _scripted(message, "order_login", "ask", 1.0)
    try:
        state = read_order(lookup(number, visitor.user_id))
    except Exception as error:  # the shop's own code failed: the visitor is told, the shop sees it in its log
        log.error("opsplug: order_lookup failed", exc_info=error)
        return _scripted(message, "order_failed", "answer", 0.5)
    if state is None:
        text = say("order_not_found", message.language, number=number)
        return Answer("ask", text, 1.0, Context(awaits_order=True))
    return Answer(
        "answer", say("order_state", message.language, number=number, state=state), 1.0, Context(), (f"order:{number}",)
    )


def _recommend(message: Understanding, visitor: Visitor, recommend: Recommend) -> Answer:
    recommended = recommend("home", user_id=visitor.user_id, anonymous_id=visitor.anonymous_id or None, k=3)
    items = tuple({"item_id": item.item_id, "reason": item.reason} for item in recommended.items)
    key = "recommended" if items else "recommended_none"
    return Answer("recommend", say(key, message.language), 0.8 if items else 0.3, Context(), items=items)


def _from_products(message: Understanding, matches: Sequence[Match], collaborators: Collaborators) -> Answer | None:
    if collaborators.search is None or message.intent not in ("search", "question", "recommend"):
        return None
    limits = message.entities
    likeness = None if message.intent == "question" and not _is_name(message.description) else _MIN_COSINE
    items = tuple(collaborators.search(message.description, limits, likeness=likeness))
    likely = bool(matches) and matches[0].confidence >= _MIN_SUGGESTED
    if not items and message.intent == "search" and not likely:
        return _nearest_products(message, collaborators.search)
    if not items or (message.intent == "question" and likely):
        return None
    prices = [item["price"] for item in items if isinstance(item.get("price"), int | float)]
    context = Context(search=(message.description, limits), cheapest_shown=min(prices, default=None))
    sources = tuple(f"item:{item['item_id']}" for item in items)
    return Answer("search", _product_list("products_found", message, items), 0.8, context, sources, items)


def _is_name(description: str) -> bool:
    """Whether a description is short enough to be a product name: one or two words."""
    is_short = description.isascii() or len(description) <= 2 * _MAX_NAME_WORDS
    return is_short and len(description.split()) <= _MAX_NAME_WORDS


def _nearest_products(message: Understanding, search: ProductSearch) -> Answer:
    """Offer the cheapest products where none fits the price limit, and say that none does."""
    limits = message.entities
    without_price = limits._replace(below=None, above=None)
    unlimited = tuple(search(message.description, without_price)) if limits != Entities() else ()
    context = Context(search=(message.description, without_price))
    if not unlimited or limits.below is None:
        return Answer("search", say("products_none", message.language), 0.5, context)
    shown = tuple(sorted(unlimited, key=lambda item: float(item.get("price") or 0)))
    text = _product_list(
        "products_none_under",
        message,
        shown,
        limit=plain(limits.below, message.language),
    )
    return Answer("search", text, 0.6, context, tuple(f"item:{item['item_id']}" for item in shown), shown)


def _product_list(key: str, message: Understanding, items: Sequence[Mapping[str, Any]], **values: object) -> str:
    lines = [say(key, message.language, **values)]
    for item in items:
        line, price = str(item.get("item_name") or item["item_id"]), item.get("price")
        if isinstance(price, int | float):
            cost = money(float(price), str(item.get("currency") or ""), message.language)
            line = say("item_price", message.language, item=line, price=cost)
        if not item.get("available", True):
            line = say("item_state", message.language, item=line, state=say("unavailable", message.language))
        lines.append(f"• {line}")
    return "\n".join(lines)


def _from_language_model(
    message: Understanding, matches: Sequence[Match], collaborators: Collaborators
) -> Answer | None:
    """Let the language model propose an answer from the retrieved passages; None without a usable proposal."""
    model = collaborators.language_model
    proposal = model.propose(message.text, message.language, matches) if model is not None and matches else None
    if proposal is None:
        return None
    if proposal.action == "choose":
        return _confirm_entry(message, next(match for match in matches if match.entry.id == proposal.sources[0]))
    if proposal.action == "handover":
        return _handover(message, "language_model", Context())
    if proposal.action == "search":
        wanted = replace(message, intent="search", description=without_entities(proposal.text).strip())
        answer = _from_products(replace(wanted, entities=entities(proposal.text)), (), collaborators)
        return answer if answer is not None and answer.items else None
    if proposal.action != "answer":  # what is asked back is ours: a visitor could dictate the model's
        return None
    return Answer(proposal.action, proposal.text, CONFIDENT, Context(), proposal.sources)


def _confirm_entry(message: Understanding, match: Match) -> Answer:
    """Answer with the entry chosen by the language model where retrieval agrees, else suggest its question."""
    if match.confidence >= _MIN_SUGGESTED:
        return replace(_from_entries(message, [match]), confidence=CONFIDENT)
    text = f"{say('did_you_mean', message.language)}\n• {match.entry.question}"
    return Answer("ask", text, match.confidence, Context(), suggestions=(match.entry.question,))


def _fallback(message: Understanding, matches: Sequence[Match]) -> Answer:
    likely = tuple(match.entry.question for match in matches if match.confidence >= _MIN_ALSO_SUGGESTED)
    if likely and matches[0].confidence >= _MIN_SUGGESTED:
        lines = [say("did_you_mean", message.language), *(f"• {question}" for question in likely)]
        return Answer("ask", "\n".join(lines), matches[0].confidence, Context(), suggestions=likely)
    confidence = matches[0].confidence if matches else 0.0
    return Answer("ask", say("unknown", message.language), confidence, Context(), missed=True)
