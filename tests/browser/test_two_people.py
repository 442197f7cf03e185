"""A visitor and agents, each in a browser of their own, on both frameworks."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from opsplug.web import chat
from tests.support.axe import findings
from tests.support.browser import COUNTERS, expect, follow
from tests.support.live_shop import LiveShop
from tests.support.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.browser
ADMIN = "/_opsplug/admin/inbox"
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>[a](javascript:alert(1))"

COUNT_NEWS = """
  window.news = window.waiting = 0;
  window.EventSource = class extends EventSource {
    set onmessage(take) {
      super.onmessage = (event) => { take(event); news++; waiting = JSON.parse(event.data).counts.waiting; };
    }
  };
"""


class Side:
    """One person's browser."""

    def __init__(self, chromium: Any, shop: LiveShop, agent: str = "", **options: Any) -> None:
        self.context = chromium.new_context(
            base_url=shop.url, **{"viewport": {"width": 1440, "height": 900}, **options}
        )
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.add_init_script(COUNTERS)
        if agent:
            self.context.add_cookies([{"name": "agent", "value": agent, "url": shop.url}])
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def follow(self, selector: str) -> None:
        follow(self.page, self.page.locator(selector))

    def choose(self, text: str | None = None) -> None:
        """Opens a conversation of the inbox; by hand, which stays on its line when the list is drawn anew."""
        with self.page.expect_navigation():
            self.page.locator("[data-lines] a", has_text=text).press("Enter")

    def open_chat(self) -> None:
        self.page.goto("/nonce")
        self.page.locator("opsplug-chat [part=button]").click()
        self.page.locator("opsplug-chat .panel").wait_for()

    def write(self, text: str) -> None:
        self.page.locator("opsplug-chat textarea").fill(text)
        self.page.keyboard.press("Enter")

    def answer(self, text: str) -> None:
        """As an agent, on a page with scripts: it has arrived when the field is empty again."""
        self.page.locator("#answer").fill(text)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#answer")).to_have_value("")
        expect(self.page.locator("form[data-answer] button")).to_be_enabled()

    def said(self, role: str) -> list[str]:
        found: list[str] = self.page.locator(f"opsplug-chat .message.{role} > p").all_inner_texts()
        return found

    def read(self, role: str) -> list[str]:
        found: list[str] = self.page.locator(f"[data-messages] .{role} p").all_inner_texts()
        return found

    @property
    def status(self) -> str:
        return str(self.page.locator("opsplug-chat .status").inner_text())


