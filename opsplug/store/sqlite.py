"""The embedded store: one SQLite file in WAL mode, with its log files beside it."""

import os
from collections.abc import Callable
from pathlib import Path
from weakref import finalize

from opsplug.store.catalogue import CatalogueRows
from opsplug.store.connections import Connections
from opsplug.store.documents import DocumentRows
from opsplug.store.events import EventRows


class SqliteStore(EventRows, CatalogueRows, DocumentRows):
    """`Store` on one file. Opens nothing before the first use; makes the file (0600) and its folder when absent.

    Without a path the file lies in a temporary folder that goes with the store: SQLite in memory has no WAL and no
    second connection, and tests should meet what a shop meets.
    """

    def __init__(self, path: Path | None) -> None:
        if path is None:
            from shutil import rmtree  # ten milliseconds that only tests pay
            from tempfile import mkdtemp

            folder = mkdtemp(prefix="opsplug-")
            finalize(self, _remove, rmtree, folder, os.getpid())
            path = Path(folder) / "opsplug.db"
        self.path = path
        self._db = Connections(path)

    def migrate(self) -> list[str]:
        return self._db.prepare()

    def close(self) -> None:
        self._db.close()

    def checkpoint(self) -> None:
        self._db.checkpoint()

    def size_bytes(self) -> int:
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())


def _remove(rmtree: Callable[..., None], folder: str, maker: int) -> None:
    if os.getpid() == maker:
        rmtree(folder, ignore_errors=True)
