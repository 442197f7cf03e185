"""Support agents: configuration, presence, and routing of a conversation to the most suitable one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsplug.errors import SettingsError
from opsplug.services.chat.conversation_log import ChatStorage

KIND = "chat_agent"
HERE = 180.0  # seconds after which somebody who has not looked is gone
_BEAT = 20.0  # seconds between two writes that somebody is here
_FIELDS = {"name", "groups", "languages"}


@dataclass(frozen=True)
class Agent:
    """`groups` are names of the shop's own, or intents and triggers such as order_status; `seen_at` in ms."""

    name: str
    groups: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    seen_at: int = 0
    remote: bool = False  # answers from a help desk, and does not look at the inbox


def read_agents(given: Iterable[Mapping[str, Any]]) -> tuple[Agent, ...]:
    """Agents from the setting; `SettingsError` says what does not fit."""
    found = []
    for one in given:
        if not isinstance(one, Mapping) or not str(one.get("name") or "").strip() or set(one) - _FIELDS:
            raise SettingsError(f'agents: {one!r} does not fit; write {{"name": "kim", "groups": [], "languages": []}}')
        groups, languages = one.get("groups") or (), one.get("languages") or ()
        if isinstance(groups, str) or isinstance(languages, str):
            raise SettingsError(f"agents: groups and languages of {one['name']!r} are lists")
        found.append(Agent(str(one["name"]).strip(), frozenset(map(str, groups)), frozenset(map(str, languages))))
    return tuple(found)


class Agents:
    """Safe to share between threads; every process sees who is here within some seconds."""

    def __init__(self, storage: ChatStorage, configured: Sequence[Agent], clock: Callable[[], float] = time.time):
        self._storage = storage
        self._configured = {agent.name: agent for agent in configured}
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}

    def arrive(self, name: str, language: str = "", *, remote: bool = False) -> None:
        """Record the presence of an agent in the inbox or the help desk; writes at most once in 20 seconds."""
        now = self._clock()
        with self._lock:
            if 0 <= now - self._written.get(name, -_BEAT) < _BEAT:
                return
            self._written[name] = now
        at = round(now * 1000)
        self._storage.put_document(KIND, name, {"at": at, "language": language, "remote": remote}, at)

    def leave(self, name: str) -> None:
        """Remove the presence of an agent."""
        with self._lock:
            self._written.pop(name, None)
        self._storage.delete_document(KIND, name)

    def all(self) -> list[Agent]:
        """All agents of the setting and of the inbox, by name."""
        seen = dict(self._storage.documents(KIND))
        found = []
        for name in sorted({*self._configured, *seen}):
            known, beat = self._configured.get(name, Agent(name)), seen.get(name, {})
            languages = known.languages or frozenset(filter(None, (beat.get("language"),)))
            found.append(Agent(name, known.groups, languages, int(beat.get("at", 0)), bool(beat.get("remote"))))
        return found

    def here(self) -> list[Agent]:
        """Agents present now."""
        since = self._clock() * 1000 - HERE * 1000
        return [agent for agent in self.all() if agent.seen_at > since]

    @property
    def groups(self) -> list[str]:
        return sorted({group for agent in self._configured.values() for group in agent.groups})


def offered_to(
    here: Sequence[Agent], groups: Collection[str], topics: Collection[str], language: str, load: Mapping[str, int]
) -> str:
    """Route a conversation: among the agents present by topic, then by language, then by the lowest load.

    Returns the group's name where none of its agents is present, and nothing where there is no choice.
    """
    wanted = {topic for topic in topics if topic in groups}
    able = [agent for agent in here if agent.groups & wanted] if wanted else list(here)
    if not able:
        return min(wanted, default="")
    spoken = [agent for agent in able if language in agent.languages] or able
    return min(spoken, key=lambda agent: (load.get(agent.name, 0), agent.name)).name if len(here) > 1 else ""
