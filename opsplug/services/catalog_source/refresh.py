"""Reads the setting `catalog=` now and every few minutes; whatever goes wrong, the last good catalogue stays."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opsplug.errors import EventError
from opsplug.services.catalog_fields import guess, translated
from opsplug.services.catalog_source.rows import MOST, rows

if TYPE_CHECKING:
    from opsplug.capture.guard import Guard
    from opsplug.services.catalog import Catalog
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")
STATUS: Final = "catalog_source"  # kind of document
EVERY: Final = 300.0  # seconds
_CHUNK: Final = 2000
_HALF: Final = 0.5  # of what was read last: fewer are taken for a source in trouble, once
_SMALL: Final = 20  # of so few any share may be gone


class CatalogSource:
    """`refresh()` reads once. `start` does so in a thread of its own, so that no page waits for the shop's database."""

    def __init__(
        self, source: Any, catalog: Catalog, store: Callable[[], Store], guard: Guard,
        *, fields: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._source = source
        self._catalog = catalog
        self._store = store
        self._guard = guard
        self._fields = fields
        self._clock = clock
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = -1  # how many were read; kept across a read that gave far fewer
        self._said: set[str] = set()
        self.context: Callable[[], AbstractContextManager[Any]] = nullcontext  # the app's, where it has one

    def start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="opsplug-catalogue-source", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.refresh()
            self._stopped.wait(EVERY)

    def refresh(self) -> dict[str, Any]:
        """Read the source, put what it gives and remove what it gives no more. -> what became of it."""
        if not self._lock.acquire(blocking=False):
            return {"error": "the source is being read already"}
        try:
            with self.context():
                status = self._read()
        except Exception as error:
            self._guard.swallowed("catalog_source", error)
            status = {"error": f"{type(error).__name__}: {error}"[:500]}
        finally:
            self._lock.release()
        with self._guard("catalog_source"):
            self._store().put_document(STATUS, "last", {"at": self._clock(), **status}, round(self._clock() * 1000))
        return status

    def _read(self) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {}
        names: dict[str, str] = {}
        unknown: dict[str, str] = {}
        count = unfit = 0
        seen: frozenset[str] = frozenset()
        for row in islice(rows(self._source), MOST):
            count += 1
            if not row.keys() <= seen:
                seen |= row.keys()
                names, unknown = guess(seen, self._fields)
            record = translated(row, names)
            if "item_id" not in record:
                unfit += 1
                continue
            found[record["item_id"]] = record
        self._name(unknown)
        told = {"rows": count, "items": len(found), "duplicates": count - unfit - len(found), "without_id": unfit,
                "fields": names, "unknown": unknown}  # fmt: skip
        before = self._catalog.ids_of_source()
        if count and not found:
            return {**told, "error": "no row has an id; name its field: catalog_fields={'item_id': 'THEIR NAME'}"}
        is_short = len(before) > _SMALL and len(found) < _HALF * len(before) and self._last != len(found)
        self._last = len(found)
        put, odd = self._put(list(found.values()))
        gone = [item_id for item_id in before if item_id not in found]
        if is_short:
            why = f"only {len(found)} of {len(before)} products came; the others stay until it is so again"
            return {**told, "put": put, "odd": odd, "removed": 0, "error": why}
        if gone:
            self._catalog.remove(gone)
        return {**told, "put": put, "odd": odd, "removed": len(gone)}

    def _put(self, records: list[dict[str, Any]]) -> tuple[int, list[str]]:
        """-> (how many, the first few that do not fit)."""
        put = 0
        odd: list[str] = []
        for start in range(0, len(records), _CHUNK):
            chunk = records[start : start + _CHUNK]
            try:
                put += self._catalog.upsert(chunk, origin="catalog")
            except EventError:
                for record in chunk:
                    try:
                        put += self._catalog.upsert([record], origin="catalog")
                    except EventError as error:
                        odd = [*odd, str(error)][:5]
            time.sleep(0)
        return put, odd

    def _name(self, unknown: Mapping[str, str]) -> None:
        """Fields nobody knows are named once."""
        new = [name for name in unknown if name not in self._said]
        if new:
            self._said.update(new)
            shown = ", ".join(f"{name} ({unknown[name]}?)" if unknown[name] else name for name in sorted(new)[:20])
            log.warning("opsplug: catalog: these fields are not used: %s; docs/catalogue.md lists ours", shown)
