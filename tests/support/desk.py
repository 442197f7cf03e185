"""A chat with an agent queue, whose clock a test sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opsplug.privacy.sealing import Seal
from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.desk.agent_queue import AgentQueue
from opsplug.services.chat.desk.agents import Agent, Agents
from opsplug.services.chat.desk.opening_hours import read_hours
from tests.support.memory_store import Memory

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


class Shop:
    """A chat with its agent queue, and a clock that is moved by hand."""

    def __init__(self, storage: Memory | None = None, hours: str = "", agents: tuple[Agent, ...] = ()) -> None:
        self.storage = storage or Memory()
        self.now = at("2026-11-24 10:00")
        self.log = ConversationLog(self.storage, self.clock)
        self.agent_queue = AgentQueue(
            self.storage,
            self.log,
            agents=Agents(self.storage, agents, self.clock),
            hours=read_hours(hours, "Europe/Berlin"),
            max_wait=180,
            seal=Seal(b"k" * 32),
            clock=self.clock,
        )
        self.chat = Chat(self.storage, log=self.log, agent_queue=self.agent_queue, clock=self.clock)

    def clock(self) -> float:
        return self.now

    def ask(self, text: str = "talk to a person", visitor: str = "anna") -> str:
        return self.chat.reply(text, anonymous_id=visitor).conversation_id

    def state(self, conversation_id: str) -> Any:
        found = self.log.read(conversation_id)
        assert found is not None
        return found
