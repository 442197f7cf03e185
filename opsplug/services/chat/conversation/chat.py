"""`engine.chat`: the support chat, from a visitor's message to a reply, with a person taking over at any time.

Wiring: `Chat(storage, sentiment=model.score, search=CatalogueSearch(...), recommend=engine.recommend,
order_lookup=settings.order_lookup)`. `storage` is the store (see `conversation_log.ChatStorage`); the protocols of
the other collaborators are in `answering` and `product_search`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from opsplug.models.text.intents import Intent
from opsplug.models.text.retrieval import VERBATIM
from opsplug.models.text.sentiment import Sentiment, SentimentModel
from opsplug.privacy import mask
from opsplug.services.chat.conversation.answering import (
    Answer,
    Collaborators,
    OrderLookup,
    Phrasing,
    Recommend,
    Visitor,
    answer_message,
)
from opsplug.services.chat.conversation_log import MAX_UNANSWERED, UNANSWERED, ChatStorage, ConversationLog
from opsplug.services.chat.desk.agent_queue import AgentQueue
from opsplug.services.chat.desk.carts import Cart
from opsplug.services.chat.handover import BOT, WAITING, Conversation, Step
from opsplug.services.chat.knowledge.knowledge import Knowledge, Match
from opsplug.services.chat.knowledge.product_search import ProductSearch
from opsplug.services.chat.knowledge.vectors import Vectors
from opsplug.services.chat.texts import say
from opsplug.services.chat.understanding.entities import Entities
from opsplug.services.chat.understanding.understanding import Context, Understanding, understand

log = logging.getLogger("opsplug")
_MAX_LENGTH = 2000  # characters of a message that are read
_MAX_MESSAGES, _WINDOW = 12, 30.0  # messages of one visitor within so many seconds
_MAX_VISITORS = 10_000  # whose rate is remembered


@dataclass(frozen=True)
class ChatReply:
    """The assistant's answer to one message.

    Attributes
    ----------
    conversation_id : str
    text : str
        What the visitor reads.
    action : str
        answer, ask, search, recommend, handover, or wait: a person owns the conversation, or soon will.
    confidence : float
        Probability, 0 to 1, that the answer is right.
    sources : tuple of str
        Ids of the knowledge entries, or the order, that the answer was taken from.
    intent : str
        What the visitor wants.
    sentiment : Sentiment
        How the message sounds.
    language : str
        Of the answer.
    items : tuple of mapping
        Products, with the price and stock of this moment.
    suggestions : tuple of str
        Questions that it may have meant.
    refused : str
        slow_down, too_long or unavailable: the message was not taken.
    """

    conversation_id: str
    text: str
    action: str
    confidence: float
    sources: tuple[str, ...]
    intent: str
    sentiment: Sentiment
    language: str
    items: tuple[Mapping[str, Any], ...] = ()
    suggestions: tuple[str, ...] = ()
    refused: str = ""  # slow_down, too_long or unavailable: the message was not taken


class Chat:
    """Safe to share between threads. What a visitor types is masked before anything else is done with it."""

    def __init__(
        self,
        storage: ChatStorage,
        *,
        sentiment: Callable[[str, str | None], Sentiment] | None = None,
        search: ProductSearch | None = None,
        recommend: Recommend | None = None,
        order_lookup: OrderLookup | None = None,
        language_model: Phrasing | None = None,
        cart: Callable[[str | None, str | None], Cart] | None = None,
        valuable_cart: float = 0.0,
        intents: Callable[[str], Intent | None] | None = None,
        language: str = "en",
        pseudonym: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
        log: ConversationLog | None = None,
        agent_queue: AgentQueue | None = None,
        vectors: Vectors | None = None,
        recent_orders: Callable[[str], Sequence[tuple[str, str]]] | None = None,
        emergency: str = "",
    ) -> None:
        self._pseudonym = pseudonym
        self.knowledge = Knowledge(storage, clock, vectors)
        self.log = log or ConversationLog(storage, clock)
        self.agent_queue = agent_queue or AgentQueue(storage, self.log, clock=clock)
        self._storage = storage
        self._sentiment = sentiment or SentimentModel().score
        self._collaborators = Collaborators(
            self._search_knowledge,
            search,
            recommend,
            order_lookup,
            language_model,
            valuable_cart,
            recent_orders,
            emergency,
        )
        self._cart = cart or (lambda anonymous_id, user_id: Cart())
        self._intents = intents
        self._language = language
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: dict[str, deque[float]] = {}

    def reply(
        self,
        text: str,
        conversation_id: str | None = None,
        anonymous_id: str | None = None,
        user_id: str | None = None,
        language: str | None = None,
        cart_value: float = 0.0,
        message_id: str | None = None,
        begins_in: str | None = None,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> ChatReply:
        """Answer one message of a visitor, which is masked before anything else is done with it.

        Parameters
        ----------
        text : str
            The message.
        conversation_id : str, optional
            The conversation; an id of another visitor's opens a new one.
        anonymous_id, user_id : str, optional
            Whose conversation it is. `user_id` only if it was verified.
        language : str, optional
            Of the message. Default: detected.
        cart_value : float
            Money in the visitor's cart, in the shop's currency.
        message_id : str, optional
            The sender's own: the same message delivered twice is stored once and answered the same.
        begins_in : str, optional
            Language of the page on which a new conversation begins.
        may_begin : callable
            Whether a new conversation may be opened.

        Returns
        -------
        ChatReply
            Nothing is raised: what fails of ours is an answer that says so.
        """
        try:
            return self.respond(
                text, conversation_id, anonymous_id, user_id, language, cart_value, message_id, begins_in, may_begin
            )
        except Exception as error:
            log.error("opsplug: the chat cannot answer", exc_info=error)
            chosen = language or begins_in or self._language
            words = say("out_of_order", chosen)
            return ChatReply(
                conversation_id or "", words, "ask", 0.0, (), "", Sentiment("neutral", 0.0, 0.0, chosen), chosen,
                refused="unavailable",
            )  # fmt: skip

    def respond(
        self,
        text: str,
        conversation_id: str | None = None,
        anonymous_id: str | None = None,
        user_id: str | None = None,
        language: str | None = None,
        cart_value: float = 0.0,
        message_id: str | None = None,
        begins_in: str | None = None,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> ChatReply:
        """Answer one message. An id of another visitor's conversation opens a new one. `user_id` only if verified.

        `message_id` is the sender's own: the same message delivered twice is stored once and answered the same. A new
        conversation `begins_in` the language of the page, and is only opened if it `may_begin`.
        """
        visitor = self.visitor_key(user_id, anonymous_id) or f"n:{time.monotonic_ns():x}"
        own = self._own(conversation_id, visitor)
        current = own or Conversation("", language=language or begins_in or self._language)
        context = _context_of(current)
        masked = mask(text[:_MAX_LENGTH]).text
        understanding = understand(masked, context, language)
        sentiment = self._sentiment(understanding.text, understanding.language)
        refusal = self._refusal(text, visitor) or ("" if own or may_begin() else "slow_down")
        if refusal:
            answer = Answer("ask", say(refusal, understanding.language), 1.0, context)
            return replace(_reply(current.id, understanding, sentiment, answer), refused=refusal)
        conversation = own or self.log.open(visitor, current.language)
        data = {
            "sentiment": round(sentiment.polarity, 3),
            "intent": understanding.intent,
            "language": understanding.language,
        }
        step = self.log.append(
            conversation, "visitor_said", by="visitor", text=understanding.text, data=data, event_id=message_id
        )
        if step.refused == "duplicate":
            return self._repeat_answer(step.conversation, message_id, understanding, sentiment)
        if step.conversation.state != BOT:
            text = say("still_waiting", understanding.language) if step.conversation.state == WAITING else ""
            return _reply(conversation.id, understanding, sentiment, Answer("wait", text, 1.0, context))
        cart_worth = (lambda: cart_value) if cart_value else (lambda: self.cart(anonymous_id, user_id).value)
        answer = answer_message(
            understanding, sentiment, context, Visitor(anonymous_id or "", user_id, cart_worth), self._collaborators
        )
        return self._give_answer(step.conversation, understanding, sentiment, answer)

    def visitor_key(self, user_id: str | None, anonymous_id: str | None) -> str:
        """Under what a visitor's conversations are kept: the user's pseudonym, else the anonymous id, else nothing."""
        if user_id:
            return f"u:{self._pseudonym(user_id)}"
        return f"a:{anonymous_id}" if anonymous_id else ""

    def forget(self, *, user_id: str | None = None, anonymous_id: str | None = None) -> int:
        """Removes all conversations of a user and of a device; -> how many."""
        keys = {self.visitor_key(user_id, None), self.visitor_key(None, anonymous_id)} - {""}
        return sum(self.log.forget(key) for key in keys)

    def ask_for_person(self, conversation_id: str, visitor: str, trigger: str = "asked") -> Step | None:
        """Request a person for a conversation; None unless the conversation is this visitor's own."""
        conversation = self.log.of_visitor(conversation_id, visitor)
        if conversation is None:
            return None
        return self.agent_queue.call(conversation, trigger, "visitor")

    def unanswered(self) -> list[dict[str, Any]]:
        """Questions without an answer, oldest first: what the shop's knowledge lacks."""
        found = [dict(value) for _, value in self._storage.newest_documents(UNANSWERED, MAX_UNANSWERED)]
        return sorted(found, key=lambda document: int(document["at"]))

    def cart(self, anonymous_id: str | None, user_id: str | None) -> Cart:
        """What lies in this visitor's cart now, with its value; `user_id` is the shop's own, of a verified session."""
        return self._cart(anonymous_id, self._pseudonym(user_id) if user_id else None)

    def sources(self, names: Sequence[str], language: str) -> list[dict[str, str | None]]:
        """Title and url of the entries that an answer rests on; products and orders are shown by other means."""
        entries = [self.knowledge.get(name, language) for name in names]
        return [{"title": entry.question, "url": entry.url or None} for entry in entries if entry is not None]

    def _search_knowledge(self, text: str, language: str) -> list[Match]:
        found = self.knowledge.search(text, language)
        if self._intents is None or (found and found[0].confidence >= VERBATIM):
            return found
        return self.knowledge.preferred(found, self._intents(text), language)

    def _own(self, conversation_id: str | None, visitor: str) -> Conversation | None:
        """Load the visitor's own conversation of this id, unless it is full."""
        own = self.log.of_visitor(conversation_id, visitor) if conversation_id else None
        return own if own is not None and not own.is_full else None

    def _refusal(self, text: str, visitor: str) -> str:
        """The text key of a refusal, for a message that is too long or over the rate limit; else empty."""
        now = self._clock()
        with self._lock:
            if len(self._recent) >= _MAX_VISITORS:
                self._recent.clear()
            times = self._recent.setdefault(visitor, deque(maxlen=_MAX_MESSAGES))
            flooding = len(times) == _MAX_MESSAGES and now - times[0] < _WINDOW
            if not flooding:
                times.append(now)
        return "slow_down" if flooding else "too_long" if len(text) > _MAX_LENGTH else ""

    def _give_answer(
        self, conversation: Conversation, understanding: Understanding, sentiment: Sentiment, answer: Answer
    ) -> ChatReply:
        if answer.trigger:
            called = self.agent_queue.call(conversation, answer.trigger, "bot").conversation
            if called.state == BOT:  # nobody is here: what the visitor reads must not promise anybody
                notice = called.messages[-1]
                said = say(notice.text, called.language, **notice.data)
                answer = replace(answer, text=f"{answer.foreword} {said}".strip())
            elif called.state != WAITING:  # a person came, or it was closed, while the assistant was thinking
                answer = Answer("wait", "", 1.0, answer.context)
            return _reply(conversation.id, understanding, sentiment, answer)
        data: dict[str, Any] = {
            "action": answer.action,
            "sources": list(answer.sources),
            "context": _context_to_dict(answer.context),
        }
        data |= {"suggestions": list(answer.suggestions), "confidence": round(answer.confidence, 3)}
        data["items"] = [item["item_id"] for item in answer.items]
        now = round(self._clock() * 1000)
        question = f"{conversation.id}/{now:013d}"
        if answer.missed:
            miss = {
                "text": understanding.text,
                "language": understanding.language,
                "conversation_id": conversation.id,
                "at": now,
            }
            self._storage.put_document(UNANSWERED, question, miss, now)
        step = self.log.append(conversation, "bot_said", by="bot", text=answer.text, data=data)
        if step.refused:  # a person took over, or all was forgotten, while the assistant was thinking: it is silent
            self._storage.delete_document(UNANSWERED, question)
            answer = Answer("wait", "", 1.0, answer.context)
        return _reply(conversation.id, understanding, sentiment, answer)

    def _repeat_answer(
        self, conversation: Conversation, message_id: str | None, understanding: Understanding, sentiment: Sentiment
    ) -> ChatReply:
        after = [message.id for message in conversation.messages].index(message_id or "") + 1
        said = next((message for message in conversation.messages[after:] if message.role == "bot"), None)
        text, data = (said.text, said.data) if said else ("", {})
        answer = Answer(
            data.get("action", "wait"), text, data.get("confidence", 1.0), Context(), tuple(data.get("sources", ()))
        )
        return _reply(conversation.id, understanding, sentiment, answer)


def _reply(conversation_id: str, understanding: Understanding, sentiment: Sentiment, answer: Answer) -> ChatReply:
    return ChatReply(
        conversation_id,
        answer.text,
        answer.action,
        answer.confidence,
        answer.sources,
        understanding.intent,
        sentiment,
        understanding.language,
        answer.items,
        answer.suggestions,
    )


def _context_to_dict(context: Context) -> dict[str, Any]:
    return asdict(context)


def _context_of(conversation: Conversation) -> Context:
    """Restore the context stored with the assistant's last message; empty once a person has spoken since."""
    for message in reversed(conversation.messages):
        if message.role == "bot":
            packed = dict(message.data.get("context", {}))
            search = packed.pop("search", None)
            packed["offered"] = tuple(packed.get("offered", ()))
            return Context(search=(search[0], Entities(*search[1])) if search else None, **packed)
        if message.role in ("agent", "system"):
            break
    return Context(language=conversation.language)
