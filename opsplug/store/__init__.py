"""Where opsplug keeps what it knows: one protocol, one embedded implementation on SQLite.

`open_store("sqlite:///shop.db")` is the only way in; the rest of opsplug knows the protocol alone.
"""

from opsplug.errors import SettingsError
from opsplug.store.protocol import Store

__all__ = ["Store", "open_store"]


def open_store(url: str) -> Store:
    """The store at an address; nothing is opened before it is first used."""
    if url.startswith("sqlite:"):
        from opsplug.store.sqlite import open_sqlite

        return open_sqlite(url)
    raise SettingsError(f"store: {url!r} is not supported; use sqlite:///path/to/file.db")
