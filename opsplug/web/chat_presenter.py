"""Presenter of a conversation for its visitor: messages, sources, state and available actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opsplug.capture.visit import Visit
from opsplug.locales import choose
from opsplug.services.chat.handover import CLOSED, Conversation, Message
from opsplug.services.chat.texts import say
from opsplug.web.cards import Cards
from opsplug.web.http import Request

if TYPE_CHECKING:
    from opsplug.services.chat.conversation.chat import Chat
    from opsplug.services.chat.desk.support import Support

_ROLES = {"visitor": "visitor", "bot": "assistant", "agent": "agent", "system": "system"}
_STATES = {"bot": "bot", "waiting": "waiting", "person": "human", "closed": "closed"}


class ChatPresenter:
    """`whole(conversation)`: never a note, never an address, never who else is concerned."""

    def __init__(self, chat: Callable[[], Chat], support: Callable[[], Support], cards: Cards, language: str) -> None:
        self._chat = chat
        self._support = support
        self._cards = cards
        self._language = language

    def whole(
        self, conversation: Conversation | None, request: Request, visit: Visit, after: str | None = None
    ) -> dict[str, Any]:
        """The conversation, or what came after one of its messages."""
        if conversation is None:
            language = choose(visit.language, self._language)
            return {"conversation_id": None, "messages": [], "state": "bot", "language": language}
        messages = list(conversation.transcript)
        places = [place for place, message in enumerate(messages) if message.id == after]
        if after and places:
            messages = messages[places[-1] + 1 :]
        return {
            "conversation_id": conversation.id,
            "messages": [self._message(message, conversation, request) for message in messages],
            "state": _STATES[conversation.state],
            "language": conversation.language,
            "contact": conversation.callback and not conversation.contact,  # an address is asked for
            "rate": conversation.state == CLOSED and conversation.rating is None,
            "transcript": self._support().sends_mail and bool(conversation.served_by),
        }

    def _message(self, message: Message, conversation: Conversation, request: Request) -> dict[str, Any]:
        text = say(message.text, conversation.language, **message.data) if message.role == "system" else message.text
        sources = self._chat().sources(message.data.get("sources", ()), conversation.language)
        items = [str(item_id) for item_id in message.data.get("items", ())]
        return {
            "id": message.id,
            "role": _ROLES[message.role],
            "name": message.by if message.role == "agent" else None,
            "text": text,
            "sources": sources,
            "items": self._cards.plain(items, request.root, conversation.language) if items else [],
            "at": message.at,
        }
