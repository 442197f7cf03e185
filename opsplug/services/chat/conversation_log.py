"""Event log of conversations: append-only, so concurrent processes overwrite nothing.

The events of a conversation are numbered, and a number is given once (`add_document`): of two processes that append at
the same moment one goes first, and the other looks again at what there is then.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

from opsplug.errors import StoreError
from opsplug.privacy import mask
from opsplug.services.chat.handover import BOT, CLOSED, Conversation, Event, Step, replay, step

EVENTS, VISITORS, OVERVIEW = "chat", "chat_visitor", "chat_overview"
OPEN = "chat_open"  # the conversations that concern people: waiting, owned by one, or to be answered later
_LINES = (OVERVIEW, OPEN)
CHANGES = "chat_changes"
UNANSWERED = "chat_unanswered"
MAX_UNANSWERED = 5000  # of the newest that are looked at
SUGGESTED, CHAT_ORIGIN = "knowledge_suggested", "chat/"  # begins the origin of those that were made of conversations
LOOKS = "chat_look"  # who looked at which conversation, and when
OUTBOX = "chat_outbox"  # what is still to be delivered outside
_NOT_FOUND = "there is no such conversation"
_MAX_TRIES = 50  # others' events that may come between before an append gives up

EventListener = Callable[[Conversation, Event], None]


class ChatStorage(Protocol):
    """JSON values by kind and key; `opsplug.store.Store` is one."""

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None: ...

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool: ...

    def get_document(self, kind: str, key: str) -> Any: ...

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]: ...

    def newest_documents(self, kind: str, limit: int) -> list[tuple[str, Any]]: ...

    def delete_document(self, kind: str, key: str) -> bool: ...


class ConversationLog:
    """Reads and extends conversations. Texts are masked here, before they reach the store.

    `listener` is called after each stored event, with the resulting conversation.
    """

    def __init__(
        self, storage: ChatStorage, clock: Callable[[], float] = time.time, listener: EventListener | None = None
    ) -> None:
        self._storage = storage
        self._clock = clock
        self.listener = listener

    def open(self, visitor: str, language: str) -> Conversation:
        """A new conversation of this visitor, with an id that cannot be guessed."""
        conversation_id = secrets.token_urlsafe(16)
        self._storage.put_document(VISITORS, f"{visitor}/{conversation_id}", {}, round(self._clock() * 1000))
        return self.append(
            Conversation(conversation_id), "opened", by=visitor, data={"language": language}
        ).conversation

    def read(self, conversation_id: str) -> Conversation | None:
        """The conversation as it stands now, or None if there is none of that id."""
        events = self._events(conversation_id)
        return replay(conversation_id, [event for _, event in events]) if events else None

    def of_visitor(self, conversation_id: str, visitor: str) -> Conversation | None:
        """The same, but None unless it is this visitor's own."""
        conversation = self.read(conversation_id)
        return conversation if conversation is not None and visitor and conversation.visitor == visitor else None

    def ids_of(self, visitor: str) -> list[str]:
        """The ids of a visitor's conversations."""
        keys = (key.rpartition("/") for key, _ in self._storage.documents(VISITORS, f"{visitor}/"))
        return [conversation_id for whose, _, conversation_id in keys if whose == visitor]

    def latest(self, visitor: str) -> Conversation | None:
        """The visitor's conversation in which something happened last."""
        newest = max(self.ids_of(visitor) if visitor else (), key=self.stamp, default="")
        return self.of_visitor(newest, visitor)

    def claim(self, visitor: str, user: str) -> None:
        """A visitor has logged in: the conversations that were begun before are the user's from now on."""
        for conversation_id in self.ids_of(visitor):
            conversation = self.of_visitor(conversation_id, visitor)
            if conversation is None:
                continue
            self._storage.put_document(VISITORS, f"{user}/{conversation_id}", {}, conversation.updated_at)
            self.append(conversation, "claimed", by=visitor, data={"visitor": user})
            self._storage.delete_document(VISITORS, f"{visitor}/{conversation_id}")

    def append(
        self,
        conversation: Conversation,
        kind: str,
        *,
        by: str = "",
        text: str = "",
        data: dict[str, Any] | None = None,
        event_id: str | None = None,
    ) -> Step:
        """Append an event and return the resulting step; a refused event is not stored."""
        event_id, text = event_id or secrets.token_hex(8), mask(text).text
        for _ in range(_MAX_TRIES):
            stored = self._events(conversation.id)
            if not stored and kind != "opened":
                return Step(conversation, _NOT_FOUND)
            before = replay(conversation.id, [event for _, event in stored])
            now = max(round(self._clock() * 1000), before.updated_at + 1)
            event = Event(kind, event_id, now, by, text, data or {})
            result = step(before, event)
            if result.refused:
                return result
            if _concerns_people(result.conversation):  # listed before it is stored: once too often, never too little
                self._storage.put_document(OPEN, conversation.id, _line(result.conversation), now)
            number = int(stored[-1][0].rpartition("/")[2].partition(".")[0]) + 1 if stored else 1
            if self._storage.add_document(EVENTS, f"{conversation.id}/{number:013d}", event._asdict(), now):
                return self._added(result, event)
        raise StoreError(f"chat: {_MAX_TRIES} events came between, each time one was to be added to {conversation.id}")

    def _added(self, result: Step, event: Event) -> Step:
        now = result.conversation
        self._index(now)
        if self._storage.get_document(EVENTS, f"{now.id}/{1:013d}") is None:  # forgotten meanwhile, so this goes, too
            self.remove([now.id])
            return Step(now, _NOT_FOUND)
        if self.listener is not None:
            self.listener(now, event)
        return result

    def stamp(self, conversation_id: str) -> int:
        """Differs after each event of the conversation; one small read."""
        line = self._storage.get_document(OVERVIEW, conversation_id)
        return int(line["updated_at"]) if line else 0

    def changes(self) -> int:
        """Differs after each event of any conversation that concerns people; one small read."""
        return int(self._storage.get_document(CHANGES, "all") or 0)

    def concerning_people(self) -> list[dict[str, Any]]:
        """One line for each conversation that waits, that a person owns, or that is to be answered later."""
        return [{"conversation_id": key, **line} for key, line in self._storage.documents(OPEN)]

    def overview(self, limit: int = 200) -> list[dict[str, Any]]:
        """One line for each of the newest conversations, newest first: what an inbox lists."""
        return [{"conversation_id": key, **line} for key, line in self._storage.newest_documents(OVERVIEW, limit)]

    def repair(self, conversation_id: str) -> Conversation | None:
        """Read the conversation and rewrite its overview lines where a process failed to, or was overtaken."""
        conversation = self.read(conversation_id)
        if conversation is None:
            self._storage.delete_document(OPEN, conversation_id)
        else:
            line, lines = _line(conversation), [self._storage.get_document(kind, conversation_id) for kind in _LINES]
            if lines != [line, line if _concerns_people(conversation) else None]:
                self._index(conversation)
        return conversation

    def forget(self, visitor: str) -> int:
        """Delete all conversations of a visitor and what was derived from them; -> conversations deleted."""
        return self.remove(self.ids_of(visitor))

    def remove(self, conversation_ids: Collection[str]) -> int:
        """Removes these conversations and all that was made of them but no person has approved; -> how many."""
        for conversation_id in conversation_ids:
            conversation = self.read(conversation_id)
            for kind in (EVENTS, LOOKS, OUTBOX, UNANSWERED):
                while documents := self._storage.documents(kind, f"{conversation_id}/"):  # more may come meanwhile
                    for key, _ in documents:
                        self._storage.delete_document(kind, key)
            for kind in _LINES:
                self._storage.delete_document(kind, conversation_id)
            if conversation is not None:
                self._storage.delete_document(VISITORS, f"{conversation.visitor}/{conversation_id}")
        origins = {f"{CHAT_ORIGIN}{conversation_id}" for conversation_id in conversation_ids}
        for key, suggestion in self._storage.documents(SUGGESTED) if origins else ():
            if suggestion["origin"] in origins:
                self._storage.delete_document(SUGGESTED, key)
        return len(conversation_ids)

    def _events(self, conversation_id: str) -> list[tuple[str, Event]]:
        if not conversation_id or "/" in conversation_id:
            return []
        return [(key, Event(**value)) for key, value in self._storage.documents(EVENTS, f"{conversation_id}/")]

    def _index(self, after: Conversation) -> None:
        known = self._storage.get_document(OPEN, after.id) is not None
        self._storage.put_document(OVERVIEW, after.id, _line(after), after.updated_at)
        if _concerns_people(after):
            self._storage.put_document(OPEN, after.id, _line(after), after.updated_at)
        elif known:
            self._storage.delete_document(OPEN, after.id)
        if known or _concerns_people(after):
            self._storage.put_document(CHANGES, "all", max(after.updated_at, self.changes() + 1), after.updated_at)


def _concerns_people(conversation: Conversation) -> bool:
    return conversation.state not in (BOT, CLOSED) or conversation.callback


def _line(conversation: Conversation) -> dict[str, Any]:
    spoken = [message for message in conversation.messages if message.role != "system"]
    last = spoken[-1] if spoken else None
    from_visitor = [message for message in spoken if message.role == "visitor"]
    return {
        "state": conversation.state,
        "agent": conversation.agent,
        "language": conversation.language,
        "callback": conversation.callback,
        "contact": bool(conversation.contact),
        "trigger": conversation.triggers[-1][1] if conversation.triggers else "",
        "intent": str(from_visitor[-1].data.get("intent", "")) if from_visitor else "",
        "sentiment": from_visitor[-1].data.get("sentiment") if from_visitor else None,
        "routed_to": conversation.routed_to,
        "served_by": conversation.served_by,
        "waiting_since": conversation.waiting_since,
        "rating": conversation.rating,
        "last": last.text[:200] if last else "",
        "last_role": last.role if last else "",
        "last_at": last.at if last else 0,
        "messages": len(spoken),
        "updated_at": conversation.updated_at,
    }
