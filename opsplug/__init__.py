"""opsplug: recommendations, support chat, alerts and insight inside an existing Flask or Starlette shop.

Importing this package opens nothing and starts nothing; the names below are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

from opsplug.errors import OpsPlugError
from opsplug.version import __version__

if TYPE_CHECKING:
    from opsplug.engine import Engine as Engine
    from opsplug.settings import Settings as Settings

__all__ = ["Engine", "OpsPlugError", "Settings", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from opsplug.engine import Engine

        return Engine
    if name == "Settings":
        from opsplug.settings import Settings

        return Settings
    raise AttributeError(f"module 'opsplug' has no attribute {name!r}")
