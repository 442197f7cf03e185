"""Webhook bridge to an external help desk: signed messages out, signed messages in.

Signatures follow the Standard Webhooks specification (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, in
the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,` and base64).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

import msgspec

from opsplug.errors import EventError
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.desk.agent_queue import AgentQueue
from opsplug.services.chat.handover import NO_AGENTS, PERSON, WAITING, Conversation, Event, Message, Step
from opsplug.services.chat.texts import say

log = logging.getLogger("opsplug")
TOLERANCE = 300  # seconds that the clocks of both sides may differ
_TIMEOUT = 5.0
_EVENT_ID_PREFIX = "desk-"  # begins the id of each event that came from there
_OWNER_EVENTS = {
    "person_wanted",
    "contact_left",
    "agent_accepted",
    "agent_released",
    "transferred",
    "timed_out",
    "closed",
}
_FROM_DESK = {"agent_accepted", "agent_said", "agent_released", "closed", "noted"}


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


class Bridge:
    """`address`: where messages go; `secret`: what both sides sign with. An empty address: nothing goes out."""

    def __init__(self, address: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._address = address
        self._secret = secret
        self._clock = clock

    @property
    def is_on(self) -> bool:
        return bool(self._address)

    def concerns(self, conversation: Conversation, event: Event) -> bool:
        """Whether an event goes to the help desk: changes of owner, and messages while an agent is involved."""
        if event.id.startswith(_EVENT_ID_PREFIX):
            return False  # it came from the help desk
        if event.kind == "visitor_said":
            return conversation.state in (WAITING, PERSON)
        return event.kind in _OWNER_EVENTS or event.kind == "agent_said"

    def message(self, conversation: Conversation, event: Event) -> dict[str, Any]:
        """The outgoing payload: texts are masked, of a contact address only its existence is sent."""
        payload: dict[str, Any] = {
            "event": event.kind, "at": event.at, "conversation_id": conversation.id, "state": conversation.state,
            "agent": conversation.agent or None, "language": conversation.language, "by": event.by,
            "contact": bool(conversation.contact),
        }  # fmt: skip
        if event.text:
            payload["message"] = {"id": event.id, "text": event.text}
        if event.kind == "person_wanted":
            payload["trigger"] = event.data.get("trigger", "")
            payload["transcript"] = [_line(message, conversation.language) for message in conversation.transcript]
        return payload

    def send(self, payload: Mapping[str, Any]) -> bool:
        """Post a payload once; False where the help desk did not accept it."""
        body = msgspec.json.encode(payload)
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(payload["id"]),
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self._secret, str(payload["id"]), timestamp, body),
        }
        request = urllib.request.Request(self._address, data=body, headers=headers, method="POST")
        try:
            with _opener.open(request, timeout=_TIMEOUT) as answer:
                return bool(200 <= answer.status < 300)
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            log.warning("opsplug: chat_webhook was not reached (%s); it will be tried again", type(error).__name__)
            return False

    def read(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
        """Parse an incoming message; None for an invalid or old signature, `EventError` where it is malformed."""
        message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        expected = signature(self._secret, message_id, timestamp, body).encode()
        given = headers.get("webhook-signature", "").encode().split()
        is_signed = any(hmac.compare_digest(expected, one) for one in given)  # several: a secret is being changed
        if not self._secret or not is_signed or not timestamp.isdigit():
            return None
        if abs(int(timestamp) - self._clock()) > TOLERANCE:
            return None
        try:
            incoming = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise EventError("the body is no JSON object") from None
        for field in ("conversation_id", "event", "agent"):
            if not isinstance(incoming.get(field), str) or not incoming[field]:
                raise EventError(f"{field}: a text is expected")
        if incoming["event"] not in _FROM_DESK:
            raise EventError(f"event: one of {', '.join(sorted(_FROM_DESK))} is expected")
        if incoming["agent"] in NO_AGENTS:
            raise EventError(f"agent: nobody may be called {incoming['agent']!r} here: it is the name of a part")
        return {**incoming, "id": message_id}

    def apply(self, incoming: Mapping[str, Any], chat_log: ConversationLog, agent_queue: AgentQueue) -> Step | None:
        """Apply an incoming message, once for each id. None: there is no such conversation."""
        conversation = chat_log.read(incoming["conversation_id"])
        if conversation is None:
            return None
        agent_queue.agents.arrive(incoming["agent"], remote=True)
        text = str(incoming.get("text") or "")
        event_id = f"{_EVENT_ID_PREFIX}{hashlib.sha256(incoming['id'].encode()).hexdigest()[:24]}"
        if incoming["event"] == "agent_said" and conversation.state in (WAITING, "bot"):
            chat_log.append(conversation, "agent_accepted", by=incoming["agent"], event_id=f"{event_id}:accepted")
        return chat_log.append(conversation, incoming["event"], by=incoming["agent"], text=text, event_id=event_id)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed message goes where the shop said, and nowhere else."""

    def redirect_request(self, *args: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _line(message: Message, language: str) -> dict[str, Any]:
    text = say(message.text, language, **message.data) if message.role == "system" else message.text
    return {"id": message.id, "role": message.role, "by": message.by, "text": text, "at": message.at}
