"""Knowledge base: question and answer entries by id and language, versioned, with a validity, searched in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from opsplug.errors import ModelError
from opsplug.models.text.intents import Intent
from opsplug.models.text.retrieval import CONFIDENT, KnowledgeIndex, preferred
from opsplug.models.text.sentence import Encoder
from opsplug.services.chat.conversation_log import ChatStorage
from opsplug.services.chat.knowledge.entries import Entry, KnowledgeError, entry_of
from opsplug.services.chat.knowledge.suggestions import OPEN, Suggestion, Suggestions
from opsplug.services.chat.knowledge.vectors import Vectors

Key = tuple[str, str, bool]  # language, day, whether with vectors
Index = tuple[list[Entry], KnowledgeIndex]
KIND, OLD, CHANGES = "knowledge", "knowledge_old", "knowledge_changes"
_CHECK_EVERY = 1.0  # seconds between two looks for changes made by other processes
_PATIENCE = 5.0  # seconds that a question waits for the vectors of the knowledge, before words alone answer it
_FOREIGN = 0.9  # of the confidence remains when the answer is in another language than the question


@dataclass(frozen=True)
class Match:
    """A retrieved entry with its confidence, a probability from 0 to 1."""

    entry: Entry
    confidence: float
    passage: int = 0  # of the answer, by position, that fits best


class Knowledge:
    """`engine.chat.knowledge`. Safe to share between threads; other processes' changes are seen within a second."""

    def __init__(
        self, storage: ChatStorage, clock: Callable[[], float] = time.time, vectors: Vectors | None = None
    ) -> None:
        self._storage = storage
        self._vectors = vectors or Vectors(lambda: None)
        self._builds: dict[Key, tuple[dict[tuple[str, str], Entry], Future[Index]]] = {}
        self._clock = clock
        self._suggestions = Suggestions(storage, clock)
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], Entry] | None = None
        self._indexes: dict[Key, Index] = {}
        self._changes: Any = None
        self._checked = 0.0

    def upsert(self, entries: Iterable[Mapping[str, Any]]) -> int:
        """Add or replace entries of the knowledge, by `id` and `language`. All are checked first.

        Parameters
        ----------
        entries : iterable of mapping
            `id`, `question` and `answer` are required; `language` is detected without it; docs/knowledge.md has the
            others.

        Returns
        -------
        int
            How many entries changed.

        Raises
        ------
        EventError
            An entry does not fit; the message names it.
        """
        known = self._load()
        changed = [entry for entry in map(entry_of, entries) if not _same(entry, known.get((entry.language, entry.id)))]
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
        """Forget an entry of the knowledge.

        Parameters
        ----------
        entry_id : str
        language : str, optional
            The language to forget it in. Default: all.

        Returns
        -------
        int
            How many entries were removed.
        """
        keys = [key for key in self._load() if key[1] == entry_id and language in (None, key[0])]
        for spoken, known in keys:
            self._storage.delete_document(KIND, f"{spoken}/{known}")
        if keys:
            self._announce(round(self._clock() * 1000))
        return len(keys)

    def all(self, language: str | None = None) -> list[Entry]:
        """Every entry, by language and id."""
        return [entry for key, entry in sorted(self._load().items()) if language in (None, key[0])]

    def get(self, entry_id: str, language: str) -> Entry | None:
        """The entry of that id in that language, else in another one."""
        known = self._load()
        found = known.get((language, entry_id))
        return found or next((entry for key, entry in sorted(known.items()) if key[1] == entry_id), None)

    def suggest(self, question: str, answer: str = "", language: str | None = None, origin: str = "") -> Suggestion:
        """Keeps what may become an entry once a person approves it; the same from the same `origin` is kept once."""
        return self._suggestions.add(question, answer, language, origin)

    def suggestions(self, state: str = OPEN) -> list[Suggestion]:
        """Suggestions that are open, approved or rejected, oldest first."""
        return self._suggestions.all(state)

    def approve(
        self,
        suggestion_id: str,
        by: str,
        *,
        question: str | None = None,
        answer: str | None = None,
        entry_id: str | None = None,
        url: str = "",
    ) -> Entry:
        """Makes a suggestion an entry, with the person's own wording where given; `by` is who approved it.

        With the `entry_id` of an entry and no answer, the question becomes one more way to ask that entry.
        `KnowledgeError` where there is no such open suggestion, or it has no answer yet.
        """
        suggestion = self._open(suggestion_id)
        asked = question or suggestion.question
        known = self.get(entry_id, suggestion.language) if entry_id and not answer else None
        if known is not None:
            self.upsert([{**asdict(known), "also": [*known.also, asked]}])
        else:
            entry = {
                "id": entry_id or f"learnt-{suggestion.id}",
                "question": asked,
                "answer": answer or suggestion.answer,
                "language": suggestion.language,
                "url": url,
            }
            self.upsert([entry])
        name = known.id if known else str(entry_id or f"learnt-{suggestion.id}")
        self._suggestions.settle(suggestion, "approved", by, name)
        return self._load()[known.language if known else suggestion.language, name]

    def reject(self, suggestion_id: str, by: str) -> Suggestion:
        """Closes a suggestion; the same is not suggested again."""
        return self._suggestions.settle(self._open(suggestion_id), "rejected", by)

    def _open(self, suggestion_id: str) -> Suggestion:
        suggestion = self._suggestions.get(suggestion_id)
        if suggestion is None or suggestion.state != OPEN:
            raise KnowledgeError(f"knowledge: there is no open suggestion {suggestion_id!r}.")
        return suggestion

    def search(self, text: str, language: str, k: int = 3) -> list[Match]:
        """The likeliest valid entries, best first: those in `language`, and where they fit better, in the others.

        Without vectors the other languages are asked only where there is no entry in this one.
        """
        try:
            return self._search(text, language, k, self._vectors.current())
        except ModelError as error:  # of an encoder that failed on the way
            self._vectors.rest(error)
            return self._search(text, language, k, None)

    def _search(self, text: str, language: str, k: int, encoder: Encoder | None) -> list[Match]:
        day = self._today()
        spoken = {code for code, _ in self._load()}
        found = self._found(text, language, 1.0, k, day, encoder) if language in spoken else []
        if found and (encoder is None or found[0].confidence >= CONFIDENT):
            return found
        for other in sorted(spoken - {language}):
            foreign = self._found(text, other, _FOREIGN, k, day, encoder)
            if encoder is None and foreign:
                return foreign
            own = {one.entry.id for one in found}
            found += [one for one in foreign if one.entry.id not in own]
        return sorted(found, key=lambda one: -one.confidence)[:k]

    def _found(self, text: str, language: str, share: float, k: int, day: str, encoder: Encoder | None) -> list[Match]:
        entries, index = self._index(language, day, encoder)
        best = index.search(text, k)
        return [Match(entries[match.position], share * match.confidence, match.passage) for match in best]

    def preferred(self, found: list[Match], intent: Intent | None, language: str) -> list[Match]:
        """What was found, when a learnt intent (language/id) joins in; an entry that is not valid today does not."""
        spoken, _, name = ((intent.name if intent else None) or "").partition("/")
        meant = self._load().get((spoken, name))
        if intent is None or meant is None or spoken != language or not meant.is_valid(self._today()):
            return found
        entries = {f"{one.entry.language}/{one.entry.id}": one.entry for one in found} | {f"{spoken}/{name}": meant}
        ranked = preferred([(f"{one.entry.language}/{one.entry.id}", one.confidence) for one in found], intent)
        passages = {f"{one.entry.language}/{one.entry.id}": one.passage for one in found}
        return [Match(entries[key], confidence, passages.get(key, 0)) for key, confidence in ranked]

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).date().isoformat()

    def _load(self) -> dict[tuple[str, str], Entry]:
        with self._lock:
            fresh = time.monotonic() - self._checked < _CHECK_EVERY
            if self._entries is None or not fresh:
                changes = self._storage.get_document(CHANGES, "all")
                if self._entries is None or changes != self._changes:
                    found = [Entry.of(value) for _, value in self._storage.documents(KIND)]
                    self._entries = {(entry.language, entry.id): entry for entry in found}
                    self._indexes = {}
                    self._changes = changes
                self._checked = time.monotonic()
            return self._entries

    def _index(self, language: str, day: str, encoder: Encoder | None) -> Index:
        """Built at the first question after a change; whoever asks waits for vectors a while, then does without."""
        entries = self._load()
        key = (language, day, encoder is not None)
        held = self._indexes.get(key)
        if held is not None:
            return held
        if encoder is None:
            return self._build(entries, key, None)
        with self._lock:
            building = self._builds.get(key)
            if building is None or building[0] is not entries:
                building = (entries, Future())
                self._builds[key] = building
                Thread(target=self._build_for, args=(building[1], entries, key, encoder), daemon=True).start()
        try:
            return building[1].result(_PATIENCE)
        except TimeoutError:
            return self._index(language, day, None)
        finally:
            if building[1].done():
                self._builds.pop(key, None)

    def _build_for(
        self, waited_for: Future[Index], entries: dict[tuple[str, str], Entry], key: Key, encoder: Encoder
    ) -> None:
        try:
            waited_for.set_result(self._build(entries, key, encoder))
        except Exception as error:  # whoever waits for it hears of it
            waited_for.set_exception(error)

    def _build(self, entries: dict[tuple[str, str], Entry], key: Key, encoder: Encoder | None) -> Index:
        language, day, _ = key
        valid = [entry for name, entry in sorted(entries.items()) if name[0] == language and entry.is_valid(day)]
        asked = [(entry.question, *entry.also) for entry in valid]
        index = valid, KnowledgeIndex(asked, [entry.answer for entry in valid], encoder)
        with self._lock:
            if self._entries is entries:  # else it changed meanwhile
                self._indexes = {known: held for known, held in self._indexes.items() if known[1] == day} | {key: index}
        return index

    def _announce(self, now: int) -> None:
        previous = self._storage.get_document(CHANGES, "all") or 0
        self._storage.put_document(CHANGES, "all", max(now, previous + 1), now)
        with self._lock:
            self._entries = None


def _same(entry: Entry, before: Entry | None) -> bool:
    return before is not None and entry == Entry(**{**asdict(before), "version": entry.version})
