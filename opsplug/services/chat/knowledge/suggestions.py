"""Suggested knowledge entries, from unanswered questions and resolved chats, for a person to approve or reject."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from opsplug.models.text.language import detect_language
from opsplug.privacy import mask
from opsplug.services.chat.conversation_log import SUGGESTED, ChatStorage

OPEN, APPROVED, REJECTED = "open", "approved", "rejected"
_MAX_LENGTH = 2000


@dataclass(frozen=True)
class Suggestion:
    """A question, and an answer where one was given; `origin` says where from, `by` who decided, `at` when (ms)."""

    id: str
    question: str
    answer: str
    language: str
    origin: str = ""
    state: str = OPEN
    by: str = ""
    entry_id: str = ""
    at: int = 0


class Suggestions:
    """The suggestions of one store."""

    def __init__(self, storage: ChatStorage, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._clock = clock

    def add(self, question: str, answer: str, language: str | None, origin: str) -> Suggestion:
        """A new suggestion, masked; or the one that was made of the same question before, whatever became of it."""
        question_text, answer_text = mask(question.strip()[:_MAX_LENGTH]).text, mask(answer.strip()[:_MAX_LENGTH]).text
        spoken = (language or detect_language(question_text))[:2].lower()
        identity = f"{spoken}\n{question_text.lower()}\n{origin}"
        name = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:12]
        before = self.get(name)
        if before is not None and (before.state != OPEN or before.answer or not answer_text):
            return before
        return self._keep(Suggestion(name, question_text, answer_text, spoken, origin, at=round(self._clock() * 1000)))

    def get(self, name: str) -> Suggestion | None:
        value = self._storage.get_document(SUGGESTED, name)
        return Suggestion(**value) if value else None

    def all(self, state: str) -> list[Suggestion]:
        found = [Suggestion(**value) for _, value in self._storage.documents(SUGGESTED)]
        return sorted((one for one in found if one.state == state), key=lambda one: (one.at, one.id))

    def settle(self, suggestion: Suggestion, state: str, by: str, entry_id: str = "") -> Suggestion:
        """Note what a person decided."""
        return self._keep(replace(suggestion, state=state, by=by, entry_id=entry_id, at=round(self._clock() * 1000)))

    def _keep(self, suggestion: Suggestion) -> Suggestion:
        self._storage.put_document(SUGGESTED, suggestion.id, asdict(suggestion), suggestion.at)
        return suggestion
