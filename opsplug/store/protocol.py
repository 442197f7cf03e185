"""What the rest of opsplug may ask of a store. All times are integer epoch milliseconds; all methods are thread-safe."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from opsplug.events import TASTE, VISITOR, Event

HISTORY_NAMES = (*TASTE, "item_feedback")


class DayCount(NamedTuple):
    """Events of one name and audience on one day; `day` counts days since 1970 in the asked time zone."""

    day: int
    event: str
    audience: int
    events: int


class Store(Protocol):
    """One shop's events, links between visitors and users, catalogue, documents, leases and counters.

    Every method raises `StoreError` when the store cannot do it; none swallows.
    """

    def migrate(self) -> list[str]:
        """Bring the schema up to date; safe when several processes start at once. -> names of what was applied."""

    def add_events(self, events: Sequence[Event], *, durable: bool = False) -> int:
        """Store events whose ids are new, in one transaction. -> how many were new.

        `durable`: the commit has reached the disk when this returns. An event that carries both an anonymous id and a
        user links the two; an anonymous id belongs to one user at most. A `consent_update` that refuses forgets.
        """

    def history(
        self, visitors: Sequence[str], *, limit: int = 50, names: Sequence[str] = HISTORY_NAMES, timeout: float = 0.02
    ) -> list[Event]:
        """The newest `limit` events of these visitors, oldest first, by one indexed read of at most `timeout` s."""

    def visitors_of(self, user_id: str) -> list[str]:
        """The keys under which a user's events are found: the newest linked anonymous ids, and the user."""

    def read_events(
        self,
        *,
        after_id: int = 0,
        since_ms: int | None = None,
        until_ms: int | None = None,
        names: Sequence[str] | None = None,
        audience: int | None = VISITOR,
        batch: int = 5000,
    ) -> Iterator[list[tuple[int, Event]]]:
        """Batches of (row id, event) in the order of storing; an `audience` of None gives all."""

    def first_id_received_at(self, moment_ms: int) -> int:
        """The first row id received at or after a moment, or one past the last."""

    def forget_visitor(self, visitors: Sequence[str]) -> int:
        """Take the identifiers off these visitors' events, so that only counts remain. -> how many events."""

    def prune(self, before_ms: int, *, batch: int = 1000) -> int:
        """Remove at most `batch` events older than a moment. -> how many."""

    def count_events(self) -> int:
        """How many events there are."""

    def daily_events(self, since_ms: int, until_ms: int, offset_ms: int) -> list[DayCount]:
        """Events by day, name and audience; `offset_ms` is the time zone's distance from UTC."""

    def daily_visitors(self, since_ms: int, until_ms: int, offset_ms: int) -> list[tuple[int, int]]:
        """(day, distinct visitors)."""

    def count_visitors(self, since_ms: int, until_ms: int, names: Sequence[str] | None = None) -> int:
        """Distinct visitors, or those with one of these events."""

    def put_items(self, records: Sequence[Mapping[str, Any]], *, origin: str, now_ms: int) -> int:
        """Add or replace catalogue records; one learned from a `page` never replaces an `explicit` one. -> stored."""

    def remove_items(self, item_ids: Sequence[str]) -> int:
        """-> how many were there."""

    def expire_items(self, origin: str, unseen_since_ms: int) -> int:
        """Remove records of an origin that were last seen before a moment. -> how many."""

    def items(self) -> Iterator[dict[str, Any]]:
        """All catalogue records, each with its item_id."""

    def get_items(self, item_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Records by id; unknown ids are absent."""

    def catalogue_version(self) -> int:
        """A number that changes with every change of the catalogue."""

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        """Keep a JSON value under (kind, key)."""

    def get_document(self, kind: str, key: str) -> Any:
        """The value, or None."""

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        """(key, value) of one kind, in the order of keys."""

    def delete_document(self, kind: str, key: str) -> bool:
        """-> whether it was there."""

    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; False while another holder's has not run out."""

    def release_lease(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens when somebody else holds it."""

    def lease_holder(self, name: str, now_ms: int) -> str | None:
        """Who holds a lease that has not run out."""

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Add to the counters of all processes."""

    def counts(self) -> dict[str, int]:
        """Counters by name."""

    def size_bytes(self) -> int:
        """What the store takes on disk."""

    def close(self) -> None:
        """Close what this process has open; a later call opens it again."""
