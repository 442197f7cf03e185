"""Conversation summary for an agent: intents, sentiment, cart, visited pages and earlier conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from opsplug.errors import StoreError
from opsplug.services.chat.desk.carts import Cart
from opsplug.services.chat.handover import Conversation

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

_NAMES = ("page_view", "view_item")
_EVENTS, _PAGES = 60, 6
_TIMEOUT = 0.2  # an agent may wait longer than a visitor


@dataclass(frozen=True)
class Summary:
    """`sentiment`: mean and last polarity of what the visitor said; `pages`: (epoch ms, path or item), newest first."""

    intents: tuple[str, ...] = ()
    sentiment: tuple[float, float] | None = None
    cart: Cart = Cart()
    pages: tuple[tuple[int, str], ...] = ()
    answered: tuple[str, ...] = ()  # questions that the assistant has answered from the knowledge
    earlier: int = 0  # conversations of this visitor before


class Summaries:
    """`cart(anonymous id, user's pseudonym)`; `titles(names, language)` of the answers' sources."""

    def __init__(
        self,
        store: Store,
        cart: Callable[[str | None, str | None], Cart],
        item_name: Callable[[str], str],
        earlier: Callable[[str], int],
    ) -> None:
        self._store = store
        self._cart = cart
        self._item_name = item_name
        self._earlier = earlier

    def of(self, conversation: Conversation) -> Summary:
        """Reads the store; without what cannot be read in time."""
        kind, _, name = conversation.visitor.partition(":")
        anonymous, user = (name, None) if kind == "a" else (None, name if kind == "u" else None)
        from_visitor = [message for message in conversation.messages if message.role == "visitor"]
        polarities = [float(message.data["sentiment"]) for message in from_visitor if "sentiment" in message.data]
        intents = [str(message.data.get("intent") or "") for message in from_visitor]
        return Summary(
            tuple(dict.fromkeys(filter(None, reversed(intents)))),
            (round(fmean(polarities), 2), polarities[-1]) if polarities else None,
            self._cart(anonymous, user) if anonymous or user else Cart(),
            self._pages(anonymous, user),
            _answered(conversation),
            max(self._earlier(conversation.visitor) - 1, 0),
        )

    def cart_lines(self, cart: Cart) -> list[str]:
        return [f"{quantity:g} × {self._item_name(item_id)}" for item_id, quantity in cart.items]

    def _pages(self, anonymous: str | None, user: str | None) -> tuple[tuple[int, str], ...]:
        try:
            keys = [anonymous] if anonymous else list(self._store.visitors_of(user)) if user else []
            events = self._store.history(keys, limit=_EVENTS, names=_NAMES, timeout=_TIMEOUT) if keys else []
        except StoreError:
            return ()
        found: list[tuple[int, str]] = []
        for event in reversed(events):
            place = self._place(event)
            if place and (not found or found[-1][1] != place):
                found.append((event.timestamp, place))
        return tuple(found[:_PAGES])

    def _place(self, event: Any) -> str:
        if event.event == "view_item" and event.items:
            return self._item_name(event.items[0].item_id)
        return str(event.properties.get("path") or event.route or "")


def _answered(conversation: Conversation) -> tuple[str, ...]:
    """The visitor's questions that were followed by an answer with a source."""
    found, asked = [], ""
    for message in conversation.messages:
        if message.role == "visitor":
            asked = message.text
        elif message.role == "bot" and message.data.get("sources") and asked:
            found.append(asked)
            asked = ""
    return tuple(found)