@pytest.fixture(params=["flask", "starlette"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveShop]:
    with LiveShop(request.param, tmp_path) as shop:
        yield shop


def test_from_the_first_question_to_the_rating(shop: LiveShop, chromium: Any) -> None:
    visitor, kim, lee = Side(chromium, shop), Side(chromium, shop, "kim"), Side(chromium, shop, "lee")
    kim.page.goto(ADMIN)
    assert "Nobody waits" in kim.page.locator("[data-empty]").inner_text()
    visitor.open_chat()
    visitor.write(f"hello {HOSTILE} my mail is anna@mail.example")
    wait_for(lambda: len(visitor.said("assistant")) >= 2)
    visitor.page.locator("opsplug-chat button", has_text="Talk to a person").click()
    # the agent hears of it without touching the page
    wait_for(lambda: kim.page.locator("[data-lines] a").count() == 1, "the queue")
    wait_for(lambda: "new chat" in kim.page.locator("[data-inbox-status]").inner_text(), "the live region")
    assert kim.page.title().startswith("(1)")
    kim.choose()
    assert "[email]" in kim.read("visitor")[0] and "anna@" not in kim.page.content()
    kim.follow("button[value=take]")
    wait_for(lambda: any("A person has joined" in text for text in visitor.said("system")), "the notice")
    # a second agent cannot have it, too
    lee.page.goto(kim.page.url.split("?")[0].split("#")[0])
    assert lee.page.locator("button[value=take]").count() == 0
    kim.answer("Good day, this is Kim.")
    wait_for(lambda: visitor.said("agent") == ["Good day, this is Kim."], "the answer")
    assert visitor.page.locator("opsplug-chat .agent .who").inner_text() == "kim"
    visitor.write("thank you 🙂")
    expect(kim.page.locator("[data-messages] .visitor p").last).to_have_text("thank you 🙂")
    assert len(visitor.said("assistant")) == 2, "the assistant spoke over a person"
    # a word that comes while the chat is closed is not missed
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator("opsplug-chat .panel")).to_have_count(0)
    kim.answer("One more thing.")
    visitor.page.locator("opsplug-chat [part=button][data-news]").wait_for()
    assert "an answer" in visitor.page.locator("opsplug-chat .told").inner_text()
    visitor.page.locator("opsplug-chat [part=button]").click()
    wait_for(lambda: visitor.said("agent") == ["Good day, this is Kim.", "One more thing."])
    # a note is for colleagues
    kim.page.locator("summary", has_text="Note for colleagues").click()
    kim.page.locator("#note").fill("be kind to this one")
    kim.follow("button[value=note]")
    assert kim.read("note") == ["be kind to this one"]
    kim.follow("button[value=close]")
    visitor.page.locator("opsplug-chat [role=group] button").nth(4).wait_for()
    visitor.page.locator("opsplug-chat [role=group] button").nth(4).click()
    assert "be kind" not in visitor.page.locator("opsplug-chat .panel").inner_text()
    wait_for(lambda: shop.engine.chat.log.overview()[0]["rating"] == 5, "the rating")
    wait_for(lambda: "5 of 5" in (kim.page.reload(), kim.page.locator(".summary").inner_text())[1])
    looks = kim.page.locator(".summary dd").all_inner_texts()
    assert any(text.startswith("kim (") for text in looks) and any(text.startswith("lee (") for text in looks)
    for side in (visitor, kim, lee):
        assert side.errors == [] and side.page.evaluate("window.hit") is None
        assert side.page.evaluate("violations") == []
        side.context.close()


def test_a_visitor_leaves_an_address_when_nobody_is_free(shop: LiveShop, chromium: Any, tmp_path: Path) -> None:
    shop.engine.support.agent_queue._max_wait = 1.0
    visitor = Side(chromium, shop)
    visitor.open_chat()
    visitor.page.locator("opsplug-chat button", has_text="Talk to a person").click()
    form = visitor.page.locator("opsplug-chat form.ask")
    form.wait_for()
    wait_for(lambda: any("Nobody is free" in text for text in visitor.said("system")))
    assert [one for one in findings(visitor.page) if "opsplug-chat" in one] == []
    form.locator("input").fill("not an address")
    form.locator("button").click()
    wait_for(lambda: "not an address" in form.inner_text())
    form.locator("input").fill("anna@mail.example")
    form.locator("button").click()
    wait_for(lambda: any("We have your address" in text for text in visitor.said("system")))
    kim = Side(chromium, shop, "kim")
    kim.page.goto(ADMIN)
    kim.choose("left an address")
    assert "anna@mail.example" in kim.page.locator(".summary").inner_text()
    shop.engine.flush()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"anna@mail" not in file.read_bytes(), file
    for side in (visitor, kim):
        side.context.close()


def test_the_inbox_without_scripts(shop: LiveShop, chromium: Any) -> None:
    conversation = shop.engine.chat.reply("talk to a person please", anonymous_id="v").conversation_id
    kim = Side(chromium, shop, "kim", java_script_enabled=False)
    kim.page.goto(ADMIN)
    kim.choose()
    kim.follow("button[value=take]")
    kim.page.locator("#answer").fill("Here I am.")
    kim.follow("form[data-answer] button")
    assert kim.read("agent") == ["Here I am."]
    kim.follow("button[value=give_back]")
    now = shop.engine.chat.log.read(conversation)
    assert now is not None and now.state == "bot"
    kim.context.close()


