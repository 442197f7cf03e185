"""The questions a shop knows the answers to: by id and language, versioned, valid for a time, searched in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from opsplug.errors import OpsPlugError
from opsplug.models.language import detect_language
from opsplug.models.retrieval import KnowledgeIndex
from opsplug.services.chat_log import ChatStorage

KIND, OLD, CHANGES = "knowledge", "knowledge_old", "knowledge_changes"
_CHECK_EVERY = 1.0  # seconds between two looks for changes made by other processes
_FOREIGN = 0.9  # of the confidence remains when the answer is in another language than the question


class KnowledgeError(OpsPlugError):
    """A knowledge entry does not fit; the message names its id and field."""


@dataclass(frozen=True)
class Entry:
    """One question and its answer. Dates are ISO days, both included; empty: without limit."""

    id: str
    question: str
    answer: str
    language: str = "en"
    valid_from: str = ""
    valid_until: str = ""
    version: int = 1

    def is_valid(self, day: str) -> bool:
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_until or day <= self.valid_until)


@dataclass(frozen=True)
class Found:
    """An entry that may answer, and how surely."""

    entry: Entry
    confidence: float


class Knowledge:
    """`engine.chat.knowledge`. Safe to share between threads; other processes' changes are seen within a second."""

    def __init__(self, storage: ChatStorage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], Entry] | None = None
        self._indexes: dict[tuple[str, str], tuple[list[Entry], KnowledgeIndex]] = {}
        self._changes: Any = None
        self._checked = 0.0

    def upsert(self, entries: Iterable[Mapping[str, Any]]) -> int:
        """Adds or replaces by `id` and `language` (else detected); -> how many changed. All are checked first."""
        known = self._load()
        changed = [entry for entry in map(_entry, entries) if not _same(entry, known.get((entry.language, entry.id)))]
        now = round(self._clock() * 1000)
        for entry in changed:
            before = known.get((entry.language, entry.id))
            if before is not None:
                self._storage.put_document(
                    OLD, f"{before.language}/{before.id}/{before.version:06d}", asdict(before), now
                )
                entry = Entry(**{**asdict(entry), "version": before.version + 1})
            self._storage.put_document(KIND, f"{entry.language}/{entry.id}", asdict(entry), now)
        if changed:
            self._announce(now)
        return len(changed)

    def remove(self, entry_id: str, language: str | None = None) -> int:
        """Forgets an entry, in all languages unless one is named; -> how many."""
        keys = [key for key in self._load() if key[1] == entry_id and language in (None, key[0])]
        for spoken, known in keys:
            self._storage.delete_document(KIND, f"{spoken}/{known}")
        if keys:
            self._announce(round(self._clock() * 1000))
        return len(keys)

    def all(self, language: str | None = None) -> list[Entry]:
        """Every entry, by language and id."""
        return [entry for key, entry in sorted(self._load().items()) if language in (None, key[0])]

    def search(self, text: str, language: str, k: int = 3) -> list[Found]:
        """The likeliest valid entries, best first: those in `language`, or in the others where it has none."""
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        languages = sorted({spoken for spoken, _ in self._load()}, key=lambda spoken: (spoken != language, spoken))
        for spoken in languages:
            entries, index = self._index(spoken, day)
            if entries:
                share = 1.0 if spoken == language else _FOREIGN
                return [Found(entries[m.position], share * m.confidence) for m in index.search(text, k)]
        return []

    def _load(self) -> dict[tuple[str, str], Entry]:
        with self._lock:
            fresh = time.monotonic() - self._checked < _CHECK_EVERY
            if self._entries is None or not fresh:
                changes = self._storage.get_document(CHANGES, "all")
                if self._entries is None or changes != self._changes:
                    found = [Entry(**value) for _, value in self._storage.documents(KIND)]
                    self._entries = {(entry.language, entry.id): entry for entry in found}
                    self._indexes = {}
                    self._changes = changes
                self._checked = time.monotonic()
            return self._entries

    def _index(self, language: str, day: str) -> tuple[list[Entry], KnowledgeIndex]:
        entries = self._load()
        with self._lock:
            held = self._indexes.get((language, day))
            if held is None:
                valid = [entry for key, entry in sorted(entries.items()) if key[0] == language and entry.is_valid(day)]
                held = (valid, KnowledgeIndex([e.question for e in valid], [e.answer for e in valid]))
                others = {key: value for key, value in self._indexes.items() if key[1] == day}
                self._indexes = {**others, (language, day): held}
            return held

    def _announce(self, now: int) -> None:
        previous = self._storage.get_document(CHANGES, "all") or 0
        self._storage.put_document(CHANGES, "all", max(now, previous + 1), now)
        with self._lock:
            self._entries = None


def _same(entry: Entry, before: Entry | None) -> bool:
    return before is not None and entry == Entry(**{**asdict(before), "version": entry.version})


def _entry(given: Mapping[str, Any]) -> Entry:
    name = str(given.get("id") or "").strip()
    if not name or "/" in name or "\n" in name:
        raise KnowledgeError(f"knowledge: {name!r} is no id; give a short name without a slash.")
    for needed in ("question", "answer"):
        if not str(given.get(needed) or "").strip():
            raise KnowledgeError(f"knowledge entry {name!r}: `{needed}` is missing or empty.")
    question, answer = str(given["question"]).strip(), str(given["answer"]).strip()
    language = str(given.get("language") or detect_language(f"{question} {answer}")).lower()[:2]
    return Entry(name, question, answer, language, _day(given, "valid_from", name), _day(given, "valid_until", name))


def _day(given: Mapping[str, Any], field: str, name: str) -> str:
    value = given.get(field)
    if not value:
        return ""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value)[:10])).isoformat()[:10]
    except ValueError:
        raise KnowledgeError(
            f"knowledge entry {name!r}: `{field}` is a day such as 2026-12-31, not {value!r}."
        ) from None
