"""How the catalogue was learnt: where each field of an item was found, and which routes show products."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opsplug.store.protocol import Store

EVIDENCE: Final = "catalog_evidence"  # kind of document: item id -> evidence
ROUTES: Final = "catalog_routes"


class Evidence:
    """Documents of the store, which is opened when the first is read or written."""

    def __init__(self, store: Callable[[], Store], clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def keep(self, pairs: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Why records say what they say."""
        self._store().put_documents([(EVIDENCE, item_id, dict(why)) for item_id, why in pairs], self._now())

    def of(self, item_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._store().get_document(EVIDENCE, item_id)
        return found

    def forget(self, ids: Sequence[str]) -> None:
        for item_id in ids:
            self._store().delete_document(EVIDENCE, item_id)

    def pages(self) -> dict[str, str]:
        """Pages of learnt items: path -> item id."""
        return {why["page"]: item_id for item_id, why in self._store().documents(EVIDENCE) if why.get("page")}

    def keep_routes(self, routes: Sequence[Mapping[str, Any]]) -> None:
        self._store().put_document(ROUTES, "all", list(routes), self._now())

    def routes(self) -> list[dict[str, Any]]:
        """What is thought of the shop's routes."""
        return self._store().get_document(ROUTES, "all") or []

    def _now(self) -> int:
        return round(self._clock() * 1000)
