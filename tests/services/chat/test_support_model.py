"""Random orders of visitors, assistant, agents, timeouts, lost answers, other processes and restarts, through the real
services: one owner, nothing handed over silently, nothing lost or said twice, nothing shown to the wrong visitor."""

from __future__ import annotations

import os
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from opsplug.errors import EventError
from opsplug.services.chat.handover import BOT, CLOSED, PERSON, WAITING
from opsplug.services.chat.inbox import Inbox
from opsplug.services.chat.texts import TEXTS
from tests.support.desk import Shop
from tests.support.memory_store import Memory

VISITORS, AGENTS = ("anna", "bo"), ("kim", "lee")
WORDS = ("hello", "flurb wobble", "talk to a person", "THIS IS TERRIBLE!! worst shop ever", "I will call my lawyer")


class _Support:
    """What the inbox needs of `Support`, on a memory."""

    def __init__(self, shop: Shop) -> None:
        self.log, self.agent_queue = shop.log, shop.agent_queue


class Support(RuleBasedStateMachine):
    @initialize(hours=st.sampled_from(("", "mon-fri 09:00-17:00")))
    def begin(self, hours: str) -> None:
        self.storage, self.hours = Memory(), hours
        self.shops = [self.process(), self.process()]
        self.ids: dict[str, str] = {}
        self.said: dict[str, list[str]] = {visitor: [] for visitor in VISITORS}
        self.told: list[str] = []
        self.count = 0
        for visitor in VISITORS:
            self.visitor_writes(visitor, 0, "hello", 1)

    @rule(chance=st.integers(0, 2**64 - 1))
    def something_happens(self, chance: int) -> None:
        """All that can happen is as likely: drawn one by one, hypothesis would dwell on one kind of thing for long."""
        random = Random(chance)
        visitor, agent, at, times = (
            random.choice(VISITORS),
            random.choice(AGENTS),
            random.randrange(2),
            random.choice((1, 1, 2)),
        )
        kind = random.randrange(12)
        if kind < 2:
            self.visitor_writes(visitor, at, random.choice(WORDS), times)
        elif kind == 2:
            self.visitor_wants_a_person(visitor, at)
        elif kind < 6:
            self.agent_acts(visitor, agent, at, random.choice(("take", "take", "give_back", "close")))
        elif kind == 6:
            self.agent_writes(visitor, agent, at, times)
        elif kind == 7:
            random.choice((self.agent_hands_over, self.agent_notes))(visitor, agent, at)
        elif kind == 8:
            self.visitor_leaves_an_address(visitor, random.choice(("x@mail.example", "nonsense")))
        elif kind == 9:
            self.shops[0].agent_queue.agents.arrive(agent)
        elif kind == 10:
            self.time_passes(random.choice((1.0, 40.0, 200.0, 4000.0, 90_000.0)))
            self.both_processes_tend()
        else:
            self.shops[at] = self.process()  # a restart

    def process(self) -> Shop:
        shop = Shop(self.storage, self.hours)
        shop.now = self.shops[0].now if hasattr(self, "shops") else shop.now
        return shop

    def now(self, visitor: str) -> Any:
        return self.shops[0].log.read(self.ids[visitor]) if visitor in self.ids else None

    def watched(self, visitor: str, action: Any) -> Any:
        """What happens to a conversation is never silent, and is never done by two."""
        before = self.now(visitor)
        result = action()
        after = self.now(visitor)
        reopened = before is not None and before.state == CLOSED and after.state == BOT
        if before is not None and before.owner != after.owner and not reopened:
            since = after.messages[len(before.messages) :]
            notices = [message for message in since if message.role == "system"]
            assert notices and all(message.text in TEXTS["en"] for message in notices), "handed over without a word"
        return result

    def visitor_writes(self, visitor: str, at: int, words: str, times: int) -> None:
        """`times`: the answer was lost on its way, so the browser sends the same message again, to whatever process."""
        self.count += 1
        text = f"{words} {self.count}"
        for again in range(times):
            shop = self.shops[(at + again) % 2]
            before = self.now(visitor)
            reply = self.watched(
                visitor,
                lambda shop=shop, text=text: shop.chat.reply(
                    text, self.ids.get(visitor), visitor, message_id=f"m{self.count}"
                ),
            )
            if reply.refused:  # a flood: said so, and nothing kept
                assert reply.text == TEXTS["en"]["slow_down"]
                return
            assert self.ids.setdefault(visitor, reply.conversation_id) == reply.conversation_id
            if before is not None and before.state == PERSON:
                assert self.now(visitor).messages[-1].role != "bot", "the assistant spoke over a person"
            if again == 0:
                self.said[visitor].append(text)

    def visitor_wants_a_person(self, visitor: str, at: int) -> None:
        shop = self.shops[at]
        before = self.now(visitor)
        self.watched(visitor, lambda: shop.chat.ask_for_person(self.ids[visitor], f"a:{visitor}"))
        if before.state == BOT:
            assert self.now(visitor).messages[-1].text in ("waiting", "out_of_hours")

    def agent_acts(self, visitor: str, agent: str, at: int, action: str) -> None:
        before = self.now(visitor)
        refused = self.watched(visitor, lambda: self.inbox(at).act(self.ids[visitor], agent, action, {}))
        if before.state == PERSON and before.agent != agent:
            assert refused and self.now(visitor).owner == before.owner

    def agent_writes(self, visitor: str, agent: str, at: int, times: int) -> None:
        self.count += 1
        form = {"text": f"word {self.count}", "message_id": f"a{self.count}"}
        owned = self.now(visitor).owner == f"agent:{agent}"
        for again in range(times):
            refused = self.inbox((at + again) % 2).act(self.ids[visitor], agent, "say", form)
            assert bool(refused) is not owned
        if owned:
            self.told.append(f"{visitor} {form['text']}")

    def agent_hands_over(self, visitor: str, agent: str, at: int) -> None:
        to = AGENTS[agent == AGENTS[0]]
        self.shops[at].agent_queue.agents.arrive(to)  # a colleague is somebody who has looked at the inbox
        self.watched(visitor, lambda: self.inbox(at).act(self.ids[visitor], agent, "transfer", {"to": to}))

    def agent_notes(self, visitor: str, agent: str, at: int) -> None:
        self.inbox(at).act(self.ids[visitor], agent, "note", {"text": "a secret of ours"})

    def visitor_leaves_an_address(self, visitor: str, address: str) -> None:
        if self.now(visitor).state != CLOSED:
            try:
                self.shops[0].agent_queue.keep_contact(self.now(visitor), address)
            except EventError:
                assert address == "nonsense"

    def time_passes(self, seconds: float) -> None:
        for shop in self.shops:
            shop.now += seconds

    def both_processes_tend(self) -> None:
        owners = {visitor: self.now(visitor).owner for visitor in self.ids}
        for shop in self.shops:
            shop.agent_queue.expire()
        for visitor in self.ids:
            state = self.now(visitor)
            if state.owner != owners[visitor]:
                assert state.messages[-1].text in ("nobody_free", "agent_away", "closed")
            if state.state == WAITING:
                assert self.shops[0].now * 1000 - state.waiting_since < 181_000, "somebody waits for ever"

    def inbox(self, at: int) -> Inbox:
        shop = self.shops[at]
        return Inbox(lambda: shop.chat, _Support(shop), self.storage, None, shop.clock)  # type: ignore[arg-type]

    @invariant()
    def nothing_is_lost_doubled_or_shown_to_another(self) -> None:
        for visitor in self.ids if hasattr(self, "ids") else ():
            state, other = self.now(visitor), VISITORS[visitor == VISITORS[0]]
            assert [m.text for m in state.messages if m.role == "visitor"] == self.said[visitor]
            told = [f"{visitor} {m.text}" for m in state.messages if m.role == "agent"]
            assert told == [one for one in self.told if one.startswith(visitor)]
            assert len({m.id for m in state.messages}) == len(state.messages)
            assert bool(state.agent) is (state.state == PERSON)
            assert all("secret" not in m.text for m in state.transcript)
            assert self.shops[0].log.of_visitor(state.id, f"a:{other}") is None
            listed = {line["conversation_id"] for line in self.shops[0].log.concerning_people()}
            assert (state.id in listed) is (state.state in (WAITING, PERSON) or state.callback)
        assert "x@mail.example" not in "".join(self.storage.rows.values()) if hasattr(self, "storage") else True


Support.TestCase.settings = settings(
    max_examples=10_000 if os.environ.get("OPSPLUG_SOAK") == "1" else 100, stateful_step_count=30, deadline=None
)
TestSupport = Support.TestCase
