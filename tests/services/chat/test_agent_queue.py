"""Agent queue: business hours, routing, time-outs and contact addresses; each change leaves a notice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsplug.errors import EventError, SettingsError
from opsplug.services.chat.conversation_log import LOOKS, OUTBOX
from opsplug.services.chat.desk.agent_queue import is_address
from opsplug.services.chat.desk.agents import Agent, offered_to, read_agents
from opsplug.services.chat.desk.opening_hours import read_hours
from opsplug.services.chat.handover import BOT, CLOSED, PERSON, WAITING
from tests.support.desk import Shop, at

HOURS = read_hours("mon-fri 09:00-12:00 13:00-17:00, sat 10:00-14:00, closed 2026-12-24 12-25", "Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "is_open", "opening", "chinese"),
    [
        ("2026-11-24 10:00", True, "today at 13:00", "今天 13:00 "),
        ("2026-11-24 12:30", False, "today at 13:00", "今天 13:00 "),
        ("2026-11-28 15:00", False, "on Monday at 09:00", "周一 09:00 "),
        ("2026-12-23 18:00", False, "on Saturday at 10:00", "周六 10:00 "),
        ("2026-12-25 10:00", False, "tomorrow at 10:00", "明天 10:00 "),
        ("2026-10-25 03:00", False, "tomorrow at 09:00", "明天 09:00 "),  # the night that has an hour more
    ],
)
def test_hours_in_the_shops_time_zone(moment: str, is_open: bool, opening: str, chinese: str) -> None:
    assert HOURS.is_open(at(moment)) is is_open
    assert (HOURS.opening(at(moment), "en"), HOURS.opening(at(moment), "zh")) == (opening, chinese)


def test_without_hours_it_is_always_open_and_holidays_alone_close_a_day() -> None:
    assert read_hours("").is_open(at("2026-12-25 03:00"))
    assert not read_hours("closed 12-25", "Europe/Berlin").is_open(at("2026-12-25 12:00"))


@pytest.mark.parametrize("text", ["monday 9-17", "mon-fri", "mon 17:00-09:00", "mon 09:00-25:00", "closed 13-40", "x"])
def test_hours_that_do_not_fit_are_named(text: str) -> None:
    with pytest.raises(SettingsError, match=r"chat_hours: .* does not fit; write it like"):
        read_hours(text)


def test_outside_the_hours_the_truth_is_told_and_an_address_asked_for() -> None:
    shop = Shop(hours="mon-fri 09:00-17:00")
    shop.now = at("2026-11-28 11:00")
    reply = shop.chat.reply("talk to a person", anonymous_id="anna")
    assert "on Monday at 09:00" in reply.text and "passing you" not in reply.text
    state = shop.state(reply.conversation_id)
    assert (state.state, state.callback, [trigger for _, trigger in state.triggers]) == (BOT, True, ["asked"])
    shop.agent_queue.agents.arrive("kim")  # somebody is here all the same
    assert shop.state(shop.ask(visitor="bo")).state == WAITING


def test_who_waits_too_long_is_told_once_whoever_notices() -> None:
    shop = Shop()
    conversation = shop.ask()
    other = Shop(shop.storage)
    shop.now = other.now = shop.now + 179
    assert shop.agent_queue.expire() is True and shop.state(conversation).state == WAITING
    shop.now = other.now = shop.now + 2
    shop.agent_queue.expire()
    other.agent_queue.expire()
    state = shop.state(conversation)
    assert (state.state, state.callback) == (BOT, True)
    assert [message.text for message in state.messages].count("nobody_free") == 1


def test_an_owner_who_is_gone_is_released_when_the_visitor_waits() -> None:
    shop = Shop()
    conversation = shop.ask()
    shop.agent_queue.agents.arrive("kim")
    shop.log.append(shop.state(conversation), "agent_accepted", by="kim")
    shop.chat.reply("are you there?", conversation, anonymous_id="anna")
    shop.now += 120
    shop.agent_queue.expire()
    assert shop.state(conversation).owner == "agent:kim"  # seen two minutes ago
    shop.now += 120
    shop.agent_queue.expire()
    assert (shop.state(conversation).state, shop.state(conversation).messages[-1].text) == (WAITING, "agent_away")


def test_a_conversation_that_both_have_left_ends() -> None:
    shop = Shop()
    conversation = shop.ask()
    shop.log.append(shop.state(conversation), "agent_accepted", by="kim")
    shop.log.append(shop.state(conversation), "agent_said", by="kim", text="hello")
    shop.now += 1000
    shop.agent_queue.expire()
    assert shop.state(conversation).state == PERSON
    shop.now += 3600
    shop.agent_queue.expire()
    assert shop.state(conversation).state == CLOSED


def test_an_agent_who_accepts_in_the_last_moment_is_not_thrown_out() -> None:
    shop = Shop()
    conversation = shop.ask()
    waiting = shop.state(conversation)
    shop.now += 200
    shop.log.append(waiting, "agent_accepted", by="kim")
    shop.agent_queue._expire_waiting(waiting)  # a process that read the state before
    assert shop.state(conversation).owner == "agent:kim"


def test_offers_by_topic_language_and_load() -> None:
    kim, lee, mei = Agent("kim", frozenset({"order_status"})), Agent("lee"), Agent("mei", languages=frozenset({"zh"}))
    here = [kim, lee, mei]
    assert offered_to(here, ["order_status"], {"asked", "order_status"}, "en", {}) == "kim"
    assert offered_to([lee, mei], ["order_status"], {"order_status"}, "en", {}) == "order_status"
    assert offered_to(here, [], {"asked"}, "zh", {}) == "mei"
    assert offered_to(here, [], {"asked"}, "en", {"kim": 2, "lee": 1, "mei": 3}) == "lee"
    assert offered_to([kim], [], {"asked"}, "en", {}) == ""
    assert offered_to([], [], set(), "en", {}) == ""


def test_an_offer_is_no_ownership() -> None:
    shop = Shop(agents=(Agent("kim", frozenset({"legal_or_safety"})), Agent("lee")))
    shop.agent_queue.agents.arrive("kim")
    shop.agent_queue.agents.arrive("lee")
    conversation = shop.ask("I will call my lawyer")
    assert (shop.state(conversation).state, shop.state(conversation).routed_to) == (WAITING, "kim")
    assert not shop.log.append(shop.state(conversation), "agent_accepted", by="lee").refused


@pytest.mark.parametrize("given", [[{"nme": "kim"}], [{"name": ""}], ["kim"], [{"name": "kim", "groups": "orders"}]])
def test_agents_that_do_not_fit_are_named(given: Any) -> None:
    with pytest.raises(SettingsError, match="agents"):
        read_agents(given)


def test_an_address_is_sealed_and_opens_for_this_conversation_alone() -> None:
    shop = Shop()
    conversation = shop.ask()
    step = shop.agent_queue.keep_contact(shop.state(conversation), " anna@mail.example ")
    assert shop.agent_queue.contact(step.conversation) == "anna@mail.example"
    assert "anna@mail" not in json.dumps(list(shop.storage.rows.values()))
    other = shop.agent_queue._seal
    assert other is not None and other.open(step.conversation.contact, "another") is None
    with pytest.raises(EventError, match="address"):
        shop.agent_queue.keep_contact(step.conversation, "come and get me")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a@b.example", True), ("+49 (0)30 123456", True), ("13800138000", True), ("a@b", False), ("12", False),
        ("a@b.example,c@d.example", False), ("a@b.example\nBcc: c@d.example", False), ("<a@b.example>", False),
    ],
)  # fmt: skip
def test_what_is_an_address(text: str, fits: bool) -> None:
    assert is_address(text) is fits


def test_a_forgotten_visitor_leaves_nothing() -> None:
    shop = Shop()
    conversation = shop.ask("flurb wobble zorp")
    shop.ask("blimp wug zorp", visitor="bo")
    shop.agent_queue.call(shop.state(conversation), "asked", "visitor")
    for kind in (LOOKS, OUTBOX):
        shop.storage.put_document(kind, f"{conversation}/1", {"who": "kim"}, 1)
    assert len(shop.chat.unanswered()) == 2
    assert shop.log.forget("a:anna") == 1
    assert [lost["text"] for lost in shop.chat.unanswered()] == ["blimp wug zorp"]
    assert not [key for _, key in shop.storage.rows if conversation in key]


def test_those_to_be_answered_later_cost_a_round_nothing() -> None:
    shop = Shop()
    for number in range(30):
        shop.log.append(shop.state(shop.ask("hello", f"v{number}")), "person_wanted", data={"closed": True})
    read, looked = shop.log.repair, []
    shop.log.repair = lambda name: (looked.append(name), read(name))[1]  # type: ignore[method-assign]
    shop.agent_queue.expire()
    assert len(looked) == 30  # just made: another process may not have finished
    shop.now += 601
    waiting = shop.ask("talk to a person", "late")
    looked.clear()
    shop.agent_queue.expire()
    assert looked == [waiting]


def test_what_was_said_before_a_login_is_the_users_afterwards() -> None:
    shop = Shop()
    conversation = shop.ask("hello")
    shop.log.claim("a:anna", "u:anna")
    assert shop.log.latest("a:anna") is None
    claimed = shop.log.latest("u:anna")
    assert claimed is not None and claimed.id == conversation
    shop.log.claim("a:anna", "u:bob")
    assert shop.log.latest("u:bob") is None


def test_a_line_that_was_not_written_is_made_right() -> None:
    shop = Shop()
    conversation = shop.ask()
    shop.storage.delete_document("chat_overview", conversation)
    shop.log.repair(conversation)
    assert shop.log.overview()[0]["state"] == WAITING
