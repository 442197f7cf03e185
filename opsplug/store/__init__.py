"""Where everything is kept: one protocol, its SQLite implementation, the SQL texts and the migrations."""

from opsplug.store.open import open_store
from opsplug.store.protocol import Store

__all__ = ["Store", "open_store"]
