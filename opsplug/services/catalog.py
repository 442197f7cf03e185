"""The shop's catalogue: `engine.catalog`, and the snapshot that a web process serves from."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from opsplug.capture.discovery.evidence import Evidence
from opsplug.capture.visit import current_visit
from opsplug.errors import EventError, StoreError
from opsplug.events import text_id
from opsplug.services.catalog_fields import guess_once
from opsplug.services.snapshot import Snapshot
from opsplug.values import number as as_number

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")
T = TypeVar("T")

TEXTS = frozenset(
    """item_name item_group_id item_brand item_category item_category2 item_category3 item_category4 item_category5
    item_variant description url image_url currency language seller_id affiliation""".split()
)
NUMBERS = frozenset(("price", "list_price", "cost", "consumable_days", "stock"))
OTHER = frozenset(("availability", "published", "created_at", "tags", "attributes"))
AVAILABILITY = ("in_stock", "out_of_stock", "preorder", "backorder")
_SPELLINGS = {name.replace("_", ""): name for name in AVAILABILITY} | {
    "soldout": "out_of_stock",
    "discontinued": "out_of_stock",
    "limitedavailability": "in_stock",
    "onlineonly": "in_stock",
    "instoreonly": "out_of_stock",
}
MAX_TEXT = 5000
_named_fields: set[str] = set()
CHECK_EVERY = 1.0  # seconds between two looks at the store's catalogue version
QUICK = 0.05  # seconds: a reload that takes longer happens beside the request


class Catalog:
    """Add, change, remove and read the shop's items. What is upserted here always wins over what pages said."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._evidence = Evidence(lambda: store, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Snapshot | None = None
        self._checked = -math.inf
        self._changed = False  # by this process: the next question must know it
        self._cost = 0.0
        self._loading = False

    def upsert(self, records: Iterable[Mapping[str, Any]], *, origin: str = "explicit") -> int:
        """Add or replace items. All records are checked first, so that a bad one leaves nothing half done.

        Parameters
        ----------
        records : iterable of mapping
            `item_id` is required; all other fields of the catalogue record are optional (docs/events.md). `price` is
            for one
            unit in `currency`.
        origin : str
            "explicit" (the shop said so) or "page" (read in its pages). A page's record never replaces an explicit one,
            and
            page records that do not fit are left out.

        Returns
        -------
        int
            How many records were written.

        Raises
        ------
        EventError
            A record does not fit; the message names item and field.
        """
        checked = []
        for record in records:
            try:
                checked.append(clean_record(record))
            except EventError:
                if origin != "page":
                    raise
        if not checked:
            return 0
        written = self._mild(
            lambda: self._store.put_items(checked, origin=origin, now_ms=round(self._clock() * 1000)), 0
        )
        self._changed = self._changed or origin != "page"
        return written

    def remove(self, ids: Sequence[str]) -> None:
        """Forget items; their ids are never recommended again.

        Parameters
        ----------
        ids : sequence of str
            Item ids; one id as text is taken for itself.
        """
        listed = [ids] if isinstance(ids, str) else list(ids)
        self._mild(lambda: self._store.remove_items(listed), 0)
        self._changed = True

    # -- what was learnt from pages -------------------------------------------------------------------------------
    def remove_learnt(self, ids: Sequence[str]) -> None:
        """What pages said goes; what the shop upserted stays."""
        self._store.remove_items(list(ids), origin="page")
        self._evidence.forget(ids)
        self._changed = True

    def routes(self) -> list[dict[str, Any]]:
        """Which of the shop's routes show products, as far as pages were read."""
        return self._evidence.routes()

    def explain(self, item_id: str) -> dict[str, Any] | None:
        """The record of an item and where each field was learnt; None where the catalogue does not know it."""
        record = self._store.get_items([item_id]).get(item_id)
        evidence = self._evidence.of(item_id)
        return None if record is None else {"record": record, "evidence": evidence or {"origin": "given by the shop"}}

    def ids_of_source(self) -> list[str]:
        """Items that the setting `catalog` has given."""
        return self._store.ids_of_origin("catalog")

    def get(self, item_id: str) -> dict[str, Any] | None:
        """Read one item.

        Parameters
        ----------
        item_id : str

        Returns
        -------
        dict or None
            The record as it is stored.
        """
        nothing: dict[str, dict[str, Any]] = {}
        return self._mild(lambda: self._store.get_items([item_id]), nothing).get(item_id)

    def all(self) -> list[dict[str, Any]]:
        """Read every item.

        Returns
        -------
        list of dict
            The records as they are stored.
        """
        nothing: list[dict[str, Any]] = []
        return self._mild(lambda: list(self._store.items()), nothing)

    def _mild(self, work: Callable[[], T], otherwise: T) -> T:
        """Within a request, a store that fails is the log's matter and not the visitor's; scripts are told."""
        try:
            return work()
        except StoreError as error:
            if current_visit() is None:
                raise
            log.error("opsplug: the catalogue cannot be reached, the shop goes on without it: %s", error)
            return otherwise

    @property
    def held(self) -> Snapshot:
        """The last snapshot, without asking the store; empty before the first."""
        return self._held or Snapshot(-1)

    def snapshot(self) -> Snapshot:
        """The catalogue in memory: own changes at once, others' within a second and the time to read it."""
        held = self._held
        if held is None or self._changed:
            return self._reload()
        if time.monotonic() - self._checked < CHECK_EVERY:
            return held
        if self._cost < QUICK:
            return self._reload()
        self._checked = time.monotonic()
        if not self._loading:
            self._loading = True
            threading.Thread(target=self._reload_aside, name="opsplug-catalogue", daemon=True).start()
        return held

    def _reload(self) -> Snapshot:
        with self._lock:
            self._changed = False
            version = self._store.catalogue_version()
            started = time.monotonic()
            if self._held is None or version != self._held.version:
                records = {record["item_id"]: record for record in self._store.items()}
                self._held = Snapshot(version, records)
                self._cost = time.monotonic() - started
            self._checked = time.monotonic()
            return self._held

    def _reload_aside(self) -> None:
        try:
            self._reload()
        finally:
            self._loading = False


