"""Who owns a conversation: the assistant, the queue, or one person. A pure transition function over an immutable state.

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
NO_AGENTS = ("visitor", "bot", "desk", "timeout", "system")  # who acts here besides people: nobody may be called so
MOST_EVENTS = 1000  # of one conversation; past that a visitor begins another one


class Event(NamedTuple):
    """One thing that happened. The same `id` a second time is ignored. `by` is a role or an agent's name."""

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
        return len(self.seen) >= MOST_EVENTS

    @property
    def transcript(self) -> tuple[Message, ...]:
        """What the visitor may see: never a note."""
        return self.messages


def replay(conversation_id: str, events: Iterable[Event]) -> Conversation:
    """The conversation that these events, in order, make."""
    conversation = Conversation(conversation_id)
    for event in events:
        conversation = step(conversation, event).conversation
    return conversation


def step(conversation: Conversation, event: Event) -> Step:
    """Applies one event. Unknown kinds, repeated ids and what the owner does not allow are refused."""
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


def _opened(now: Conversation, event: Event) -> Conversation | str:
    if now.visitor:
        return "already open"
    return replace(now, visitor=event.by, language=str(event.data.get("language", now.language)))


def _claimed(now: Conversation, event: Event) -> Conversation | str:
    """An anonymous visitor logged in: what was said before belongs to the user from now on."""
    heir = str(event.data.get("visitor", ""))
    return replace(now, visitor=heir) if heir and now.visitor == event.by else "not the visitor's"


def _visitor_said(now: Conversation, event: Event) -> Conversation | str:
    """Always kept. A closed conversation begins again with the assistant, not with the queue: no loop after closing."""
    said = _said(now, event, "visitor")
    if event.data.get("language") in languages():
        said = replace(said, language=event.data["language"])  # notices follow the visitor, not the page
    if now.state != CLOSED:
        return said
    return replace(said, state=BOT, agent="", callback=False, contact="", routed_to="")


def _bot_said(now: Conversation, event: Event) -> Conversation | str:
    return _said(now, event, "bot") if now.state == BOT else f"{now.owner} owns the conversation"


def _person_wanted(now: Conversation, event: Event) -> Conversation | str:
    trigger = str(event.data.get("trigger", "asked"))
    logged = replace(now, triggers=(*now.triggers, (event.at, trigger)))
    if now.state != BOT:
        return "closed" if now.state == CLOSED else logged
    if event.data.get("closed"):  # outside business hours: the truth, and a form for an address, instead of a queue
        return _notice(replace(logged, callback=True), event, "out_of_hours")
    return _notice(_queued(logged, event), event, "waiting")


def _routed(now: Conversation, event: Event) -> Conversation | str:
    """The queue offers it to somebody first; nobody owns it by that."""
    return replace(now, routed_to=str(event.data.get("to", ""))) if now.state == WAITING else "nobody is awaited"


def _contact_left(now: Conversation, event: Event) -> Conversation | str:
    """An address to answer to later; the text is in no event, only what `data["sealed"]` hides."""
    sealed = str(event.data.get("sealed", ""))
    if now.state == CLOSED or not sealed:
        return "closed" if now.state == CLOSED else "an address is needed"
    return _notice(replace(now, contact=sealed, callback=now.callback or now.state == BOT), event, "contact_kept")


def _agent_accepted(now: Conversation, event: Event) -> Conversation | str:
    if now.state == CLOSED or not event.by:
        return "closed" if now.state == CLOSED else "an agent's name is needed"
    if now.state == PERSON:
        return "already yours" if now.agent == event.by else "taken"
    taken = replace(now, state=PERSON, agent=event.by, served_by=event.by, callback=False, routed_to="")
    return _notice(taken, event, "agent_joined")


def _agent_said(now: Conversation, event: Event) -> Conversation | str:
    return _said(now, event, "agent") if _owns(now, event) else "not the owner"


def _transferred(now: Conversation, event: Event) -> Conversation | str:
    """To another agent, or with `group` back into the queue for one of that group."""
    successor, group = str(event.data.get("to", "")), str(event.data.get("group", ""))
    if _owns(now, event) and group:
        return _notice(replace(_queued(now, event), routed_to=group), event, "agent_changed")
    if not _owns(now, event) or not successor or successor == now.agent:
        return "not the owner" if not _owns(now, event) else "another agent's name is needed"
    return _notice(replace(now, agent=successor, served_by=successor), event, "agent_changed")


def _agent_released(now: Conversation, event: Event) -> Conversation | str:
    return _notice(replace(now, state=BOT, agent=""), event, "agent_left") if _owns(now, event) else "not the owner"


def _timed_out(now: Conversation, event: Event) -> Conversation | str:
    """Nobody came: the assistant is back and a person answers later. An agent went quiet: back to the queue.

    `data["owner"]`, where given, is who was found wanting: somebody else's conversation is left alone.
    """
    if event.data.get("owner", now.owner) != now.owner:
        return f"{now.owner} owns the conversation"
    if now.state == WAITING:
        return _notice(replace(now, state=BOT, callback=True, routed_to=""), event, "nobody_free")
    if now.state == PERSON:
        return _notice(_queued(now, event), event, "agent_away")
    return "nobody is awaited"


def _closed(now: Conversation, event: Event) -> Conversation | str:
    allowed = _owns(now, event) if now.state == PERSON and event.by not in ("visitor", "timeout") else True
    if now.state == CLOSED or not allowed:
        return "closed" if now.state == CLOSED else "not the owner"
    return _notice(replace(now, state=CLOSED, agent="", callback=False, routed_to=""), event, "closed")


def _noted(now: Conversation, event: Event) -> Conversation | str:
    return replace(now, notes=(*now.notes, Message(event.id, "note", event.text, event.at, event.by, event.data)))


def _rated(now: Conversation, event: Event) -> Conversation | str:
    score = event.data.get("score")
    return replace(now, rating=score) if score in (1, 2, 3, 4, 5) else "a score from 1 to 5 is needed"


def _owns(now: Conversation, event: Event) -> bool:
    return now.state == PERSON and bool(event.by) and event.by == now.agent


def _said(now: Conversation, event: Event, role: str) -> Conversation:
    message = Message(event.id, role, event.text, event.at, event.by, event.data)
    return replace(now, messages=(*now.messages, message))


def _queued(now: Conversation, event: Event) -> Conversation:
    return replace(now, state=WAITING, agent="", waiting_since=event.at, routed_to="")


def _notice(now: Conversation, event: Event, key: str) -> Conversation:
    told = {"opens": event.data["opens"]} if "opens" in event.data else {}
    message = Message(f"{event.id}:{key}", "system", key, event.at, data=told)
    return replace(now, messages=(*now.messages, message))


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
