"""From the setting `store` to a store."""

from pathlib import Path

from opsplug.errors import SettingsError
from opsplug.store.protocol import Store
from opsplug.store.sqlite import SqliteStore

_PREFIX = "sqlite:///"


def open_store(url: str) -> Store:
    """The store of an address such as `sqlite:///opsplug.db` (relative) or `sqlite:////var/lib/shop/opsplug.db`;
    `sqlite://` for one that lasts as long as this process (tests).

    Nothing is opened before the first use. `SettingsError` for an address that no store answers to.
    """
    if url == "sqlite://":
        return SqliteStore(None)
    path = url.removeprefix(_PREFIX)
    if not url.startswith(_PREFIX) or not path or path.endswith("/") or ":memory:" in path or "?" in path:
        raise SettingsError(
            f"store: {url!r} is not supported; name a file as in sqlite:///opsplug.db "
            "(relative to the working directory) or sqlite:////var/lib/shop/opsplug.db"
        )
    return SqliteStore(Path(path))
