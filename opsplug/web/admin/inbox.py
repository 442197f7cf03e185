"""The agents' inbox: the queue, one conversation, ready answers, what the knowledge lacks. Live where scripts run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from opsplug.capture.ids import new_id
from opsplug.errors import EventError
from opsplug.locales import Texts
from opsplug.services.chat.handover import PERSON
from opsplug.services.chat.inbox import VIEWS, Inbox, Opened
from opsplug.web.admin import inbox_presenter as presenter
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response, Watch
from opsplug.web.static import Snippet

_LIFE = 10.0  # seconds of one stream: a server that stops waits for it; browsers ask again
_PAUSE = 1500  # milliseconds before they do


class InboxPage:
    """Every address needs the role agent; every form the token that the frame checks."""

    name, group, role, words = "inbox", "do", "agent", Texts("stats_inbox")

    def __init__(self, inbox: Callable[[], Inbox], snippet: Snippet, zone: str) -> None:
        self._inbox = inbox
        self._snippet = snippet
        self._zone = zone

    def get(self, ask: Ask) -> Response:
        if ask.rest == "live":
            return self._live(ask)
        self._inbox().here(ask.who, ask.language)
        if ask.rest == "canned":
            return ask.page("inbox_canned.html", canned=self._inbox().canned(ask.language))
        if ask.rest == "unanswered":
            return ask.page("inbox_unanswered.html", questions=self._inbox().unanswered())
        return self._desk(ask)

    def post(self, ask: Ask) -> Response:
        inbox, form = self._inbox(), ask.form
        inbox.here(ask.who, ask.language)
        try:
            if ask.rest == "canned":
                if form.get("remove"):
                    inbox.drop_canned(form["remove"])
                else:
                    inbox.keep_canned(form.get("title", ""), form.get("text", ""), form.get("language", ""), ask.who)
                return ask.redirect("inbox/canned")
            if ask.rest == "unanswered":
                if form.get("do") == "dismiss":
                    inbox.dismiss(form.get("key", ""))
                else:
                    inbox.learn(form.get("key", ""), form.get("question", ""), form.get("answer", ""), ask.who)
                return ask.redirect("inbox/unanswered")
            refused = inbox.act(ask.rest, ask.who, form.get("do", ""), form)
        except EventError as error:
            refused = str(error)
            if inbox.support.log.read(ask.rest) is None:
                return ask.missing()
        if "application/json" in ask.request.header("accept"):
            said = {"refused": self._reason(refused, ask)} if refused else {"message_id": new_id()}
            return ask.json(said, 409 if refused else 200)
        if refused:
            return self._desk(ask, self._reason(refused, ask), 409)
        sent = "?sent=1" if form.get("do") == "mail" else ""
        return ask.redirect(f"inbox/{quote(ask.rest)}{sent}#end")

    # ------------------------------------------------------------------ the page

    def _desk(self, ask: Ask, refused: str = "", status: int = 200) -> Response:
        inbox = self._inbox()
        view = ask.request.query.get("view", "")
        opened = inbox.open(ask.rest, ask.who) if ask.rest else None
        if ask.rest and opened is None:
            return ask.missing()
        if view not in VIEWS:
            view = ("mine" if opened.mine else "waiting") if opened else "waiting"
        return ask.page(
            "inbox.html",
            status,
            view=view,
            views=VIEWS,
            lines=self._lines(ask, view),
            counts=inbox.counts(ask.who),
            csat=inbox.satisfaction() if view == "all" else (0, 0),
            chosen=self._opened(opened, ask) if opened else None,
            refused=refused,
            sent="sent" in ask.request.query,
            script=f"{ask.base.removesuffix('/admin')}/{self._snippet.hashed_name('admin.js')}",
        )

    def _lines(self, ask: Ask, view: str) -> list[dict[str, Any]]:
        now = time.time()
        return [presenter.line(row, ask.words, now) for row in self._inbox().queue(ask.who, view)]

    def _opened(self, opened: Opened, ask: Ask) -> dict[str, Any]:
        inbox, now = self._inbox(), opened.conversation
        agents = inbox.support.agent_queue.agents
        here = {agent.name for agent in agents.here()}
        others = [(name, name in here) for name in (agent.name for agent in agents.all()) if name != ask.who]
        return {
            "id": now.id,
            "name": presenter.name_of(now.id, ask.words),
            "state": now.state,
            "state_text": ask.words["states"][now.state].format(agent=now.agent),
            "owner": now.owner,
            "mine": opened.mine,
            "may_take": now.state not in (PERSON, "closed"),
            "language": now.language,
            "messages": presenter.messages(now, ask.words, self._zone, ask.language),
            "summary": presenter.summary(opened, inbox.summaries, ask.words, self._zone, ask.language),
            "contact": opened.contact,
            "canned": inbox.canned(now.language),
            "others": others,
            "groups": agents.groups,
            "sends_letters": inbox.support.sends_mail,
            "message_id": new_id(),
        }

    def _reason(self, refused: str, ask: Ask) -> str:
        reasons = ask.words["refused"]
        return str(reasons.get(refused, refused if refused.startswith(("address", "this ")) else reasons["other"]))

    # ------------------------------------------------------------------ live

    def _live(self, ask: Ask) -> Response:
        """Server-sent events: the list, and what was said since the page was made. One code for both frameworks:
        where waiting costs a thread the stream ends after one word, and the browser asks again."""
        query = ask.request.query
        view = query.get("view") if query.get("view") in VIEWS else "waiting"
        conversation_id = query.get("conversation", "")
        digest, seen = ask.request.header("last-event-id"), (0, 0, 0)
        if conversation_id and self._inbox().support.log.read(conversation_id) is not None:
            self._inbox().record_look(conversation_id, ask.who)

        def poll(over: bool) -> bytes | None:
            nonlocal digest, seen
            inbox = self._inbox()
            inbox.here(ask.who, ask.language)
            log = inbox.support.log
            now = (log.changes(), log.stamp(conversation_id) if conversation_id else 0, int(time.time() / 20))
            if now == seen and not over:
                return None
            seen = now
            news = self._news(ask, str(view), conversation_id)
            body = msgspec.json.encode(news)
            known, digest = digest, hashlib.sha256(body).hexdigest()[:16]
            if digest == known:
                return f"retry: {_PAUSE}\n: nothing new\n\n".encode() if over else None
            return f"retry: {_PAUSE}\nid: {digest}\ndata: ".encode() + body + b"\n\n"

        headers = [*ask.headers, ("X-Accel-Buffering", "no")]
        return Response(200, b"", "text/event-stream", headers, Watch(poll, _LIFE, lasting=True))

    def _news(self, ask: Ask, view: str, conversation_id: str) -> dict[str, Any]:
        inbox = self._inbox()
        news: dict[str, Any] = {"lines": self._lines(ask, view), "counts": inbox.counts(ask.who)}
        conversation = inbox.support.log.read(conversation_id) if conversation_id else None
        if conversation is not None:
            news["owner"] = conversation.owner
            news["messages"] = presenter.messages(conversation, ask.words, self._zone, ask.language)
        return news