def pressed_on_a_line(shop: LiveShop, chromium: Any) -> tuple[Side, str]:
    """An agent whose pointer is down on the line of the conversation given back, while another visitor comes."""
    first = shop.engine.chat.reply("talk to a person please", anonymous_id="v").conversation_id
    kim = Side(chromium, shop, "kim")
    kim.context.add_init_script(COUNT_NEWS)
    kim.page.goto(ADMIN)
    wait_for(lambda: kim.page.evaluate("news") > 0)
    kim.page.locator("[data-lines] a strong").hover()
    kim.page.mouse.down()
    shop.engine.chat.reply("talk to a person please", anonymous_id="w")
    wait_for(lambda: kim.page.evaluate("waiting") > 1)
    return kim, first


def test_news_between_pressing_and_letting_go_lose_no_click(shop: LiveShop, chromium: Any) -> None:
    kim, first = pressed_on_a_line(shop, chromium)
    with kim.page.expect_navigation(url=f"**/{first}*"):
        kim.page.mouse.up()
    kim.context.close()


def test_news_held_under_a_pressed_pointer_are_shown_when_it_is_let_go(shop: LiveShop, chromium: Any) -> None:
    kim, _ = pressed_on_a_line(shop, chromium)
    assert kim.page.locator("[data-lines] a").count() == 1
    kim.page.mouse.move(700, 800)
    kim.page.mouse.up()
    expect(kim.page.locator("[data-lines] a")).to_have_count(2)
    kim.context.close()


def test_the_inbox_by_keyboard_alone(shop: LiveShop, chromium: Any) -> None:
    shop.engine.chat.reply("talk to a person please", anonymous_id="v")
    kim = Side(chromium, shop, "kim")
    kim.page.goto(ADMIN)

    def tab_to(selector: str) -> None:
        for _ in range(60):
            kim.page.keyboard.press("Tab")
            if kim.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached")

    tab_to("[data-lines] a")
    with kim.page.expect_navigation():
        kim.page.keyboard.press("Enter")
    tab_to("button[value=take]")
    with kim.page.expect_navigation():
        kim.page.keyboard.press("Enter")
    tab_to("#answer")
    kim.page.keyboard.type("By hand.")
    kim.page.keyboard.press("Enter")
    wait_for(lambda: kim.read("agent") == ["By hand."])
    assert kim.page.evaluate("document.activeElement.id") == "answer"
    kim.context.close()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1440), ("zh", "dark", 390)])
def test_axe_finds_nothing(shop: LiveShop, chromium: Any, language: str, scheme: str, width: int) -> None:
    shop.engine.chat.reply("talk to a person please", anonymous_id="v")
    kim = Side(chromium, shop, "kim", color_scheme=scheme, viewport={"width": width, "height": 900})
    kim.page.goto(f"{ADMIN}?lang={language}")
    assert findings(kim.page) == []
    kim.choose()
    kim.follow("button[value=take]")
    assert findings(kim.page) == []
    assert kim.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for rest in ("canned", "unanswered"):
        kim.page.goto(f"{ADMIN}/{rest}")
        assert findings(kim.page) == []
    kim.context.close()


def test_many_who_wait_hold_up_nobody(shop: LiveShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the server has threads to lend: the shop's pages come while they wait, which a word to each ends."""
    monkeypatch.setattr(chat, "MAX_WAIT", 2 * PATIENCE)  # a word ends it, not the time
    visitors = [f"v{number}" for number in range(60)]
    ids = {name: shop.engine.chat.reply("hello", anonymous_id=name).conversation_id for name in visitors}
    host = shop.url.removeprefix("http://")
    waiting = []
    for name, conversation in ids.items():
        line = HTTPConnection(host, timeout=PATIENCE)
        after = shop.engine.chat.log.read(conversation).messages[-1].id  # type: ignore[union-attr]
        query = f"conversation_id={conversation}&after={after}&wait={2 * PATIENCE}&state=bot"
        line.request("GET", f"/_opsplug/chat/messages?{query}", headers={"Cookie": f"opsplug_chat={name}"})
        waiting.append(line)
    page = HTTPConnection(host, timeout=PATIENCE / 2)
    page.request("GET", "/page")
    assert page.getresponse().status == 200
    for name, conversation in ids.items():
        shop.engine.chat.reply("hello again", conversation_id=conversation, anonymous_id=name)
    assert {json.loads(line.getresponse().read())["state"] for line in waiting} == {"bot"}
    for line in (page, *waiting):
        line.close()
