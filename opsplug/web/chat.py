"""The chat over HTTP: what the widget asks, answered by `services.chat` for the visitor who asks."""

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from opsplug.capture.beacon import MAX_BODY
from opsplug.capture.ids import new_id
from opsplug.capture.observer import Observer
from opsplug.capture.visit import Visit
from opsplug.errors import EventError
from opsplug.services.chat import Chat
from opsplug.services.chat_texts import say
from opsplug.services.handover import Conversation, Message
from opsplug.web.cards import Cards, language_of
from opsplug.web.http import Request, Response, error_response, json_response, read_json
from opsplug.web.ingest import same_origin
from opsplug.web.limiter import Limiter

COOKIE = (
    "opsplug_chat"  # names one conversation of a visitor who may not be recognised otherwise; ends with the browser
)
LONGEST_WAIT = 20.0  # seconds of one long poll
_LOOK = 0.5
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_ROLES = {"visitor": "visitor", "bot": "assistant", "agent": "agent", "system": "system"}
_STATES = {"bot": "bot", "waiting": "waiting", "person": "human", "closed": "closed"}


class _Said(msgspec.Struct):
    text: str
    conversation_id: str | None = None
    message_id: str | None = None
    language: str | None = None


class _About(msgspec.Struct):
    conversation_id: str | None = None
    message_id: str | None = None
    helpful: bool | None = None
    score: int | None = None


