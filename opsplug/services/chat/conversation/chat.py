"""`engine.chat`: the support chat, from a visitor's message to a reply, with a person taking over at any time.

Wiring: `Chat(storage, sentiment=model.score, search=CatalogueSearch(...), recommend=engine.recommend,
order_lookup=settings.order_lookup)`. `storage` is the store (see `chat_log.ChatStorage`); the protocols of the other
collaborators are in `chat_answering` and `chat_search`.
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
    Asker,
    Collaborators,
    OrderLookup,
    Phrasing,
    Recommend,
    answer,
)
from opsplug.services.chat.conversation_log import MOST_UNANSWERED, UNANSWERED, ChatStorage, ConversationLog
from opsplug.services.chat.desk.agent_queue import Desk
from opsplug.services.chat.desk.carts import Cart
from opsplug.services.chat.handover import BOT, WAITING, Conversation, Step
from opsplug.services.chat.knowledge.knowledge import Found, Knowledge
from opsplug.services.chat.knowledge.product_search import ProductSearch
from opsplug.services.chat.knowledge.vectors import Vectors
from opsplug.services.chat.texts import say
from opsplug.services.chat.understanding.entities import Entities
from opsplug.services.chat.understanding.understanding import Context, Understanding, understand

log = logging.getLogger("opsplug")
_LONGEST = 2000  # characters of a message that are read
_BURST, _WINDOW = 12, 30.0  # messages of one visitor within so many seconds
_VISITORS_HELD = 10_000  # whose rate is remembered


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
        desk: Desk | None = None,
        vectors: Vectors | None = None,
        recent_orders: Callable[[str], Sequence[tuple[str, str]]] | None = None,
        emergency: str = "",
    ) -> None:
        self._pseudonym = pseudonym
        self.knowledge = Knowledge(storage, clock, vectors)
        self.log = log or ConversationLog(storage, clock)
        self.desk = desk or Desk(storage, self.log, clock=clock)
        self._storage = storage
        self._sentiment = sentiment or SentimentModel().score
        self._helpers = Collaborators(
            self._known, search, recommend, order_lookup, language_model, valuable_cart, recent_orders, emergency
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
        """Answers one message. An id of another visitor's conversation opens a new one. `user_id` only if verified.

        `message_id` is the sender's own: the same message delivered twice is stored once and answered the same. A new
        conversation `begins_in` the language of the page, and is only opened if it `may_begin`.
        """
        visitor = self.visitor_key(user_id, anonymous_id) or f"n:{time.monotonic_ns():x}"
        own = self._own(conversation_id, visitor)
        begun = own or Conversation("", language=language or begins_in or self._language)
        context = _context(begun)
        masked = mask(text[:_LONGEST]).text
        heard = understand(masked, context, language)
        feeling = self._sentiment(heard.text, heard.language)
        refusal = self._refusal(text, visitor) or ("" if own or may_begin() else "slow_down")
        if refusal:
            told = Answer("ask", say(refusal, heard.language), 1.0, context)
            return replace(_reply(begun.id, heard, feeling, told), refused=refusal)
        conversation = own or self.log.open(visitor, begun.language)
        data = {"sentiment": round(feeling.polarity, 3), "intent": heard.intent, "language": heard.language}
        step = self.log.append(
            conversation, "visitor_said", by="visitor", text=heard.text, data=data, event_id=message_id
        )
        if step.refused == "duplicate":
            return self._again(step.conversation, message_id, heard, feeling)
        if step.conversation.state != BOT:
            text = say("still_waiting", heard.language) if step.conversation.state == WAITING else ""
            return _reply(conversation.id, heard, feeling, Answer("wait", text, 1.0, context))
        worth = (lambda: cart_value) if cart_value else (lambda: self.cart(anonymous_id, user_id).value)
        told = answer(heard, feeling, context, Asker(anonymous_id or "", user_id, worth), self._helpers)
        return self._say(step.conversation, heard, feeling, told)

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
        """The visible way to a person; None unless the conversation is this visitor's own."""
        conversation = self.log.of_visitor(conversation_id, visitor)
        if conversation is None:
            return None
        return self.desk.call(conversation, trigger, "visitor")

    def unanswered(self) -> list[dict[str, Any]]:
        """Questions without an answer, oldest first: what the shop's knowledge lacks."""
        found = [dict(value) for _, value in self._storage.newest_documents(UNANSWERED, MOST_UNANSWERED)]
        return sorted(found, key=lambda lost: int(lost["at"]))

    def cart(self, anonymous_id: str | None, user_id: str | None) -> Cart:
        """What lies in this visitor's cart now, with its value; `user_id` is the shop's own, of a verified session."""
        return self._cart(anonymous_id, self._pseudonym(user_id) if user_id else None)

    def sources(self, names: Sequence[str], language: str) -> list[dict[str, str | None]]:
        """Title and url of the entries that an answer rests on; products and orders are shown by other means."""
        entries = [self.knowledge.get(name, language) for name in names]
        return [{"title": entry.question, "url": entry.url or None} for entry in entries if entry is not None]

    def _known(self, text: str, language: str) -> list[Found]:
        found = self.knowledge.search(text, language)
        if self._intents is None or (found and found[0].confidence >= VERBATIM):
            return found
        return self.knowledge.preferred(found, self._intents(text), language)

    def _own(self, conversation_id: str | None, visitor: str) -> Conversation | None:
        """The visitor's conversation of this id, as long as it goes on."""
        own = self.log.of_visitor(conversation_id, visitor) if conversation_id else None
        return own if own is not None and not own.is_full else None

    def _refusal(self, text: str, visitor: str) -> str:
        """The key of what is said instead of an answer, where the message is too long or one of too many."""
        now = self._clock()
        with self._lock:
            if len(self._recent) >= _VISITORS_HELD:
                self._recent.clear()
            times = self._recent.setdefault(visitor, deque(maxlen=_BURST))
            flooding = len(times) == _BURST and now - times[0] < _WINDOW
            if not flooding:
                times.append(now)
        return "slow_down" if flooding else "too_long" if len(text) > _LONGEST else ""

    def _say(self, conversation: Conversation, heard: Understanding, feeling: Sentiment, told: Answer) -> ChatReply:
        if told.trigger:
            called = self.desk.call(conversation, told.trigger, "bot").conversation
            if called.state == BOT:  # nobody is here: what the visitor reads must not promise anybody
                notice = called.messages[-1]
                said = say(notice.text, called.language, **notice.data)
                told = replace(told, text=f"{told.foreword} {said}".strip())
            elif called.state != WAITING:  # a person came, or it was closed, while the assistant was thinking
                told = Answer("wait", "", 1.0, told.context)
            return _reply(conversation.id, heard, feeling, told)
        data: dict[str, Any] = {"action": told.action, "sources": list(told.sources), "context": _packed(told.context)}
        data |= {"suggestions": list(told.suggestions), "confidence": round(told.confidence, 3)}
        data["items"] = [item["item_id"] for item in told.items]
        now = round(self._clock() * 1000)
        question = f"{conversation.id}/{now:013d}"
        if told.missed:
            lost = {"text": heard.text, "language": heard.language, "conversation_id": conversation.id, "at": now}
            self._storage.put_document(UNANSWERED, question, lost, now)
        step = self.log.append(conversation, "bot_said", by="bot", text=told.text, data=data)
        if step.refused:  # a person took over, or all was forgotten, while the assistant was thinking: it is silent
            self._storage.delete_document(UNANSWERED, question)
            told = Answer("wait", "", 1.0, told.context)
        return _reply(conversation.id, heard, feeling, told)

    def _again(
        self, conversation: Conversation, message_id: str | None, heard: Understanding, feeling: Sentiment
    ) -> ChatReply:
        after = [message.id for message in conversation.messages].index(message_id or "") + 1
        said = next((message for message in conversation.messages[after:] if message.role == "bot"), None)
        text, data = (said.text, said.data) if said else ("", {})
        told = Answer(
            data.get("action", "wait"), text, data.get("confidence", 1.0), Context(), tuple(data.get("sources", ()))
        )
        return _reply(conversation.id, heard, feeling, told)


def _reply(conversation_id: str, heard: Understanding, feeling: Sentiment, told: Answer) -> ChatReply:
    return ChatReply(
        conversation_id,
        told.text,
        told.action,
        told.confidence,
        told.sources,
        heard.intent,
        feeling,
        heard.language,
        told.items,
        told.suggestions,
    )


def _packed(context: Context) -> dict[str, Any]:
    return asdict(context)


def _context(conversation: Conversation) -> Context:
    """What the assistant's last words left behind; nothing once a person has spoken since."""
    for message in reversed(conversation.messages):
        if message.role == "bot":
            packed = dict(message.data.get("context", {}))
            search = packed.pop("search", None)
            packed["offered"] = tuple(packed.get("offered", ()))
            return Context(search=(search[0], Entities(*search[1])) if search else None, **packed)
        if message.role in ("agent", "system"):
            break
    return Context(language=conversation.language)
