"""Agent inbox: queue views, agent actions, canned replies and unanswered questions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsplug.errors import EventError
from opsplug.locales import choose
from opsplug.privacy import mask
from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.conversation_log import CHAT_ORIGIN, LOOKS, MAX_UNANSWERED, UNANSWERED, ChatStorage
from opsplug.services.chat.desk.summary import Summaries, Summary
from opsplug.services.chat.desk.support import Support
from opsplug.services.chat.handover import NO_AGENTS, PERSON, WAITING, Conversation

CANNED = "chat_canned"
_SAME_LOOK_SECONDS = 600.0  # seconds within which the same person's looks at a conversation count as one
_MAX_LENGTH = 4000
_MAX_LISTED = 200
_MAX_RATED = 1000  # conversations that the mean rating is of
VIEWS = ("waiting", "mine", "all")
ACTIONS = ("take", "say", "note", "give_back", "close", "transfer", "mail")


@dataclass(frozen=True)
class Opened:
    """One conversation as an agent sees it. `contact` is in plain words; `looks` are (epoch ms, who)."""

    conversation: Conversation
    summary: Summary
    contact: str
    looks: list[tuple[int, str]]
    mine: bool


@dataclass
class Question:
    """What nobody could answer, asked `count` times."""

    text: str
    language: str
    count: int = 0
    last_at: int = 0
    conversation_id: str = ""
    keys: list[str] = field(default_factory=list)


class Inbox:
    """Safe to share between threads. `who` is an agent's name; every look at a conversation is kept."""

    def __init__(
        self,
        chat: Callable[[], Chat],
        support: Support,
        storage: ChatStorage,
        summaries: Summaries,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.support = support
        self.summaries = summaries
        self._chat = chat
        self._storage = storage
        self._clock = clock

    # ------------------------------------------------------------------ the queue

    def here(self, who: str, language: str) -> None:
        """Record the presence of `who` in the inbox."""
        self.support.agent_queue.agents.arrive(who, language)
        self.support.worker.wake()

    def queue(self, who: str, view: str) -> list[dict[str, Any]]:
        """The lines of a view: who waits longest first, then who is to be answered later, then the rest, newest first.

        Of those who wait as long as others the ones that are offered to `who` come first.
        """
        if view == "all":
            return self.support.log.overview(_MAX_LISTED)
        lines = self.support.log.concerning_people()
        if view == "mine":
            own = [line for line in lines if line["state"] == PERSON and line["agent"] == who]
            return sorted(own, key=lambda line: (line["last_role"] != "visitor", line["last_at"]))[:_MAX_LISTED]
        free = (line for line in lines if line["state"] != PERSON)
        return sorted(free, key=lambda line: _turn(line, who))[:_MAX_LISTED]

    def counts(self, who: str) -> dict[str, int]:
        lines = self.support.log.concerning_people()
        mine = sum(line["state"] == PERSON and line["agent"] == who for line in lines)
        return {"waiting": sum(line["state"] != PERSON for line in lines), "mine": mine}

    def satisfaction(self) -> tuple[float, int]:
        """(mean rating, how many gave one) of the newest conversations."""
        ratings = [line["rating"] for line in self.support.log.overview(_MAX_RATED) if line["rating"]]
        return (round(sum(ratings) / len(ratings), 1) if ratings else 0.0), len(ratings)

    # ------------------------------------------------------------------ one conversation

    def open(self, conversation_id: str, who: str) -> Opened | None:
        """Read a conversation with its summary, and record that `who` viewed it."""
        conversation = self.support.log.repair(conversation_id)
        if conversation is None:
            return None
        conversation = self.support.agent_queue.expire_one(conversation)
        looks = self.record_look(conversation_id, who)
        mine = conversation.state == PERSON and conversation.agent == who
        return Opened(
            conversation, self.summaries.of(conversation), self.support.agent_queue.contact(conversation), looks, mine
        )

    def act(self, conversation_id: str, who: str, action: str, form: Mapping[str, str]) -> str:
        """Does something to a conversation; -> why not, else nothing. `EventError` for what makes no sense.

        `form["message_id"]`, where given, makes the same form sent twice one word.
        """
        if who in NO_AGENTS:
            raise EventError(f"nobody may be called {who!r} here: it is the name of a part")
        log, agent_queue = self.support.log, self.support.agent_queue
        conversation = log.read(conversation_id)
        if conversation is None or action not in ACTIONS:
            raise EventError("there is no such conversation" if conversation is None else f"{action}: not possible")
        text = form.get("text", "").strip()[:_MAX_LENGTH]
        once = form.get("message_id") or None
        if action in ("say", "note") and not text:
            return "empty"
        if action == "take":
            step = log.append(conversation, "agent_accepted", by=who)
        elif action == "say":
            step = log.append(conversation, "agent_said", by=who, text=text, event_id=once)
        elif action == "note":
            step = log.append(conversation, "noted", by=who, text=text, event_id=once)
        elif action == "give_back":
            step = log.append(conversation, "agent_released", by=who)
        elif action == "close":
            step = log.append(conversation, "closed", by=who)
        elif action == "mail":
            address = form.get("address", "").strip() or agent_queue.contact(conversation)
            self.support.send_transcript(conversation, address, who)
            return ""
        else:
            to = form.get("to", "")
            if to not in agent_queue.agents.groups and to not in [agent.name for agent in agent_queue.agents.all()]:
                raise EventError("to: there is no such colleague or group")
            data = {"group": to} if to in agent_queue.agents.groups else {"to": to}
            step = log.append(conversation, "transferred", by=who, data=data)
            if not step.refused and data.get("group"):
                agent_queue.offer_again(step.conversation)
        return "" if step.refused == "duplicate" else step.refused

    def record_look(self, conversation_id: str, who: str) -> list[tuple[int, str]]:
        """Record a view, at most once in ten minutes for each agent; -> (epoch ms, who) of all views."""
        now = round(self._clock() * 1000)
        looks = [(int(value["at"]), str(value["who"])) for _, value in self._looks(conversation_id)]
        if not any(name == who and now - at < _SAME_LOOK_SECONDS * 1000 for at, name in looks):
            key = f"{conversation_id}/{now:013d}.{secrets.token_hex(4)}"
            self._storage.put_document(LOOKS, key, {"who": who, "at": now}, now)
            looks.append((now, who))
        return looks

    def _looks(self, conversation_id: str) -> list[tuple[str, Any]]:
        return self._storage.documents(LOOKS, f"{conversation_id}/")

    # ------------------------------------------------------------------ canned answers

    def canned(self, language: str = "") -> list[dict[str, str]]:
        """Ready answers, by title; those in `language` first."""
        found = [{"id": key, **value} for key, value in self._storage.documents(CANNED)]
        return sorted(found, key=lambda one: (one["language"] != language, one["title"]))

    def keep_canned(self, title: str, text: str, language: str, who: str) -> None:
        title, text = title.strip()[:80], text.strip()[:_MAX_LENGTH]
        if not title or not text:
            raise EventError("a title and a text are expected")
        now = round(self._clock() * 1000)
        value = {"title": title, "text": text, "language": choose(language), "by": who}
        self._storage.put_document(CANNED, secrets.token_urlsafe(8), value, now)

    def drop_canned(self, name: str) -> None:
        self._storage.delete_document(CANNED, name)

    # ------------------------------------------------------------------ what the knowledge lacks

    def unanswered(self) -> list[Question]:
        """Questions nobody could answer, the most asked first; of the newest 5,000."""
        found: dict[tuple[str, str], Question] = {}
        for key, document in self._storage.newest_documents(UNANSWERED, MAX_UNANSWERED):
            text, language = str(document["text"]), str(document["language"])
            one = found.setdefault((language, " ".join(text.lower().split())), Question(text, language))
            one.count, one.last_at = one.count + 1, max(one.last_at, int(document["at"]))
            one.conversation_id = one.conversation_id or str(document.get("conversation_id", ""))
            one.keys.append(key)
        return sorted(found.values(), key=lambda one: (-one.count, -one.last_at))[:_MAX_LISTED]

    def learn(self, key: str, question: str, answer: str, who: str) -> None:
        """Makes an answer part of the knowledge and the question no longer an open one."""
        open_question = next((one for one in self.unanswered() if key in one.keys), None)
        if open_question is None or not answer.strip():
            raise EventError("an answer is expected" if open_question else "this question was answered meanwhile")
        knowledge = self._chat().knowledge
        text = mask(question.strip() or open_question.text).text
        suggestion = knowledge.suggest(
            text, answer, open_question.language, origin=CHAT_ORIGIN + open_question.conversation_id
        )
        knowledge.approve(suggestion.id, who, answer=answer.strip())
        self._forget(open_question)

    def dismiss(self, key: str) -> None:
        """The question needs no answer."""
        for one in self.unanswered():
            if key in one.keys:
                self._forget(one)

    def _forget(self, question: Question) -> None:
        for key in question.keys:
            self._storage.delete_document(UNANSWERED, key)


def _turn(line: Mapping[str, Any], who: str) -> tuple[bool, int, bool]:
    waiting = line["state"] == WAITING
    since = int(line["waiting_since"] if waiting else line["updated_at"]) // 60_000
    return (not waiting, since, line["routed_to"] != who)
