"""Two processes at one conversation: whatever comes between whatever, one owner, and each word once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from opsplug.services.chat.conversation_log import OPEN, OVERVIEW
from opsplug.services.chat.conversation_log import _line as line_of
from opsplug.services.chat.handover import CLOSED, PERSON, WAITING, replay
from tests.support.desk import Shop
from tests.support.memory_store import Memory

Act = Callable[[Shop, str], Any]


class Between(Memory):
    """Documents of two processes: before the n-th change that one makes the other does all of its own."""

    def __init__(self, shared: Memory) -> None:
        self.rows, self.put_at = shared.rows, shared.put_at
        self.steps, self.at, self.other = 0, -1, lambda: None

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.other()

    def put_document(self, *row: Any) -> None:
        self._step()
        super().put_document(*row)

    def add_document(self, *row: Any) -> bool:
        self._step()
        return super().add_document(*row)

    def delete_document(self, *row: Any) -> bool:
        self._step()
        return super().delete_document(*row)


def event(kind: str, **details: Any) -> Act:
    def act(shop: Shop, conversation: str) -> Any:
        found = shop.log.read(conversation)
        return shop.log.append(found, kind, **details) if found is not None else None

    return act


ACTS: dict[str, Act] = {
    "kim takes": event("agent_accepted", by="kim"),
    "lee takes": event("agent_accepted", by="lee"),
    "kim says": event("agent_said", by="kim", text="good day"),
    "kim closes": event("closed", by="kim"),
    "kim gives back": event("agent_released", by="kim"),
    "kim hands to lee": event("transferred", by="kim", data={"to": "lee"}),
    "the visitor says": lambda shop, conversation: shop.chat.reply("and my pot?", conversation, anonymous_id="anna"),
    "the visitor calls": lambda shop, conversation: shop.chat.ask_for_person(conversation, "a:anna"),
    "the visitor is forgotten": lambda shop, conversation: shop.log.forget("a:anna"),
}
BEFORE = {"bot": (), "waiting": ("the visitor calls",), "kim": ("the visitor calls", "kim takes"),
          "closed": ("the visitor calls", "kim takes", "kim closes")}  # fmt: skip


def play(first: str, second: str, before: str, at: int) -> tuple[Memory, Shop, str, int]:
    memory = Memory()
    between = Between(memory)
    one, two = Shop(between), Shop(memory)
    conversation = two.ask("hello")
    for name in BEFORE[before]:
        ACTS[name](two, conversation)
    between.at, between.other = at, lambda: ACTS[second](two, conversation)
    ACTS[first](one, conversation)
    return memory, two, conversation, between.steps


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("first", ACTS)
def test_whatever_comes_between(first: str, before: str) -> None:
    for second in ACTS:
        for at in itertools.count(1):
            memory, shop, conversation, steps = play(first, second, before, at)
            if at > steps:
                break
            told = (first, second, before, at)
            if "the visitor is forgotten" in (first, second):
                left = [row for row in memory.rows if conversation in row[1]]
                assert not left or memory.rows == {}, (told, left)
            else:
                assert_whole(memory, shop, conversation, told)


def assert_whole(memory: Memory, shop: Shop, conversation: str, told: Any) -> None:
    stored = shop.log._events(conversation)
    now = replay(conversation, [one for _, one in stored])
    assert len({one.id for _, one in stored}) == len(stored) == len(now.seen), told
    assert sum(message.text == "and my pot?" for message in now.messages) == told[:2].count("the visitor says"), told
    assert (now.state == PERSON) == bool(now.agent), told
    shop.agent_queue.expire()  # what the background worker does every three seconds
    shop.log.repair(conversation)
    listed = now.state in (WAITING, PERSON) or now.callback
    assert memory.get_document(OVERVIEW, conversation) == line_of(now), told
    assert memory.get_document(OPEN, conversation) == (line_of(now) if listed else None), told


def test_of_two_who_take_it_at_once_one_has_it() -> None:
    for at in range(1, 9):
        _, shop, conversation, _ = play("kim takes", "lee takes", "waiting", at)
        now = shop.state(conversation)
        assert [message.text for message in now.messages].count("agent_joined") == 1
        assert now.agent in ("kim", "lee")


@pytest.mark.parametrize(("change", "state"), [("kim takes", PERSON), ("closed by the visitor", CLOSED)])
def test_the_assistant_is_silent_where_it_was_overtaken(change: str, state: str) -> None:
    act = ACTS.get(change) or event("closed", by="visitor")
    for text in ("what is your return policy?", "I want to talk to a person"):
        shop = Shop()
        conversation = shop.ask("hello")
        answer_of = shop.chat._give_answer

        def overtaken(*said: Any, shop: Shop = shop, answer_of: Any = answer_of, own: str = conversation) -> Any:
            act(shop, own)
            return answer_of(*said)

        shop.chat._give_answer = overtaken  # type: ignore[method-assign]
        told = shop.chat.reply(text, conversation, anonymous_id="anna")
        assert (told.action, told.text) == ("wait", ""), text
        assert shop.state(conversation).state == state
        assert shop.state(conversation).messages[-1].role != "bot"