class ChatRoutes:
    """A conversation is answered only to the visitor it belongs to."""

    def __init__(
        self, chat: Callable[[], Chat], observer: Observer, cards: Cards, language: str, trusted_proxies: int
    ) -> None:
        self._chat = chat
        self._observer = observer
        self._cards = cards
        self._language = language
        self._limiter = Limiter(5, 10.0, trusted_proxies)

    @property
    def table(self) -> Mapping[tuple[str, str], Callable[[Request, Visit], Response]]:
        return {
            ("GET", "/chat/conversation"): self.conversation,
            ("GET", "/chat/messages"): self.messages,
            ("POST", "/chat/messages"): self.say,
            ("POST", "/chat/human"): self.human,
            ("POST", "/chat/feedback"): self.feedback,
            ("POST", "/chat/csat"): self.csat,
        }

    def conversation(self, request: Request, visit: Visit) -> Response:
        """The visitor's last conversation, whole."""
        _, key = self._who(request, visit)
        log = self._chat().log
        found = [log.of_visitor(conversation_id, key) for conversation_id in log.ids_of(key)] if key else []
        latest = max((one for one in found if one is not None), key=lambda one: one.updated_at, default=None)
        return json_response(self._shown(latest, request, visit))

    def messages(self, request: Request, visit: Visit) -> Response:
        """What was said after a message; waits a while for something to be said (long polling)."""
        _, key = self._who(request, visit)
        query = request.query
        try:
            wait = float(query.get("wait", "0"))
        except ValueError:
            wait = math.nan
        if math.isnan(wait):
            return error_response(400, "wait: seconds are expected")
        deadline = time.monotonic() + min(wait, LONGEST_WAIT)
        while True:
            conversation = self._chat().log.of_visitor(query.get("conversation_id", ""), key)
            if conversation is None:
                return error_response(404, "there is no such conversation")
            shown = self._shown(conversation, request, visit, after=query.get("after"))
            if shown["messages"] or time.monotonic() >= deadline:
                return json_response(shown)
            time.sleep(_LOOK)

    def say(self, request: Request, visit: Visit) -> Response:
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        said = _read(request, _Said)
        if not said.text.strip():
            raise EventError("text: a message is expected")
        if said.message_id is not None and not _ID.fullmatch(said.message_id):
            raise EventError("message_id: 1 to 64 letters, digits, - or _ are expected")
        anonymous, key = self._who(request, visit)
        headers: list[tuple[str, str]] = []
        if visit.identity.renew or visit.identity.forget:
            # A page out of a shared cache gave no cookie: without one now the next message would be a stranger's.
            headers.append(("Set-Cookie", self._observer.cookie_for(visit)))
        if not key:
            anonymous = new_id()
            key = f"a:{anonymous}"
            secure = "; Secure" if visit.secure else ""
            cookie = f"{COOKIE}={anonymous}; Path={visit.root or '/'}; HttpOnly; SameSite=Lax{secure}"
            headers.append(("Set-Cookie", cookie))
        reply = self._chat().reply(
            said.text,
            conversation_id=said.conversation_id,
            anonymous_id=anonymous,
            user_id=self._observer.account_of(visit),
            language=language_of(said.language or "", "") or None,
            message_id=said.message_id,
        )
        conversation = self._chat().log.of_visitor(reply.conversation_id, key)
        return json_response(self._shown(conversation, request, visit, after=said.message_id), headers=headers)

    def human(self, request: Request, visit: Visit) -> Response:
        """The visible way to a person."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        about = _read(request, _About)
        _, key = self._who(request, visit)
        step = self._chat().ask_for_person(about.conversation_id or "", key)
        if step is None:
            return error_response(404, "there is no such conversation; say something first")
        return json_response(self._shown(step.conversation, request, visit))

    def feedback(self, request: Request, visit: Visit) -> Response:
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        about = _read(request, _About)
        data = {"message_id": about.message_id, "helpful": about.helpful}
        return self._note(request, visit, about, "noted", {"feedback": data})

    def csat(self, request: Request, visit: Visit) -> Response:
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        about = _read(request, _About)
        if about.score is None or not 1 <= about.score <= 5:
            raise EventError("score: a number from 1 to 5 is expected")
        return self._note(request, visit, about, "rated", {"score": about.score})

    def _note(self, request: Request, visit: Visit, about: _About, kind: str, data: dict[str, Any]) -> Response:
        _, key = self._who(request, visit)
        conversation = self._chat().log.of_visitor(about.conversation_id or "", key)
        if conversation is None:
            return error_response(404, "there is no such conversation")
        self._chat().log.append(conversation, kind, by="visitor", data=data)
        return json_response({"conversation_id": conversation.id})

    def _refuse(self, request: Request) -> Response | None:
        if not same_origin(request):
            return error_response(403, "this address accepts requests from the shop's own pages only")
        if len(request.body) > MAX_BODY:
            return error_response(413, f"the body is larger than {MAX_BODY} bytes")
        if not self._limiter.allows(request, time.monotonic()):
            return json_response(
                {"error": "too many messages; try again in some seconds"}, 429, [("Retry-After", "10")]
            )
        return None

    def _who(self, request: Request, visit: Visit) -> tuple[str | None, str]:
        """(anonymous id, the key of this visitor's conversations); the key is empty for a visitor without any id."""
        held = request.cookies.get(COOKIE, "")
        anonymous = visit.identity.anonymous_id or (held if _ID.fullmatch(held) else None)
        return anonymous, self._chat().visitor_key(self._observer.account_of(visit), anonymous)

    def _shown(
        self, conversation: Conversation | None, request: Request, visit: Visit, after: str | None = None
    ) -> dict[str, Any]:
        if conversation is None:
            language = language_of(visit.language, self._language)
            return {"conversation_id": None, "messages": [], "state": "bot", "language": language}
        messages = list(conversation.transcript)
        places = [place for place, message in enumerate(messages) if message.id == after]
        if after and places:
            messages = messages[places[-1] + 1 :]
        return {
            "conversation_id": conversation.id,
            "messages": [self._message(message, conversation, request) for message in messages],
            "state": _STATES[conversation.state],
            "language": conversation.language,
        }

    def _message(self, message: Message, conversation: Conversation, request: Request) -> dict[str, Any]:
        text = say(message.text, conversation.language) if message.role == "system" else message.text
        sources = self._chat().sources(message.data.get("sources", ()), conversation.language)
        items = [str(item_id) for item_id in message.data.get("items", ())]
        return {
            "id": message.id,
            "role": _ROLES[message.role],
            "name": message.by if message.role == "agent" else None,
            "text": text,
            "sources": sources,
            "items": self._cards.plain(items, request.root) if items else [],
            "at": message.at,
        }


def _read(request: Request, kind: type[Any]) -> Any:
    return read_json(request.body, kind)
