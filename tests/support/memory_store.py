"""Documents in memory; the store contract checks them, too."""

from __future__ import annotations

import json
from typing import Any

from opsplug.store import kinds


class Memory:
    """Documents that survive a restart, as JSON."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.put_at: dict[tuple[str, str], int] = {}

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        self._write(kind, key, value, now_ms)

    def _write(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        kinds.require(kind)
        self.rows[kind, key] = json.dumps(value)
        self.put_at[kind, key] = now_ms

    def newest_documents(self, kind: str, limit: int) -> list[tuple[str, Any]]:
        found = sorted(self.documents(kind), key=lambda row: -self.put_at[kind, row[0]])
        return found[:limit]

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool:
        if (kind, key) in self.rows:
            return False
        self._write(kind, key, value, now_ms)  # no other change may come between the check and the write
        return True

    def get_document(self, kind: str, key: str) -> Any:
        return json.loads(self.rows[kind, key]) if (kind, key) in self.rows else None

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        return sorted((key, json.loads(v)) for (k, key), v in self.rows.items() if k == kind and key.startswith(prefix))

    def delete_document(self, kind: str, key: str) -> bool:
        return self.rows.pop((kind, key), None) is not None
