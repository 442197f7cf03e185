"""State machine of a conversation, owned by the assistant, the queue or one agent: pure functions, immutable state.

A conversation is what its events make of it in order (`replay`), so a restart, a second process or a repeated delivery
changes nothing. Every change of owner leaves a message that the visitor sees: nothing is handed over silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from opsplug.locales import languages

BOT, WAITING, PERSON, CLOSED = "bot", "waiting", "person", "closed"
STATES = (BOT, WAITING, PERSON, CLOSED)
NO_AGENTS = ("visitor", "bot", "desk", "timeout", "system")  # reserved actor names, not allowed for agents
MAX_EVENTS = 1000  # of one conversation; past that a visitor begins another one


class Event(NamedTuple):
    """One event of a conversation. The same `id` a second time is ignored. `by` is a role or an agent's name."""

    kind: str
    id: str
    at: int  # epoch milliseconds
    by: str = ""
    text: str = ""
    data: dict[str, Any] = {}  # noqa: RUF012  (never changed)


class Message(NamedTuple):
    """One line of the conversation. A `system` message carries in `text` the key of a text in `chat_texts`, and in
    `data` what that text names."""

    id: str
    role: str  # visitor, bot, agent, system
    text: str
    at: int
    by: str = ""
    data: dict[str, Any] = {}  # noqa: RUF012


class Step(NamedTuple):
    """The state afterwards; `refused` says why the event had no effect, else it is empty."""

    conversation: Conversation
    refused: str = ""


@dataclass(frozen=True)
class Conversation:
    """The whole state. `owner` is derived, so there is always exactly one."""

    id: str
    visitor: str = ""
    language: str = "en"
    state: str = BOT
    agent: str = ""
    messages: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    triggers: tuple[tuple[int, str], ...] = ()  # when and why a person was wanted
    waiting_since: int = 0  # of the present wait; epoch milliseconds
    routed_to: str = ""  # the agent or group whom the queue offers it to first
    served_by: str = ""  # the agent who had it last
    callback: bool = False  # nobody came: a person should answer later
    contact: str = ""  # the address that the visitor left for that, sealed
    rating: int | None = None
    updated_at: int = 0
    seen: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def owner(self) -> str:
        return f"agent:{self.agent}" if self.state == PERSON else self.state

    @property
    def is_full(self) -> bool:
        """Whether a visitor has to begin another one: each event is read again with the next."""
        return len(self.seen) >= MAX_EVENTS

    @property
    def transcript(self) -> tuple[Message, ...]:
        """What the visitor may see: never a note."""
        return self.messages


def replay(conversation_id: str, events: Iterable[Event]) -> Conversation:
    """Fold events, in order, into the state of a conversation."""
    conversation = Conversation(conversation_id)
    for event in events:
        conversation = step(conversation, event).conversation
    return conversation


def step(conversation: Conversation, event: Event) -> Step:
    """Transition a conversation by one event.

    Unknown kinds, repeated ids and what the owner does not allow are refused.
    """
    if event.id in conversation.seen:
        return Step(conversation, "duplicate")
    rule = _RULES.get(event.kind)
    if rule is None:
        return Step(conversation, "unknown event")
    if event.by == "visitor" and conversation.is_full:
        return Step(conversation, "full")
    after = rule(conversation, event)
    if isinstance(after, str):
        return Step(conversation, after)
    return Step(replace(after, seen=conversation.seen | {event.id}, updated_at=max(conversation.updated_at, event.at)))


def _opened(before: Conversation, event: Event) -> Conversation | str:
    if before.visitor:
        return "already open"
    return replace(before, visitor=event.by, language=str(event.data.get("language", before.language)))


def _claimed(before: Conversation, event: Event) -> Conversation | str:
    """Assign the conversation to the user as whom an anonymous visitor logged in."""
    heir = str(event.data.get("visitor", ""))
    return replace(before, visitor=heir) if heir and before.visitor == event.by else "not the visitor's"


def _visitor_said(before: Conversation, event: Event) -> Conversation | str:
    """Add a visitor's message in any state; one to a closed conversation reopens it with the assistant."""
    conversation = _with_message(before, event, "visitor")
    if event.data.get("language") in languages():
        # Notices follow the visitor's language, not the page's.
        conversation = replace(conversation, language=event.data["language"])
    if before.state != CLOSED:
        return conversation
    return replace(conversation, state=BOT, agent="", callback=False, contact="", routed_to="")


def _bot_said(before: Conversation, event: Event) -> Conversation | str:
    return _with_message(before, event, "bot") if before.state == BOT else f"{before.owner} owns the conversation"


def _person_wanted(before: Conversation, event: Event) -> Conversation | str:
    trigger = str(event.data.get("trigger", "asked"))
    logged = replace(before, triggers=(*before.triggers, (event.at, trigger)))
    if before.state != BOT:
        return "closed" if before.state == CLOSED else logged
    if event.data.get("closed"):  # outside business hours: the truth, and a form for an address, instead of a queue
        return _with_notice(replace(logged, callback=True), event, "out_of_hours")
    return _with_notice(_waiting(logged, event), event, "waiting")


