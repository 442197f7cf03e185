"""The composition root: what one shop's opsplug is made of. Its public name is `Engine`."""

from opsplug.engine.engine import KEY_FILE, SPOOL_FOLDER, Engine

__all__ = ["KEY_FILE", "SPOOL_FOLDER", "Engine"]
