"""Random orders of visitor, assistant, agent, timeout, lost answers and restarts: one owner, nothing silent, nothing lost."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.handover import (
    BOT,
    CLOSED,
    KINDS,
    PERSON,
    STATES,
    WAITING,
    Conversation,
    Event,
    replay,
    step,
)
from opsplug.services.chat.texts import TEXTS
from tests.support.memory_store import Memory

VISITORS = ("anna", "bo")
AGENTS = ("kim", "lee")


class Handover(RuleBasedStateMachine):
    """Two conversations of two visitors, read and written by processes that restart."""

    @initialize()
    def begin(self) -> None:
        self.storage = Memory()
        self.time = 0.0
        self.log = ConversationLog(self.storage, lambda: self.time)
        self.ids = {visitor: self.log.open(visitor, "en").id for visitor in VISITORS}
        self.said: dict[str, list[str]] = {visitor: [] for visitor in VISITORS}
        self.owners = dict.fromkeys(VISITORS, BOT)
        self.stale = {visitor: self.now(visitor) for visitor in VISITORS}
        self.count = 0

    def now(self, visitor: str) -> Conversation:
        found = self.log.read(self.ids[visitor])
        assert found is not None
        return found

    def happen(self, visitor: str, kind: str, stale: bool = False, **details: Any) -> bool:
        before = self.now(visitor)
        taken = self.log.append(self.stale[visitor] if stale else before, kind, **details)
        after = self.now(visitor)
        if after.owner != before.owner and not (before.state == CLOSED and kind == "visitor_said"):
            assert after.messages[-1].role == "system", "the owner changed without a word"
            assert after.messages[-1].text in TEXTS["en"]
        if before.state == PERSON and kind == "bot_said":
            assert after.messages == before.messages, "the assistant spoke over a person"
        return not taken.refused

    @rule(visitor=st.sampled_from(VISITORS), again=st.booleans())
    def visitor_says(self, visitor: str, again: bool) -> None:
        self.count += 1
        text = f"message {self.count} of {visitor}"
        for _ in range(2 if again else 1):  # the network lost the answer: the browser sends the same again
            self.happen(visitor, "visitor_said", by="visitor", text=text, event_id=f"m{self.count}")
        self.said[visitor].append(text)

    @rule(visitor=st.sampled_from(VISITORS), stale=st.booleans())
    def bot_says(self, visitor: str, stale: bool) -> None:
        self.happen(visitor, "bot_said", stale, by="bot", text="an answer")

    @rule(visitor=st.sampled_from(VISITORS), trigger=st.sampled_from(("asked", "anger", "loop")))
    def person_wanted(self, visitor: str, trigger: str) -> None:
        before = self.now(visitor)
        if self.happen(visitor, "person_wanted", by="visitor", data={"trigger": trigger}):
            assert self.now(visitor).triggers[len(before.triggers) :][0][1] == trigger

    @rule(visitor=st.sampled_from(VISITORS), agent=st.sampled_from(AGENTS), stale=st.booleans())
    def agent_accepts(self, visitor: str, agent: str, stale: bool) -> None:
        before = self.now(visitor)
        self.happen(visitor, "agent_accepted", stale, by=agent)
        if before.state == PERSON:
            assert self.now(visitor).agent == before.agent, "a second agent took the conversation"

    @rule(visitor=st.sampled_from(VISITORS), agent=st.sampled_from(AGENTS))
    def agent_says(self, visitor: str, agent: str) -> None:
        owned = self.now(visitor).owner == f"agent:{agent}"
        assert self.happen(visitor, "agent_said", by=agent, text="a word from a person") is owned

    @rule(
        visitor=st.sampled_from(VISITORS),
        agent=st.sampled_from(AGENTS),
        kind=st.sampled_from(("agent_released", "closed")),
    )
    def agent_ends(self, visitor: str, agent: str, kind: str) -> None:
        self.happen(visitor, kind, by=agent)

    @rule(visitor=st.sampled_from(VISITORS), agent=st.sampled_from(AGENTS))
    def agent_transfers(self, visitor: str, agent: str) -> None:
        self.happen(visitor, "transferred", by=agent, data={"to": AGENTS[agent == AGENTS[0]]})

    @rule(visitor=st.sampled_from(VISITORS))
    def time_runs_out(self, visitor: str) -> None:
        self.happen(visitor, "timed_out")

    @rule(visitor=st.sampled_from(VISITORS))
    def process_holds_an_old_state(self, visitor: str) -> None:
        self.stale[visitor] = self.now(visitor)

    @rule(seconds=st.floats(-5, 60))
    def time_passes(self, seconds: float) -> None:
        self.time = max(self.time + seconds, 0.0)

    @rule()
    def restart(self) -> None:
        before = {visitor: self.now(visitor) for visitor in VISITORS}
        self.log = ConversationLog(self.storage, lambda: self.time)
        assert {visitor: self.now(visitor) for visitor in VISITORS} == before

    @invariant()
    def nothing_is_lost_doubled_or_mixed_up(self) -> None:
        for visitor in VISITORS if hasattr(self, "said") else ():
            state = self.now(visitor)
            assert [m.text for m in state.messages if m.role == "visitor"] == self.said[visitor]
            assert state.state in STATES and bool(state.agent) is (state.state == PERSON)
            other = VISITORS[visitor == VISITORS[0]]
            assert self.log.of_visitor(self.ids[visitor], other) is None
            assert len({m.id for m in state.messages}) == len(state.messages)


Handover.TestCase.settings = settings(
    max_examples=10_000 if os.environ.get("OPSPLUG_SOAK") == "1" else 20, stateful_step_count=20, deadline=None
)
TestHandover = Handover.TestCase


def test_the_assistant_is_silent_from_the_moment_a_person_accepts() -> None:
    events = [Event("opened", "1", 1, "anna"), Event("agent_accepted", "2", 2, "kim")]
    owned = replay("c", events)
    assert owned.owner == "agent:kim"
    assert step(owned, Event("bot_said", "3", 3, "bot", "hello")).refused


def test_a_closed_conversation_begins_again_with_the_assistant() -> None:
    events = [Event("opened", "1", 1, "anna"), Event("person_wanted", "2", 2), Event("agent_accepted", "3", 3, "kim")]
    closed = replay("c", [*events, Event("closed", "4", 4, "kim")])
    assert closed.state == CLOSED
    again = step(closed, Event("visitor_said", "5", 5, "visitor", "one more thing")).conversation
    assert again.state == BOT


def test_nobody_free_is_said_and_remembered() -> None:
    waiting = replay("c", [Event("opened", "1", 1, "anna"), Event("person_wanted", "2", 2, data={"trigger": "anger"})])
    assert (waiting.state, waiting.triggers) == (WAITING, ((2, "anger"),))
    after = step(waiting, Event("timed_out", "3", 3)).conversation
    assert (after.state, after.callback, after.messages[-1].text) == (BOT, True, "nobody_free")


def test_every_kind_of_event_refuses_a_second_delivery() -> None:
    for kind in KINDS:
        once = step(
            replay("c", [Event("opened", "1", 1, "anna")]), Event(kind, "2", 2, "kim", data={"score": 5, "to": "lee"})
        )
        if not once.refused:
            assert step(once.conversation, Event(kind, "2", 2, "kim")).refused == "duplicate"
