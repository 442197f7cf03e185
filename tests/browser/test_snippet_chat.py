"""The chat in a real browser: keyboard, screen reader, hostile answers, bad networks, a person at the other end."""

from typing import Any

import pytest

from tests.support.axe import findings
from tests.support.beacon_server import PREFIX, BeaconServer, Page, manifest
from tests.support.browser import expect, new_context
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser
QUIET = {"ux": False, "chat": True}
HOSTILE = "<img src=x onerror=alert(1)>"


class Desk:
    """The other end of the line: answers by rule, remembers what it was told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.state = "bot"
        self.status = 200
        self.incoming: list[dict[str, Any]] = []

    def __call__(self, method: str, path: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.status != 200:
            return self.status, {}
        if path == "/chat/conversation":
            known = "c1" if self.messages else None
            return 200, {"conversation_id": known, "messages": self.messages, "state": self.state, "language": "en"}
        new: list[dict[str, Any]] = []
        if method == "POST" and path == "/chat/messages":
            own = {"id": data["message_id"], "role": "visitor", "text": data["text"], "at": 1}
            if all(message["id"] != own["id"] for message in self.messages):
                new = [own, self.answer(data["text"])] if self.state == "bot" else [own]
        elif path == "/chat/human":
            self.state = "waiting"
            new = [{"id": "s1", "role": "system", "text": "A person was asked to join."}]
        elif path == "/chat/messages":
            new = [self.incoming.pop(0) for _ in range(len(self.incoming))]
        self.messages += new
        return 200, {"conversation_id": "c1", "messages": new, "state": self.state, "rate": self.state == "closed"}

    def answer(self, text: str) -> dict[str, Any]:
        return {
            "id": f"a{len(self.messages)}",
            "role": "assistant",
            "text": HOSTILE if text == "hostile" else f"Answer to {text}",
            "sources": [{"title": "Returns", "url": "/help/returns"}, {"title": HOSTILE, "url": "javascript:alert(1)"}],
            "items": [
                {"item_id": "sku1", "item_name": "Blue Teapot", "url": "/product/1", "price": 9.9, "currency": "EUR"}
            ],
        }


def open_chat(shop: BeaconServer, page: Any, desk: Desk, **options: Any) -> None:
    shop.converse = desk
    shop.pages["/"] = Page(body="<main><h1>Shop</h1><p>Words.</p></main>", options=QUIET, **options)
    page.goto("/")
    page.locator("opsplug-chat [part=button]").click()
    page.locator("opsplug-chat .panel").wait_for()


def write(page: Any, text: str) -> None:
    page.locator("opsplug-chat textarea").fill(text)
    page.keyboard.press("Enter")


def texts(page: Any, role: str) -> list[str]:
    found: list[str] = page.locator(f"opsplug-chat .{role} > p:not(.note,.sources)").all_inner_texts()
    return found


def test_nothing_is_loaded_before_the_first_click(shop: BeaconServer, page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shop.pages["/"] = Page(options=QUIET)
    page.goto("/")
    page.locator("opsplug-chat [part=button]").wait_for()
    page.wait_for_timeout(300)
    file = manifest()["chat.js"]["file"]
    assert not any(file in url or "/chat/" in url for url in asked)
    shop.converse = Desk()
    page.locator("opsplug-chat [part=button]").click()
    page.locator("opsplug-chat .panel").wait_for()
    assert any(file in url for url in asked)


def test_a_question_and_its_answer_by_keyboard_alone(shop: BeaconServer, page: Any) -> None:
    shop.converse = Desk()
    shop.pages["/"] = Page(options=QUIET)
    page.goto("/")
    page.locator("opsplug-chat [part=button]").focus()
    page.keyboard.press("Enter")
    page.locator("opsplug-chat textarea").wait_for()
    page.keyboard.type("Can I return it?")
    page.keyboard.press("Enter")
    wait_for(lambda: texts(page, "assistant")[1:] == ["Answer to Can I return it?"])
    assert texts(page, "visitor") == ["Can I return it?"]
    assert page.locator("opsplug-chat .sources a").get_attribute("href") == f"{shop.url}/help/returns"
    assert page.locator("opsplug-chat .items a").inner_text() == "Blue Teapot"
    page.keyboard.press("Escape")
    expect(page.locator("opsplug-chat .panel")).to_have_count(0)
    assert page.evaluate("document.activeElement.localName") == "opsplug-chat"
    assert page.locator("opsplug-chat [part=button]").get_attribute("aria-expanded") == "false"
    wait_for(lambda: shop.named("chat_open"))
    assert page.evaluate("violations") == []


def test_hostile_answers_and_questions_stay_text(shop: BeaconServer, page: Any) -> None:
    open_chat(shop, page, Desk())
    write(page, "hostile")
    wait_for(lambda: HOSTILE in texts(page, "assistant"))
    write(page, HOSTILE)
    wait_for(lambda: HOSTILE in texts(page, "visitor"))
    assert page.locator("opsplug-chat .log").locator("img, script").count() == 0
    assert page.locator("opsplug-chat a[href^=javascript]").count() == 0


def test_enter_while_composing_chooses_a_word(shop: BeaconServer, page: Any) -> None:
    open_chat(shop, page, Desk())
    page.locator("opsplug-chat textarea").fill("nihao")
    page.evaluate(
        """document.querySelector("opsplug-chat").shadowRoot.querySelector("textarea")
          .dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}))"""
    )
    assert page.locator("opsplug-chat textarea").input_value() == "nihao"
    assert not shop.chat[1:]


def test_what_was_typed_survives_a_bad_network_and_arrives_once(shop: BeaconServer, page: Any) -> None:
    desk = Desk()
    open_chat(shop, page, desk)
    wait_for(lambda: shop.chat)
    desk.status = 503
    write(page, "first")
    write(page, "second")
    wait_for(lambda: page.locator("opsplug-chat .status").inner_text())
    assert texts(page, "visitor") == ["first", "second"]
    desk.status = 200
    wait_for(lambda: len(texts(page, "assistant")) == 3)
    assert [m["text"] for m in desk.messages if m["role"] == "visitor"] == ["first", "second"]
    desk.status = 422
    write(page, "refused")
    page.locator("opsplug-chat .note button", has_text="Try again").wait_for()
    desk.status = 200
    page.locator("opsplug-chat .note button", has_text="Try again").click()
    wait_for(lambda: [m["text"] for m in desk.messages if m["role"] == "visitor"][-1] == "refused")


def test_a_person_joins_writes_and_closes(shop: BeaconServer, page: Any) -> None:
    desk = Desk()
    open_chat(shop, page, desk)
    write(page, "help")
    wait_for(lambda: len(texts(page, "assistant")) == 2)
    page.locator("opsplug-chat button", has_text="Talk to a person").click()
    wait_for(lambda: "A person has been told" in page.locator("opsplug-chat .status").inner_text())
    desk.state = "human"
    desk.incoming.append({"id": "g1", "role": "agent", "name": "Mei", "text": "Hello, this is Mei."})
    wait_for(lambda: texts(page, "agent") == ["Hello, this is Mei."])
    assert page.locator("opsplug-chat .agent .who").inner_text() == "Mei"
    desk.state = "closed"
    page.locator("opsplug-chat [role=group] button").nth(4).wait_for()
    page.locator("opsplug-chat [role=group] button").nth(4).click()
    wait_for(lambda: ("POST /chat/csat", {"conversation_id": "c1", "score": 5}) in shop.chat)
    wait_for(lambda: [event["properties"] for event in shop.named("chat_csat")] == [{"score": 5}])


def test_history_and_feedback(shop: BeaconServer, page: Any) -> None:
    desk = Desk()
    desk.messages = [{"id": "m1", "role": "visitor", "text": "Earlier"}, desk.answer("Earlier") | {"id": "m2"}]
    open_chat(shop, page, desk)
    wait_for(lambda: texts(page, "visitor") == ["Earlier"])
    page.locator("opsplug-chat .note button", has_text="Yes").click()
    wait_for(
        lambda: ("POST /chat/feedback", {"conversation_id": "c1", "message_id": "m2", "helpful": True}) in shop.chat
    )
    wait_for(lambda: shop.named("chat_feedback"))


def test_a_chunk_that_does_not_load_may_be_tried_again(shop: BeaconServer, page: Any) -> None:
    shop.converse = Desk()
    shop.pages["/"] = Page(options=QUIET)
    file = manifest()["chat.js"]["file"]
    page.route(f"**{PREFIX}/{file}", lambda route: route.abort())
    page.goto("/")
    button = page.locator("opsplug-chat [part=button]")
    with page.expect_event("requestfailed"):
        button.click()
    expect(page.locator(f"script[src$='{file}']")).to_have_count(0)  # it has seen that there is nothing
    page.unroute(f"**{PREFIX}/{file}")
    button.click()
    page.locator("opsplug-chat .panel").wait_for()


@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("en", "light", 1440), ("zh", "dark", 390), ("en", "dark", 820)]
)
def test_axe_finds_nothing_and_nothing_moves(
    shop: BeaconServer, chromium: Any, language: str, scheme: str, width: int
) -> None:
    context = new_context(chromium, shop, color_scheme=scheme, viewport={"width": width, "height": 844})
    page = context.new_page()
    open_chat(shop, page, Desk(), language=language)
    write(page, "hi")
    wait_for(lambda: len(texts(page, "assistant")) == 2)
    assert findings(page) == []
    assert page.evaluate("shift") == 0
    if width == 390:
        box = page.locator("opsplug-chat .panel").bounding_box()
        assert (box["width"], box["height"]) == (390, 844)
    context.close()


def test_right_to_left(shop: BeaconServer, page: Any) -> None:
    open_chat(shop, page, Desk())
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.locator("opsplug-chat [part=button]").bounding_box()["x"] < 100
    box = page.locator("opsplug-chat .panel").bounding_box()
    assert 0 <= box["x"] < 100
