"""The chat over HTTP: what the widget asks, answered by `services.chat` for the visitor who asks."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from opsplug.capture.ids import new_id
from opsplug.capture.observer import Observer
from opsplug.capture.visit import Visit
from opsplug.errors import EventError
from opsplug.locales import choose
from opsplug.services.chat.handover import BOT, Conversation
from opsplug.web.cards import Cards
from opsplug.web.chat_presenter import ChatPresenter
from opsplug.web.http import Request, Response, Watch, error_response, json_response, read_json
from opsplug.web.ingest import same_origin
from opsplug.web.limiter import Limiter

if TYPE_CHECKING:  # they open numpy, which the first page of a shop need not pay for
    from opsplug.services.chat.conversation.chat import Chat
    from opsplug.services.chat.desk.support import Support

COOKIE = (
    "opsplug_chat"  # names one conversation of a visitor who may not be recognised otherwise; ends with the browser
)
MAX_WAIT = 10.0  # seconds of one long poll: a server that stops waits for it
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")


class _NewMessage(msgspec.Struct):
    text: str
    conversation_id: str | None = None
    message_id: str | None = None
    language: str | None = None


class _MessageAction(msgspec.Struct):
    conversation_id: str | None = None
    message_id: str | None = None
    helpful: bool | None = None
    score: int | None = None
    address: str | None = None


class ChatRoutes:
    """A conversation is answered only to the visitor it belongs to."""

    def __init__(
        self,
        chat: Callable[[], Chat],
        support: Callable[[], Support],
        observer: Observer,
        cards: Cards,
        language: str,
        trusted_proxies: int,
    ) -> None:
        self._chat = chat
        self._support = support
        self._observer = observer
        self._language = language
        self._shown = ChatPresenter(chat, support, cards, language)
        self._limiter = Limiter(5, 10.0, trusted_proxies)
        self._openings = Limiter(0.2, 150.0, trusted_proxies)  # each is a line in the inbox

    @property
    def table(self) -> Mapping[tuple[str, str], Callable[[Request, Visit], Response]]:
        return {
            ("GET", "/chat/conversation"): self.conversation,
            ("GET", "/chat/messages"): self.messages,
            ("POST", "/chat/messages"): self.say,
            ("POST", "/chat/human"): self.human,
            ("POST", "/chat/contact"): self.contact,
            ("POST", "/chat/transcript"): self.transcript,
            ("POST", "/chat/feedback"): self.feedback,
            ("POST", "/chat/csat"): self.csat,
            ("POST", "/chat/desk"): self.desk,
        }

    def conversation(self, request: Request, visit: Visit) -> Response:
        """The visitor's last conversation, whole."""
        _, key = self._who(request, visit, claim=True)
        latest = self._chat().log.latest(key)
        if latest is not None:
            latest = self._chat().agent_queue.expire_one(latest)
            if latest.state != BOT:
                self._support().worker.wake()
        return json_response(self._shown.whole(latest, request, visit))

    def messages(self, request: Request, visit: Visit) -> Response:
        """The messages after a given one; waits for new ones (long polling)."""
        _, key = self._who(request, visit)
        query, chat = request.query, self._chat()
        try:
            wait = float(query.get("wait", "0"))
        except ValueError:
            wait = math.nan
        if math.isnan(wait):
            return error_response(400, "wait: seconds are expected")
        conversation = chat.log.of_visitor(query.get("conversation_id", ""), key)
        if conversation is None:
            return error_response(404, "there is no such conversation")
        known, state, seen = query.get("after"), query.get("state"), -1

        def poll(over: bool) -> bytes | None:
            nonlocal seen
            stamp = chat.log.stamp(conversation.id)
            if stamp == seen and not over:
                return None
            seen = stamp
            now = chat.log.of_visitor(conversation.id, key)
            shown = self._shown.whole(chat.agent_queue.expire_one(now) if now else None, request, visit, after=known)
            new = shown["messages"] or (state is not None and shown["state"] != state)
            return json_response(shown).body if new or over else None

        answer = json_response({})
        answer.watch = Watch(poll, min(max(wait, 0.0), MAX_WAIT))
        return answer

    def say(self, request: Request, visit: Visit) -> Response:
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        said = _read(request, _NewMessage)
        if not said.text.strip():
            raise EventError("text: a message is expected")
        if said.message_id is not None and not _ID.fullmatch(said.message_id):
            raise EventError("message_id: 1 to 64 letters, digits, - or _ are expected")
        anonymous, key = self._who(request, visit, claim=True)
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
        # The page's language is where a conversation begins; what the visitor writes in decides from then on.
        reply = self._chat().respond(
            said.text,
            conversation_id=said.conversation_id,
            anonymous_id=anonymous,
            user_id=self._observer.account_of(visit),
            message_id=said.message_id,
            begins_in=choose(said.language or "", visit.language, self._language),
            may_begin=lambda: self._openings.allows(request, time.monotonic()),
        )
        if reply.refused:  # nothing was stored: the widget keeps what was typed and says why
            return json_response({"error": reply.text}, 429 if reply.refused == "slow_down" else 413, headers)
        conversation = self._chat().log.of_visitor(reply.conversation_id, key)
        return json_response(self._shown.whole(conversation, request, visit, after=said.message_id), headers=headers)

    def human(self, request: Request, visit: Visit) -> Response:
        """Request an agent."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        about = _read(request, _MessageAction)
        _, key = self._who(request, visit)
        step = self._chat().ask_for_person(about.conversation_id or "", key)
        if step is None:
            return error_response(404, "there is no such conversation; say something first")
        return json_response(self._shown.whole(step.conversation, request, visit))

    def contact(self, request: Request, visit: Visit) -> Response:
        """Store a contact address for a later answer."""
        found = self._own(request, visit)
        if isinstance(found, Response):
            return found
        conversation, about = found
        step = self._chat().agent_queue.keep_contact(conversation, about.address or "")
        return json_response(self._shown.whole(step.conversation, request, visit))

    def transcript(self, request: Request, visit: Visit) -> Response:
        """The conversation by mail."""
        found = self._own(request, visit)
        if isinstance(found, Response):
            return found
        conversation, about = found
        self._support().send_transcript(conversation, about.address or "", "visitor")
        return json_response({"conversation_id": conversation.id}, 202)

    def desk(self, request: Request, visit: Visit) -> Response:
        """Webhook of the shop's help desk, signed (see docs/inbox.md)."""
        support = self._support()
        said = support.bridge.read(request.headers, request.body)
        if said is None:
            return error_response(401, "the signature does not fit, or is too old")
        step = support.bridge.apply(said, support.log, support.agent_queue)
        if step is None:
            return error_response(404, "there is no such conversation")
        if step.refused and step.refused != "duplicate":
            return error_response(409, step.refused)
        return json_response({"conversation_id": step.conversation.id, "state": step.conversation.state})

    def feedback(self, request: Request, visit: Visit) -> Response:
        found = self._own(request, visit)
        if isinstance(found, Response):
            return found
        conversation, about = found
        data = {"message_id": about.message_id, "helpful": about.helpful}
        self._chat().log.append(conversation, "noted", by="visitor", data={"feedback": data})
        return json_response({"conversation_id": conversation.id})

    def csat(self, request: Request, visit: Visit) -> Response:
        found = self._own(request, visit)
        if isinstance(found, Response):
            return found
        conversation, about = found
        if about.score is None or not 1 <= about.score <= 5:
            raise EventError("score: a number from 1 to 5 is expected")
        self._chat().log.append(conversation, "rated", by="visitor", data={"score": about.score})
        return json_response({"conversation_id": conversation.id})

    def _own(self, request: Request, visit: Visit) -> tuple[Conversation, _MessageAction] | Response:
        """The visitor's own conversation that a request is about, or why there is none."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        about = _read(request, _MessageAction)
        _, key = self._who(request, visit)
        conversation = self._chat().log.of_visitor(about.conversation_id or "", key)
        return (conversation, about) if conversation else error_response(404, "there is no such conversation")

    def _refuse(self, request: Request) -> Response | None:
        if not same_origin(request):
            return error_response(403, "this address accepts requests from the shop's own pages only")
        if not self._limiter.allows(request, time.monotonic()):
            return json_response(
                {"error": "too many messages; try again in some seconds"}, 429, [("Retry-After", "10")]
            )
        return None

    def _who(self, request: Request, visit: Visit, *, claim: bool = False) -> tuple[str | None, str]:
        """(anonymous id, the key of this visitor's conversations); the key is empty for a visitor without any id.

        With `claim` what was said before a login becomes the user's.
        """
        held = request.cookies.get(COOKIE, "")
        anonymous = visit.identity.anonymous_id or (held if _ID.fullmatch(held) else None)
        key = self._chat().visitor_key(self._observer.account_of(visit), anonymous)
        if claim and anonymous and key.startswith("u:"):
            self._chat().log.claim(f"a:{anonymous}", key)
        return anonymous, key


def _read(request: Request, kind: type[Any]) -> Any:
    return read_json(request.body, kind)