def _name_unknown(unknown: Mapping[str, str]) -> None:
    """Fields that nobody knows are named once each, with the nearest that is known."""
    for name, near in unknown.items():
        if name not in _named_fields and len(_named_fields) < 1000:
            _named_fields.add(name)
            log.warning("opsplug: catalogue: there is no field %r%s", name, f"; did you mean {near!r}?" if near else "")


def clean_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """One catalogue record with known fields only; `EventError` names the field that does not fit."""
    if not isinstance(record, Mapping):
        raise EventError("items: each record is an object with an item_id")
    names, unknown = guess_once(frozenset(map(str, record)))
    _name_unknown(unknown)
    record = {names.get(name, name): value for name, value in record.items()}
    item_id = text_id(record.get("item_id"), "item_id")
    clean: dict[str, Any] = {"item_id": item_id}
    for name, value in record.items():
        if value is None or value == "" or name == "item_id":
            continue
        name = "stock" if name in ("inventory", "inventory_level", "stock_quantity") else name
        if name in TEXTS:
            clean[name] = str(value).replace("\x00", "").strip()[:MAX_TEXT]
        elif name in NUMBERS:
            clean[name] = _number(value, name, item_id)
        elif name in OTHER:
            clean[name] = _other(name, value, item_id)
    return clean


def _number(value: Any, name: str, item_id: str) -> float:
    number = as_number(value)
    if number is None and not isinstance(value, float):
        raise EventError(f"{name} of {item_id!r}: a number is expected, not {value!r}") from None
    if number is None or not 0 <= number < 1e12:
        raise EventError(f"{name} of {item_id!r}: a finite number of at least 0 is expected, not {value!r}")
    return float(number)


def _other(name: str, value: Any, item_id: str) -> Any:
    if name == "availability" and isinstance(value, bool):
        return "in_stock" if value else "out_of_stock"
    if name == "availability":
        word = str(value).rsplit("/", 1)[-1].lower().replace("_", "").replace(" ", "").replace("-", "")
        if word not in _SPELLINGS:
            raise EventError(f"availability of {item_id!r}: {value!r} is none of {', '.join(AVAILABILITY)}")
        return _SPELLINGS[word]
    if name == "published":
        return value not in (False, 0, "0", "false", "False", "no")
    if name == "created_at":
        return _moment(value, item_id)
    if name == "tags":
        return [str(tag)[:200] for tag in value][:50] if isinstance(value, list | tuple) else [str(value)[:200]]
    if not isinstance(value, Mapping):
        raise EventError(f"attributes of {item_id!r}: an object of names and values is expected")
    return {str(key)[:200]: str(entry)[:500] for key, entry in list(value.items())[:100]}


def _moment(value: Any, item_id: str) -> float:
    """Aware datetime, ISO 8601 text or epoch seconds -> epoch seconds."""
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            value = datetime.fromisoformat(value)
            value = value if value.tzinfo else value.replace(tzinfo=UTC)
        seconds = value.timestamp() if isinstance(value, datetime) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise EventError(f"created_at of {item_id!r}: a time is expected, not {value!r}") from None
    if not math.isfinite(seconds) or not 0 <= seconds < 1e11:
        raise EventError(f"created_at of {item_id!r}: epoch seconds are expected, not {value!r}")
    return seconds