def _routed(before: Conversation, event: Event) -> Conversation | str:
    """Set to whom the queue offers the conversation first; the owner stays."""
    return replace(before, routed_to=str(event.data.get("to", ""))) if before.state == WAITING else "nobody is awaited"


def _contact_left(before: Conversation, event: Event) -> Conversation | str:
    """Store a contact address, which is only in `data["sealed"]`, encrypted."""
    sealed = str(event.data.get("sealed", ""))
    if before.state == CLOSED or not sealed:
        return "closed" if before.state == CLOSED else "an address is needed"
    return _with_notice(
        replace(before, contact=sealed, callback=before.callback or before.state == BOT), event, "contact_kept"
    )


def _agent_accepted(before: Conversation, event: Event) -> Conversation | str:
    if before.state == CLOSED or not event.by:
        return "closed" if before.state == CLOSED else "an agent's name is needed"
    if before.state == PERSON:
        return "already yours" if before.agent == event.by else "taken"
    accepted = replace(before, state=PERSON, agent=event.by, served_by=event.by, callback=False, routed_to="")
    return _with_notice(accepted, event, "agent_joined")


def _agent_said(before: Conversation, event: Event) -> Conversation | str:
    return _with_message(before, event, "agent") if _owns(before, event) else "not the owner"


def _transferred(before: Conversation, event: Event) -> Conversation | str:
    """Transfer to another agent, or with `group` back into the queue for one of that group."""
    successor, group = str(event.data.get("to", "")), str(event.data.get("group", ""))
    if _owns(before, event) and group:
        return _with_notice(replace(_waiting(before, event), routed_to=group), event, "agent_changed")
    if not _owns(before, event) or not successor or successor == before.agent:
        return "not the owner" if not _owns(before, event) else "another agent's name is needed"
    return _with_notice(replace(before, agent=successor, served_by=successor), event, "agent_changed")


def _agent_released(before: Conversation, event: Event) -> Conversation | str:
    return (
        _with_notice(replace(before, state=BOT, agent=""), event, "agent_left")
        if _owns(before, event)
        else "not the owner"
    )


def _timed_out(before: Conversation, event: Event) -> Conversation | str:
    """Time out a wait (back to the assistant, with a callback) or an absent agent (back to the queue).

    `data["owner"]`, where given, is whose time is out: the conversation of another owner is left alone.
    """
    if event.data.get("owner", before.owner) != before.owner:
        return f"{before.owner} owns the conversation"
    if before.state == WAITING:
        return _with_notice(replace(before, state=BOT, callback=True, routed_to=""), event, "nobody_free")
    if before.state == PERSON:
        return _with_notice(_waiting(before, event), event, "agent_away")
    return "nobody is awaited"


def _closed(before: Conversation, event: Event) -> Conversation | str:
    allowed = _owns(before, event) if before.state == PERSON and event.by not in ("visitor", "timeout") else True
    if before.state == CLOSED or not allowed:
        return "closed" if before.state == CLOSED else "not the owner"
    return _with_notice(replace(before, state=CLOSED, agent="", callback=False, routed_to=""), event, "closed")


def _noted(before: Conversation, event: Event) -> Conversation | str:
    return replace(before, notes=(*before.notes, Message(event.id, "note", event.text, event.at, event.by, event.data)))


def _rated(before: Conversation, event: Event) -> Conversation | str:
    score = event.data.get("score")
    return replace(before, rating=score) if score in (1, 2, 3, 4, 5) else "a score from 1 to 5 is needed"


def _owns(before: Conversation, event: Event) -> bool:
    return before.state == PERSON and bool(event.by) and event.by == before.agent


def _with_message(before: Conversation, event: Event, role: str) -> Conversation:
    message = Message(event.id, role, event.text, event.at, event.by, event.data)
    return replace(before, messages=(*before.messages, message))


def _waiting(before: Conversation, event: Event) -> Conversation:
    return replace(before, state=WAITING, agent="", waiting_since=event.at, routed_to="")


def _with_notice(before: Conversation, event: Event, key: str) -> Conversation:
    data = {"opens": event.data["opens"]} if "opens" in event.data else {}
    message = Message(f"{event.id}:{key}", "system", key, event.at, data=data)
    return replace(before, messages=(*before.messages, message))


_RULES = {
    "opened": _opened,
    "claimed": _claimed,
    "visitor_said": _visitor_said,
    "bot_said": _bot_said,
    "person_wanted": _person_wanted,
    "routed": _routed,
    "contact_left": _contact_left,
    "agent_accepted": _agent_accepted,
    "agent_said": _agent_said,
    "transferred": _transferred,
    "agent_released": _agent_released,
    "timed_out": _timed_out,
    "closed": _closed,
    "noted": _noted,
    "rated": _rated,
}
KINDS = tuple(_RULES)
