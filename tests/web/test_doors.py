"""Hostile people with a role of their own: what they may, and what is told to caches and other sites."""

from __future__ import annotations

from typing import Any

import pytest

from opsplug.errors import EventError
from opsplug.services.chat.desk.help_desk_bridge import Bridge, signature
from opsplug.services.chat.handover import NO_AGENTS
from opsplug.web.access import Person
from tests.support.agents import INBOX, Agent, waiting
from tests.support.agents import shop as shop  # (a fixture)
from tests.support.stats_pages import page_names, shell_of

ADMIN = "/_opsplug/admin/"
PAGES = page_names()
FILES = ("findings.csv", "items.csv", "market.csv", "visitors.csv", "propensity.csv", "models.csv", "visitors/v.json")


def test_a_token_is_of_one_person(shop: Any) -> None:
    conversation = waiting(shop)
    kim, lee = Agent(shop), Agent(shop, "agent:lee")
    kim.get("/canned")
    lee.visitor.cookies = dict(kim.visitor.cookies)  # a planted cookie, and the token that belongs to it
    assert lee.post(f"/{conversation}", token=kim.token(), do="take").status == 403
    assert kim.post(f"/{conversation}", do="take").status == 303


def test_a_viewer_changes_nothing(shop: Any) -> None:
    max_ = Agent(shop, "viewer:max")
    page = max_.visitor.get(f"{ADMIN}findings", x_person=max_.who)
    assert page.status == 200
    access = shell_of(shop.engine)._access
    token = access.form_token(max_.visitor.cookies["opsplug_form"], Person("viewer", "max"))
    for name in PAGES:
        form = f"csrf={token}&action=save&useful=0&key=x".encode()
        assert max_.visitor.send("POST", ADMIN + name, form, x_person=max_.who).status in (403, 404), name


@pytest.mark.parametrize("name", NO_AGENTS)
def test_nobody_passes_for_a_part_of_the_house(shop: Any, name: str) -> None:
    conversation = waiting(shop)
    kim, sly = Agent(shop), Agent(shop, f"agent:{name}")
    kim.post(f"/{conversation}", do="take")
    assert sly.post(f"/{conversation}", do="close").status == 409
    assert sly.post(f"/{conversation}", do="note", text="hello").status == 409
    assert shop.engine.chat.log.read(conversation).owner == "agent:kim"
    bridge = Bridge("", "s" * 16, lambda: 1000.0)
    body = f'{{"conversation_id": "c", "event": "closed", "agent": "{name}"}}'.encode()
    headers = {"webhook-id": "1", "webhook-timestamp": "1000"}
    with pytest.raises(EventError, match="agent"):
        bridge.read({**headers, "webhook-signature": signature("s" * 16, "1", "1000", body)}, body)


@pytest.mark.parametrize("role", ["", "viewer:v", "agent:kim", "admin:boss"])
def test_no_answer_about_people_is_kept_by_a_cache(shop: Any, role: str) -> None:
    conversation = waiting(shop)
    visitor = Agent(shop, role).visitor
    addresses = [ADMIN + name for name in (*PAGES, *FILES, "nothing")] + [f"{INBOX}/{conversation}", f"{INBOX}/live"]
    addresses += ["/_opsplug/chat/conversation", f"/_opsplug/chat/messages?conversation_id={conversation}"]
    for address in addresses:
        answer = visitor.get(address, x_person=role, x_forwarded_host="evil.example", host="evil.example")
        assert answer.status in (200, 401, 403, 404), address
        assert set((answer.header("cache-control") or "").split(", ")) >= {"private", "no-store"}, address
        assert b"evil.example" not in answer.body
        if "/admin/" in address and (answer.header("content-type") or "").startswith("text/html"):
            policy = answer.header("content-security-policy") or ""
            assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
            assert answer.header("x-content-type-options") == "nosniff"
        for cookie in answer.all("set-cookie"):
            assert "SameSite=" in cookie, cookie
            assert "HttpOnly" in cookie or cookie.startswith("opsplug_language="), cookie


@pytest.mark.parametrize(
    "path", ["//evil.example", "/%2f%2fevil.example", "https:%2f%2fevil.example", "..//evil.example", "%5cevil"]
)
def test_no_redirect_leaves_the_shop(shop: Any, path: str) -> None:
    boss = Agent(shop, "admin:boss")
    for answer in (boss.visitor.get(f"{ADMIN}{path}", x_person="admin:boss"),
                   boss.visitor.get(f"{ADMIN}{path}?token=x", x_person="admin:boss"),
                   boss.post(f"/{path}", do="take")):  # fmt: skip
        assert answer.status in (401, 403, 404, 409)
        assert answer.header("location") is None
