"""Agent queue: requests an agent for a conversation, routes it, and times out agents and visitors who wait too long.

Each change leaves a notice for the visitor: that an agent is called, that none is here and when one will be, that
none came and where to leave an address.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from opsplug.errors import EventError
from opsplug.privacy.sealing import Seal
from opsplug.services.chat.conversation_log import ChatStorage, ConversationLog
from opsplug.services.chat.desk.agents import HERE, Agent, Agents, offered_to
from opsplug.services.chat.desk.opening_hours import Hours
from opsplug.services.chat.handover import PERSON, WAITING, Conversation, Step
from opsplug.units import HOUR

MAX_WAIT_SECONDS = 180.0  # seconds that a visitor waits before being told that nobody is free
_MIN_OWNER_SILENCE = 60.0  # seconds without an event before an agent may time out
_SETTLED_AFTER = 600.0  # seconds after which no process is still writing a line
_MAX_IDLE = HOUR  # seconds after which a conversation ends that its owner left and its visitor, too
_MAIL = re.compile(r"[^\s@<>\"',;:]{1,64}@[^\s@<>\"',;:]{1,180}\.[^\s@<>\"',;:.]{2,}")
_PHONE = re.compile(r"\+?[\d][\d\s()/.\-]{5,24}")


class AgentQueue:
    """Safe to share between threads and processes: event ids make each action idempotent."""

    def __init__(
        self,
        storage: ChatStorage,
        log: ConversationLog,
        *,
        agents: Agents | None = None,
        hours: Hours = Hours(),  # noqa: B008  (frozen)
        max_wait: float = MAX_WAIT_SECONDS,
        seal: Seal | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.agents = agents or Agents(storage, (), clock)
        self.hours = hours
        self._log = log
        self._max_wait = max_wait
        self._seal = seal
        self._clock = clock

    @property
    def is_open(self) -> bool:
        """Whether somebody may come: within the hours, or outside them if somebody is here all the same."""
        return self.hours.is_open(self._clock()) or bool(self.agents.here())

    def call(self, conversation: Conversation, trigger: str, by: str) -> Step:
        """Request an agent; the last message of the conversation then says what will happen."""
        data: dict[str, Any] = {"trigger": trigger}
        if not self.is_open:
            data |= {"closed": True, "opens": self.hours.opening(self._clock(), conversation.language)}
        step = self._log.append(conversation, "person_wanted", by=by, data=data)
        return step if step.refused else self._offer(step)

    def offer_again(self, conversation: Conversation) -> Step:
        """Route a waiting conversation again."""
        return self._offer(Step(conversation))

    def keep_contact(self, conversation: Conversation, address: str) -> Step:
        """Store the contact address of a visitor, sealed; `EventError` for what is neither mail nor telephone."""
        if self._seal is None or not is_address(address):
            raise EventError("address: an e-mail address or a telephone number is expected")
        sealed = self._seal.close(address.strip(), conversation.id)
        return self._log.append(conversation, "contact_left", by="visitor", data={"sealed": sealed})

    def contact(self, conversation: Conversation) -> str:
        """The decrypted contact address, for the agent who answers."""
        return (self._seal.open(conversation.contact, conversation.id) if self._seal else None) or ""

    def expire(self) -> bool:
        """Apply the time-outs to all conversations; -> whether any may time out later."""
        settled = (self._clock() - _SETTLED_AFTER) * 1000
        active = False
        for line in self._log.concerning_people():
            if line["state"] not in (WAITING, PERSON) and line["updated_at"] < settled:
                continue  # to be answered later: there may be thousands, and nothing happens to them by itself
            conversation = self._log.repair(line["conversation_id"])
            if conversation is None:
                continue
            active = self.expire_one(conversation).state in (WAITING, PERSON) or active
        return active

    def expire_one(self, conversation: Conversation) -> Conversation:
        """Apply the time-outs to one conversation at once, when a visitor or agent reads it."""
        if conversation.state == WAITING:
            return self._expire_waiting(conversation)
        return self._expire_agent(conversation) if conversation.state == PERSON else conversation

    def _offer(self, step: Step) -> Step:
        conversation = step.conversation
        if conversation.state != WAITING:
            return step
        from_visitor = [message for message in conversation.messages if message.role == "visitor"]
        topics = {conversation.triggers[-1][1] if conversation.triggers else ""}
        topics |= {str(from_visitor[-1].data.get("intent", ""))} if from_visitor else set()
        load = Counter(line["agent"] for line in self._log.concerning_people() if line["agent"])
        candidate = offered_to(self.agents.here(), self.agents.groups, topics, conversation.language, load)
        if not candidate or candidate == conversation.routed_to:
            return step
        routed = self._log.append(conversation, "routed", by="desk", data={"to": candidate})
        return step if routed.refused else routed

    def _expire_waiting(self, waiting: Conversation) -> Conversation:
        """Time out a wait for an agent. The event id is that of this wait, so that several processes add it once."""
        if self._clock() * 1000 - waiting.waiting_since < self._max_wait * 1000:
            return waiting
        event_id = f"tired-{waiting.waiting_since}"
        return self._log.append(
            waiting, "timed_out", by="timeout", data={"owner": WAITING}, event_id=event_id
        ).conversation

    def _expire_agent(self, owned: Conversation) -> Conversation:
        """Time out an absent agent: requeue the conversation if the visitor waits, else close it when idle."""
        silence = self._clock() * 1000 - owned.updated_at
        if silence < _MIN_OWNER_SILENCE * 1000:
            return owned
        owner = next((agent for agent in self.agents.all() if agent.name == owned.agent), Agent(owned.agent))
        if self._clock() * 1000 - owner.seen_at < (_MAX_IDLE if owner.remote else HERE) * 1000:
            return owned
        spoken = [message for message in owned.messages if message.role in ("visitor", "agent")]
        event_id = f"gone-{owned.updated_at}"
        if spoken and spoken[-1].role == "visitor":
            data = {"owner": owned.owner}
            return self._offer(
                self._log.append(owned, "timed_out", by="timeout", data=data, event_id=event_id)
            ).conversation
        if silence >= _MAX_IDLE * 1000:
            return self._log.append(owned, "closed", by="timeout", event_id=event_id).conversation
        return owned


def is_address(text: str, *, mail_only: bool = False) -> bool:
    """Whether a text is an e-mail address or a telephone number."""
    text = text.strip()
    return bool(_MAIL.fullmatch(text) or (not mail_only and _PHONE.fullmatch(text)))
