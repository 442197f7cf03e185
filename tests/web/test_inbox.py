"""The inbox over HTTP, on both frameworks: roles, tokens, looks, and that nothing of a visitor becomes markup."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.contracts.adapter_contract import Visitor
from tests.support.agents import (
    Agent,
    shop,  # noqa: F401  (a fixture)
    waiting,
)

XSS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg/onload=alert(1)>",
    "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
    "<a href='java&#115;cript:alert(1)'>x</a>", "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>", "<audio src=x onerror=alert(1)>", "<marquee onstart=alert(1)>",
    "<math><mi xlink:href='data:x,<script>alert(1)</script>'>", "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>", "<form action=javascript:alert(1)><button>x</button></form>",
    "<link rel=stylesheet href=//evil.example>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=//evil.example>", "<style>@import'//evil.example'</style>", "<div style=background:url(//evil)>x</div>",
    "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "</p></div><script>alert(1)</script>", "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>", "&lt;script&gt;alert(1)&lt;/script&gt;", "{{7*7}}{% raw %}${7*7}",
    "<!--<img src='--><img src=x onerror=alert(1)>'>", "[x](javascript:alert(1)) <javascript:alert(1)>",
)  # fmt: skip
ADDRESSES = ("", "/canned", "/unanswered", "/live", "/{id}")


@pytest.mark.parametrize("who", ["", "viewer:max"])
def test_only_agents_see_anything(shop: Any, who: str) -> None:
    conversation = waiting(shop, "a secret question of mine")
    stranger = Agent(shop, who)
    for address in ADDRESSES:
        answer = stranger.get(address.format(id=conversation))
        assert answer.status in (403, 404) and "secret" not in answer.text
    for form in ({"do": "take"}, {"do": "say", "text": "x"}, {"remove": "x"}):
        assert stranger.post(f"/{conversation}", token="x", **form).status in (403, 404)
    assert shop.engine.chat.log.read(conversation).state == "waiting"


def test_every_form_needs_its_token(shop: Any) -> None:
    conversation = waiting(shop)
    for path in (f"/{conversation}", "/canned", "/unanswered"):
        for action in ("take", "say", "close", "note", "learn"):
            assert Agent(shop).post(path, token="forged", do=action, text="x", title="x").status == 403
    assert shop.engine.chat.log.read(conversation).state == "waiting" and shop.engine.inbox.canned() == []


def test_an_agent_takes_answers_and_hands_over(shop: Any) -> None:
    conversation = waiting(shop)
    kim, lee = Agent(shop), Agent(shop, "agent:lee")
    assert "Nobody waits" not in re.sub(r"<p[^>]*hidden.*?</p>", "", kim.get().text)
    assert kim.post(f"/{conversation}", do="take").status == 303
    assert lee.post(f"/{conversation}", do="take").status == 409
    assert lee.post(f"/{conversation}", do="say", text="mine!").status == 409
    assert kim.post(f"/{conversation}", do="say", text="Good day.", message_id="m1").status == 303
    kim.post(f"/{conversation}", do="say", text="Good day.", message_id="m1")  # the form was sent twice
    kim.post(f"/{conversation}", do="note", text="be kind")
    for nobody in ("", "zoe", "x" * 60_000):
        assert kim.post(f"/{conversation}", do="transfer", to=nobody).status == 409
    assert shop.engine.chat.log.read(conversation).owner == "agent:kim"
    assert kim.post(f"/{conversation}", do="transfer", to="lee").status == 303
    state = shop.engine.chat.log.read(conversation)
    assert [message.text for message in state.messages if message.role == "agent"] == ["Good day."]
    assert state.owner == "agent:lee" and "be kind" not in repr(state.transcript)
    looks = [value["who"] for _, value in shop.engine.store.documents("chat_look", conversation)]
    lee.get(f"/{conversation}")
    lee.get(f"/{conversation}")
    after = [value["who"] for _, value in shop.engine.store.documents("chat_look", conversation)]
    assert after == [*looks, "lee"] or after == looks
    assert "lee" in after


def test_there_is_no_such_conversation(shop: Any) -> None:
    for name in ("nothing", "a%2Fb", "x" * 500):
        assert Agent(shop).get(f"/{name}").status == 404
        assert Agent(shop).post(f"/{name}", do="take").status == 404


def test_a_question_becomes_knowledge_with_one_click(shop: Any) -> None:
    shop.engine.chat.reply("do you wrap blimps as gifts?", anonymous_id="v")
    kim = Agent(shop)
    page = kim.get("/unanswered").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key and "do you wrap blimps" in page
    assert kim.post("/unanswered", do="learn", key=key[1], answer="Yes, in blue paper.").status == 303
    assert "do you wrap blimps" not in kim.get("/unanswered").text
    shop.engine.chat.knowledge._entries = None  # other processes see it within a second
    assert shop.engine.chat.reply("do you wrap blimps as gifts?", anonymous_id="w").text == "Yes, in blue paper."


def test_ready_answers(shop: Any) -> None:
    kim = Agent(shop)
    assert kim.post("/canned", title="退货", text="30 天内可退。", language="zh").status == 303
    (kept,) = shop.engine.inbox.canned()
    assert (kept["language"], kept["by"]) == ("zh", "kim")
    kim.post("/canned", remove=kept["id"])
    assert shop.engine.inbox.canned() == []


def test_nothing_a_visitor_types_becomes_markup(shop: Any) -> None:
    assert len(XSS) >= 31
    for place, text in enumerate(XSS):
        no_markup(Agent(shop).get(f"/{waiting(shop, text, f'v{place}')}").text)


def no_markup(page: str) -> None:
    inside = page.partition("data-messages")[2].partition('id="end"')[0]
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z!?][^\s>/]*)", inside))
    assert tags <= {"div", "span", "time", "p", "em"}, tags
    assert not re.search(r"<[^>]+\s(?:on\w+|href|src|style)\s*=", inside)


def test_the_stream_tells_what_is_new_and_ends(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from opsplug.web.admin import inbox

    monkeypatch.setattr(inbox, "_LIFE", 0.1)
    conversation = waiting(shop, "<b>hello</b>")
    answer = Agent(shop).get(f"/live?view=waiting&conversation={conversation}")
    assert answer.header("content-type").startswith("text/event-stream")
    news = json.loads(re.search(r"^data: (.*)$", answer.text, re.MULTILINE)[1])  # type: ignore[index]
    assert news["counts"] == {"waiting": 1, "mine": 0} and news["owner"] == "waiting"
    assert "<b>hello</b>" in [message["text"] for message in news["messages"]]
    known = re.search(r"^id: (\w+)$", answer.text, re.MULTILINE)[1]  # type: ignore[index]
    again = Agent(shop).get(f"/live?view=waiting&conversation={conversation}", last_event_id=known)
    assert "data:" not in again.text and "retry:" in again.text


@pytest.mark.usefixtures("one_moment")
def test_a_flood_is_refused_and_what_is_too_long_as_well(shop: Any) -> None:
    visitor = Visitor(shop)
    answers = [
        visitor.send("POST", "/_opsplug/chat/messages", json.dumps({"text": f"hello {n}"}).encode()).status
        for n in range(30)
    ]
    assert answers[0] == 200 and answers[-1] == 429
    long = Visitor(shop).send("POST", "/_opsplug/chat/messages", json.dumps({"text": "x" * 3000}).encode())
    assert long.status == 413 and "few sentences" in long.json()["error"]
    huge = Visitor(shop).send("POST", "/_opsplug/chat/messages", json.dumps({"text": "x" * 100_000}).encode())
    assert huge.status == 413


@pytest.mark.parametrize("text", ["🙂🙂", "\u202e\u2066abc\u2069", "\u200b\u200b", "!!!", "a\u0301" * 500])
def test_strange_text_has_a_polite_answer(shop: Any, text: str) -> None:
    said = json.dumps({"text": text + " anna@mail.example"}).encode()
    answer = Visitor(shop).send("POST", "/_opsplug/chat/messages", said)
    assert answer.status == 200 and answer.json()["messages"][-1]["text"]
    assert "anna@mail" not in repr(shop.engine.store.documents("chat"))


def test_who_writes_chinese_on_an_english_page_is_answered_in_chinese(shop: Any) -> None:
    visitor = Visitor(shop)
    said = json.dumps({"text": "你好", "language": "en"}).encode()
    first = visitor.send("POST", "/_opsplug/chat/messages", said).json()
    assert "您好" in first["messages"][-1]["text"] and first["language"] == "zh"
    wanted = json.dumps({"conversation_id": first["conversation_id"]}).encode()
    assert "正在为您转接" in visitor.send("POST", "/_opsplug/chat/human", wanted).json()["messages"][-1]["text"]
    other = Visitor(shop).send("POST", "/_opsplug/chat/messages", json.dumps({"text": "👍", "language": "zh"}).encode())
    assert other.json()["language"] == "zh"


def test_looking_on_live_is_a_look(shop: Any) -> None:
    conversation = waiting(shop)
    kim = Agent(shop)
    for _ in range(2):
        assert kim.get(f"/live?conversation={conversation}").status == 200
    looks = [value["who"] for _, value in shop.engine.store.documents("chat_look", conversation)]
    assert looks == ["kim"]
    kim.get("/live?conversation=nothing")
    assert len(shop.engine.store.documents("chat_look")) == 1


def test_a_user_is_forgotten_by_their_own_id(shop: Any) -> None:
    chat = shop.engine.chat
    chat.reply("hello", user_id="anna@example.com")
    chat.reply("hello", anonymous_id="v1")
    assert chat.forget(user_id="bo@example.com") == 0
    assert chat.forget(user_id="anna@example.com", anonymous_id="v1") == 2
    assert shop.engine.store.documents("chat") == []
