"""opsplug for Flask: `OpsPlug(app)`."""

from opsplug_flask.extension import OpsPlug, current_engine

__all__ = ["OpsPlug", "current_engine"]
