"""A checked line of an import, and the key under which it belongs to an event."""

import base64
import hashlib
from typing import Any, Final

import msgspec

from opsplug.events import Item

ORDER_EVENTS: Final = frozenset(("purchase", "refund", "order_cancelled"))

_canonical = msgspec.msgpack.Encoder(order="deterministic").encode


class Line(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """A checked row. `skipped` says why it becomes no event; it is kept to the end for the counts."""

    number: int
    event: str
    timestamp: int
    items: list[Item]
    properties: dict[str, Any]
    position: int | None = None
    event_id: str | None = None
    received_at: int | None = None
    source: str = "import"
    audience: int = 0
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    page_view_id: str | None = None
    route: str | None = None
    skipped: str | None = None
    cancelled: bool = False
    returned: bool = False

    def content(self) -> bytes:
        """What two rows must share to be the same: everything but their place in the file."""
        return _canonical(
            (self.event, self.timestamp, self.items, self.properties, self.position, self.user_id, self.anonymous_id,
             self.session_id, self.page_view_id, self.route)
        )  # fmt: skip


def key_of(line: Line) -> str:
    """Lines of one key belong to one event or order."""
    if line.skipped:
        return f"skipped:{digest(line.content())}"
    if line.event_id is not None:
        return f"event:{line.event_id}"
    if line.event in ORDER_EVENTS and "transaction_id" in line.properties:
        return f"order:{line.event}:{line.properties['transaction_id']}"
    return f"content:{digest(line.content())}"


def digest(content: bytes, *more: Any) -> str:
    """20 characters, the shape of every event id here; made of pseudonyms, so it tells nothing about a person."""
    found = hashlib.blake2b(content + _canonical(more), digest_size=15).digest()
    return base64.urlsafe_b64encode(found).decode()
