"""Texts that somebody has judged: star-rated reviews (event `rate_item`) and chats rated by the visitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opsplug.events import Event
from opsplug.models.text.language import detect_language

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

REVIEW: Final = "rate_item"
CHAT: Final = "chat"  # document kind of the conversations' events; keys are conversation/number
MOST: Final = 50_000  # texts, the newest
_MOST_SAID = 100_000  # of the newest events of chats that are read
_SHORTEST = 2  # characters of a text that says something
_PRAISE, _COMPLAINT = 0.7, 0.5  # shares of the best rating: from here, and to here; between them is neither


@dataclass(frozen=True, slots=True)
class Labelled:
    """`praise` is what the rating says, None between; `item_id` is empty for a chat; `at` in epoch milliseconds."""

    text: str
    praise: bool | None
    language: str
    at: int
    item_id: str = ""


def labelled(store: Store, until_ms: int | None = None) -> list[Labelled]:
    """All of them, oldest first."""
    found = [*_reviews(store, until_ms), *_chats(store, until_ms)]
    found.sort(key=lambda one: one.at)
    return found[-MOST:]


def _reviews(store: Store, until_ms: int | None) -> Iterator[Labelled]:
    for batch in store.read_events(names=(REVIEW,), until_ms=until_ms):
        for _, event in batch:
            text = str(event.properties.get("text") or "").strip()
            share = _share(event)
            if len(text) >= _SHORTEST and share is not None:
                item_id = event.items[0].item_id if event.items else ""
                yield Labelled(text, _judged(share), detect_language(text), event.timestamp, item_id)


def _share(event: Event) -> float | None:
    rating, best = event.properties.get("rating"), event.properties.get("rating_max", 5)
    if not isinstance(rating, int | float) or not isinstance(best, int | float) or best <= 0:
        return None
    return min(max(rating / best, 0.0), 1.0)


def _chats(store: Store, until_ms: int | None) -> Iterator[Labelled]:
    """The longest message of a rated conversation, from 1 to 5: what the visitor came with."""
    chats: dict[str, dict[str, Any]] = {}
    for key, event in reversed(store.newest_documents(CHAT, _MOST_SAID)):
        chat = chats.setdefault(key.partition("/")[0], {"texts": []})
        if event["kind"] == "visitor_said":
            chat["texts"].append(event["text"])
        elif event["kind"] == "rated" and event["data"].get("score") in (1, 2, 3, 4, 5):
            chat |= {"share": event["data"]["score"] / 5, "at": event["at"]}
    for chat in chats.values():
        if "share" in chat and chat["texts"] and (until_ms is None or chat["at"] < until_ms):
            text = max(chat["texts"], key=len)
            yield Labelled(text, _judged(chat["share"]), detect_language(text), chat["at"])


def _judged(share: float) -> bool | None:
    return True if share >= _PRAISE else False if share <= _COMPLAINT else None
