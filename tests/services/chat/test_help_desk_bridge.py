"""The help desk bridge and e-mailed transcripts, over a real socket: signed, in order, until they arrive, and once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine
from opsplug.errors import EventError
from opsplug.services.chat.desk import support as support_module
from opsplug.services.chat.desk.help_desk_bridge import Bridge, signature
from opsplug.services.chat.desk.transcript import transcript

SECRET = "a secret of both sides"


class HelpDesk:
    """Takes webhooks; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.forged: list[str] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                known = signature(SECRET, headers["webhook-id"], headers["webhook-timestamp"], body)
                if headers["webhook-signature"] != known:
                    desk.forged.append(headers["webhook-id"])
                if desk.status == 200:
                    desk.heard.append((headers, json.loads(body)))
                self.send_response(desk.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def desk() -> Iterator[HelpDesk]:
    made = HelpDesk()
    yield made
    made.close()


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shop(desk: HelpDesk, tmp_path: Path) -> Iterator[tuple[Engine, Clock]]:
    engine = Engine(
        store=f"sqlite:///{tmp_path}/opsplug.db", testing=True, chat_webhook=desk.address, chat_webhook_secret=SECRET,
        chat_mail="mailtos://shop:secret@mail.example?from=help@shop.example",
    )  # fmt: skip
    clock = Clock()
    keys, guard = engine.keys, engine.guard
    engine.support = support_module.Support(
        engine.store, engine.settings, lambda: keys, guard, may_run=False, clock=clock
    )
    yield engine, clock
    engine.close()


def test_a_handover_arrives_signed_masked_and_in_order(shop: tuple[Engine, Clock], desk: HelpDesk) -> None:
    engine, clock = shop
    first = engine.chat.reply("hello, I am anna@mail.example", anonymous_id="anna")
    assert engine.support.outbox.deliver() is False and desk.heard == []  # the assistant's own business
    engine.chat.reply("talk to a person", first.conversation_id, anonymous_id="anna")
    desk.status = 503
    assert engine.support.outbox.deliver() is True
    engine.chat.reply("are you there?", first.conversation_id, anonymous_id="anna")
    desk.status = 200
    assert engine.support.outbox.deliver() is True and desk.heard == []  # what came later waits for what came first
    clock.now += 11
    assert engine.support.outbox.deliver() is False
    assert [told["event"] for _, told in desk.heard] == ["person_wanted", "visitor_said"]
    assert "[email]" in desk.heard[0][1]["transcript"][0]["text"] and desk.forged == []
    assert desk.heard[0][1]["trigger"] == "asked"


def test_what_never_arrives_is_given_up(shop: tuple[Engine, Clock], desk: HelpDesk) -> None:
    engine, clock = shop
    engine.chat.reply("talk to a person", anonymous_id="anna")
    desk.status = 500
    for tries in range(9):
        left = engine.support.outbox.deliver()
        assert left is (tries < 7)
        clock.now += 50_000


def said(clock: Clock, **what: Any) -> tuple[dict[str, str], bytes]:
    body = json.dumps(what).encode()
    moment = str(int(clock.now))
    headers = {"webhook-id": "m1", "webhook-timestamp": moment}
    return {**headers, "webhook-signature": signature(SECRET, "m1", moment, body)}, body


def test_the_desk_answers_once_and_the_assistant_is_silent(shop: tuple[Engine, Clock]) -> None:
    engine, clock = shop
    support = engine.support
    conversation = engine.chat.reply("talk to a person", anonymous_id="anna").conversation_id
    headers, body = said(clock, conversation_id=conversation, event="agent_said", agent="kim", text="Good day.")
    for _ in range(2):
        heard = support.bridge.read(headers, body)
        assert heard is not None
        support.bridge.apply(heard, support.log, support.agent_queue)
    state = support.log.read(conversation)
    assert state is not None and state.owner == "agent:kim"
    assert [message.text for message in state.messages if message.role == "agent"] == ["Good day."]
    assert engine.chat.reply("hello", conversation, anonymous_id="anna").action == "wait"
    clock.now += 1000  # a desk is not seen looking, and its agent stays all the same
    support.agent_queue.expire()
    kept = support.log.read(conversation)
    assert kept is not None and kept.owner == "agent:kim"


def test_a_message_that_is_not_signed_now_by_the_desk_is_none(shop: tuple[Engine, Clock]) -> None:
    engine, clock = shop
    bridge = engine.support.bridge
    headers, body = said(clock, conversation_id="c", event="agent_said", agent="kim", text="x")
    assert bridge.read(headers, body + b" ") is None
    assert bridge.read({**headers, "webhook-id": "m2"}, body) is None
    assert bridge.read({}, body) is None
    assert Bridge("", "", clock).read(headers, body) is None
    clock.now += 301
    assert bridge.read(headers, body) is None
    headers, body = said(clock, conversation_id="c", event="visitor_said", agent="kim")
    with pytest.raises(EventError, match="event: one of"):
        bridge.read(headers, body)


def test_a_transcript_is_sent_to_a_sealed_address(shop: tuple[Engine, Clock], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = shop
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(support_module, "send_mail", lambda *mail: sent.append(mail) or True)
    first = engine.chat.reply("buy at https://spam.example now", anonymous_id="anna")
    state = engine.support.log.read(first.conversation_id)
    assert state is not None
    engine.support.send_transcript(state, "bo@mail.example", "visitor")
    assert "bo@mail" not in json.dumps(engine.store.documents("chat_outbox"))
    engine.support.outbox.deliver()
    assert sent[0][1] == "bo@mail.example" and "spam.example" not in sent[0][3]
    for _ in range(2):
        engine.support.send_transcript(engine.support.log.read(state.id) or state, "bo@mail.example", "visitor")
    with pytest.raises(EventError, match="several times"):
        engine.support.send_transcript(engine.support.log.read(state.id) or state, "bo@mail.example", "visitor")
    with pytest.raises(EventError, match="address"):
        engine.support.send_transcript(state, "a@b.example&to=c@d.example,x", "visitor")


def test_a_transcript_is_queued_under_the_name_that_every_version_knows_and_delivered_in_order(
    shop: tuple[Engine, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, clock = shop
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(support_module, "send_mail", lambda *mail: sent.append(mail) or True)
    conversation = engine.support.log.read(engine.chat.reply("hello", anonymous_id="anna").conversation_id)
    assert conversation is not None
    for address in ("old@mail.example", "new@mail.example"):
        engine.support.send_transcript(conversation, address, "visitor")
        clock.now += 1
    queued = engine.store.documents("chat_outbox")
    assert [entry["way"] for _, entry in queued] == ["letter", "letter"]
    assert engine.support.outbox.deliver() is False
    assert [address for _, address, *_ in sent] == ["old@mail.example", "new@mail.example"]


@pytest.mark.filterwarnings("ignore:.*imghdr.*:DeprecationWarning")
def test_apprise_takes_the_address_of_the_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    from opsplug.services.chat.desk.transcript import send_mail

    seen: list[Any] = []
    monkeypatch.setattr(apprise.Apprise, "notify", lambda self, **what: seen.append((list(self), what)) or True)
    assert send_mail("mailtos://shop:secret@mail.example?from=help@shop.example", "a+b@c.example", "S", "T")
    (server,), what = seen[0]
    assert [address for _, address in server.targets] == ["a+b@c.example"] and what["title"] == "S"
    assert not send_mail("nonsense", "a@b.example", "S", "T")


def test_a_letter_is_in_the_visitors_language(shop: tuple[Engine, Clock]) -> None:
    engine, _ = shop
    state = engine.support.log.read(engine.chat.reply("人工客服", anonymous_id="w", language="zh").conversation_id)
    assert state is not None
    subject, text = transcript(state, "Asia/Shanghai")
    assert subject == "您与客服的对话记录" and "您: 人工客服" in text and "正在为您转接" in text
