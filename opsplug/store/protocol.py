"""What the rest of opsplug may ask of a store. Times are epoch milliseconds; all methods are thread-safe.

Trouble with the database (locked past its timeout, read-only, full, corrupt, unreadable) is a `StoreError`. An event
that no database could hold is an `EventError` and nothing of its batch is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from opsplug.events import TASTE, Event, Step

TASTE_NAMES: Final = tuple(TASTE)
LINKED_IDS: Final = 8  # how many of a person's devices and sessions a history looks at


class Store(Protocol):
    """Events, catalogue, documents, leases and counters, on one database."""

    # -- life -----------------------------------------------------------------------------------------------------
    def migrate(self) -> list[str]:
        """Bring the schema up to date; -> names applied now. Safe when many processes start at once.

        Every other method does this by itself on first use and after the database was replaced.
        """
        ...

    def close(self) -> None:
        """Close every connection of this process. The store opens itself again when it is used again."""
        ...

    def checkpoint(self) -> None:
        """See to it that what was removed is in no log any more, either."""
        ...

    def size_bytes(self) -> int:
        """Bytes on disk, write-ahead log included; 0 when there is no database yet."""
        ...

    # -- events ---------------------------------------------------------------------------------------------------
    def add_events(self, events: Sequence[Event], *, durable: bool = False, timeout: float = 5.0) -> int:
        """Store events in one transaction; -> how many are new. An event id that is known changes nothing.

        `durable`: on return the events survive a power cut. `timeout`: seconds to wait for another writer.
        Events that carry both ids link the anonymous id to the user: the first user of an anonymous id stays.
        A `consent_update` that refuses (`granted` is false) forgets its visitor in the same transaction.
        """
        ...

    def find_event(self, event_id: str) -> Event | None:
        """The event of this id."""
        ...

    def history(
        self, visitors: Sequence[str], *, limit: int = 50, names: Sequence[str] = TASTE_NAMES, timeout: float = 0.02
    ) -> list[Event]:
        """The newest `limit` events of these visitor keys (see `Event.visitor`), oldest first: an indexed read.

        `StoreError` when it takes more than `timeout` seconds.
        """
        ...

    def steps(self, visitors: Sequence[str], *, limit: int, names: Sequence[str], timeout: float) -> list[Step]:
        """As `history`, with only what the next list needs: half the time."""
        ...

    def visitors_of(self, user_id: str) -> list[str]:
        """The keys of a user's histories: the newest linked anonymous ids, then the user's own pseudonym."""
        ...

    def read_events(
        self,
        *,
        after_id: int = 0,
        since_ms: int | None = None,
        until_ms: int | None = None,
        names: Sequence[str] | None = None,
        audience: int | None = 0,
        batch: int = 5000,
    ) -> Iterator[list[tuple[int, Event]]]:
        """(id, event) in batches by ascending id, those with since <= timestamp < until. No transaction is held
        between batches; events stored meanwhile are read too. `audience` None: everybody."""
        ...

    def last_id(self) -> int:
        """The newest row's id, 0 without events. Smaller than one seen before: the database was replaced."""
        ...

    def newest_receipt(self) -> int:
        """When the newest row was received, 0 without events."""
        ...

    def first_id_received_at(self, ms: int) -> int:
        """The smallest id received at or after `ms`; one past the last id when there is none."""
        ...

    def forget_visitor(self, visitors: Sequence[str]) -> int:
        """Consent withdrawn: the ids in these visitors' events become NULL, their links go and their conversations are
        marked (`services.forgetting`); -> events changed."""
        ...

    def prune(self, before_ms: int, *, batch: int = 1000) -> int:
        """Delete events received before, in small transactions; -> how many."""
        ...

    # -- catalogue ------------------------------------------------------------------------------------------------
    def put_items(self, records: Sequence[Mapping[str, Any]], *, origin: str, now_ms: int) -> int:
        """Insert or change items by `item_id`; -> records changed. Field by field the word of "explicit" (the shop's
        upserts, which add to each other) counts before that of "catalog" (its setting) and of "page". Unchanged
        records only count as seen."""
        ...

    def ids_of_origin(self, origin: str) -> list[str]:
        """Items whose first word comes from there."""
        ...

    def remove_items(self, ids: Sequence[str], *, origin: str | None = None) -> int:
        """Forget items; with `origin` only those that came from there."""
        ...

    def expire_items(self, origin: str, unseen_since_ms: int) -> int:
        """Remove the items of this origin that were last put before; -> how many."""
        ...

    def items(self) -> Iterator[dict[str, Any]]: ...

    def get_items(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]: ...

    def catalogue_version(self) -> int:
        """Differs after every change of the catalogue, in whatever process; cheap to ask."""
        ...

    # -- documents: knowledge, rules, model registry, chat state ------------------------------------------------------
    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        """Insert or replace one JSON value."""
        ...

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool:
        """Insert one JSON value; False, and nothing changes, where the key is taken. Of many who try one succeeds."""
        ...

    def put_documents(self, rows: Sequence[tuple[str, str, Any]], now_ms: int) -> None:
        """Insert or replace (kind, key, value) in one transaction: all or nothing."""
        ...

    def get_document(self, kind: str, key: str) -> Any:
        """The value, or None."""
        ...

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        """(key, value) of a kind, ordered by key."""
        ...

    def document_keys(self, kind: str) -> list[str]:
        """The keys of a kind, in order, without reading the values."""
        ...

    def documents_since(self, kind: str, since_ms: int) -> list[tuple[str, Any]]:
        """(key, value) of a kind that were put at or after a moment, ordered by key."""
        ...

    def documents_before(self, kind: str, before_ms: int, *, limit: int) -> list[tuple[str, Any]]:
        """(key, value) of a kind that were last put before a moment, oldest first."""
        ...

    def newest_documents(self, kind: str, limit: int) -> list[tuple[str, Any]]:
        """(key, value) of those of a kind that were put last, newest first."""
        ...

    def delete_document(self, kind: str, key: str) -> bool: ...

    def delete_documents(self, kind: str, before_ms: int) -> int:
        """Remove those of a kind that were last put before; -> how many."""
        ...

    # -- one job runs once ------------------------------------------------------------------------------------------
    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool:
        """True if `holder` now holds `name` until now + ttl: it was free, expired or this holder's own (renewal)."""
        ...

    def release_lease(self, name: str, holder: str) -> None:
        """Give the lease back, if this holder has it."""
        ...

    # -- counters of all processes ------------------------------------------------------------------------------------
    def add_counts(self, counts: Mapping[str, int], *, timeout: float = 5.0) -> None: ...

    def counts(self) -> dict[str, int]: ...

    # -- statistics -------------------------------------------------------------------------------------------------
    def rows(self, sql: str, parameters: Mapping[str, Any], *, timeout: float = 10.0) -> list[tuple[Any, ...]]:
        """The rows of a reading statement of `store.queries`; `StoreError` past `timeout` seconds.

        Where `since_ms` is among the parameters, `first` becomes the id to start at, so that old rows are not scanned.
        """
        ...
