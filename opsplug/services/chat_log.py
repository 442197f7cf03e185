"""The conversations of a shop, kept as their events: nothing is overwritten, so nothing is lost between processes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from opsplug.privacy import mask
from opsplug.services.handover import Conversation, Event, Step, replay, step

EVENTS, VISITORS, OVERVIEW = "chat", "chat_visitor", "chat_overview"


class ChatStorage(Protocol):
    """JSON values by kind and key; `opsplug.store.Store` is one."""

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None: ...

    def get_document(self, kind: str, key: str) -> Any: ...

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]: ...

    def delete_document(self, kind: str, key: str) -> bool: ...


class ConversationLog:
    """Reads and extends conversations. Texts are masked here, before they reach the store."""

    def __init__(self, storage: ChatStorage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock

    def open(self, visitor: str, language: str) -> Conversation:
        """A new conversation of this visitor, with an id that cannot be guessed."""
        conversation_id = secrets.token_urlsafe(16)
        fresh = self.append(Conversation(conversation_id), "opened", by=visitor, data={"language": language})
        self._storage.put_document(VISITORS, f"{visitor}/{conversation_id}", {}, fresh.conversation.updated_at)
        return fresh.conversation

    def read(self, conversation_id: str) -> Conversation | None:
        """The conversation as it stands now, or None if there is none of that id."""
        events = self._events(conversation_id)
        return replay(conversation_id, events) if events else None

    def of_visitor(self, conversation_id: str, visitor: str) -> Conversation | None:
        """The same, but None unless it is this visitor's own."""
        conversation = self.read(conversation_id)
        return conversation if conversation is not None and visitor and conversation.visitor == visitor else None

    def ids_of(self, visitor: str) -> list[str]:
        """The ids of a visitor's conversations."""
        return [key.rpartition("/")[2] for key, _ in self._storage.documents(VISITORS, f"{visitor}/")]

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
        """Adds an event after all that is stored and gives the state afterwards; what is refused is not stored."""
        conversation = self.read(conversation.id) or conversation  # the caller's may be older than the store's
        now = max(round(self._clock() * 1000), conversation.updated_at + 1)
        event = Event(kind, event_id or secrets.token_hex(8), now, by, mask(text).text, data or {})
        taken = step(conversation, event)
        if taken.refused:
            return taken
        key = f"{conversation.id}/{now:013d}.{secrets.token_hex(4)}"
        self._storage.put_document(EVENTS, key, event._asdict(), now)
        after = self.read(conversation.id) or taken.conversation
        self._storage.put_document(OVERVIEW, conversation.id, _overview(after), now)
        return Step(after, "" if event.id in after.seen else "overtaken")

    def overview(self) -> list[dict[str, Any]]:
        """One line for each conversation, newest first: what an inbox lists."""
        lines = [{"conversation_id": key, **line} for key, line in self._storage.documents(OVERVIEW)]
        return sorted(lines, key=lambda line: -int(line["updated_at"]))

    def forget(self, visitor: str) -> int:
        """Removes everything a visitor said and was told; -> conversations removed."""
        found = self.ids_of(visitor)
        for conversation_id in found:
            for key, _ in self._storage.documents(EVENTS, f"{conversation_id}/"):
                self._storage.delete_document(EVENTS, key)
            self._storage.delete_document(OVERVIEW, conversation_id)
            self._storage.delete_document(VISITORS, f"{visitor}/{conversation_id}")
        return len(found)

    def _events(self, conversation_id: str) -> list[Event]:
        if not conversation_id or "/" in conversation_id:
            return []
        return [Event(**value) for _, value in self._storage.documents(EVENTS, f"{conversation_id}/")]


def _overview(conversation: Conversation) -> dict[str, Any]:
    spoken = [message for message in conversation.messages if message.role != "system"]
    return {
        "state": conversation.state,
        "agent": conversation.agent,
        "language": conversation.language,
        "callback": conversation.callback,
        "trigger": conversation.triggers[-1][1] if conversation.triggers else "",
        "last": spoken[-1].text[:200] if spoken else "",
        "messages": len(spoken),
        "updated_at": conversation.updated_at,
    }
