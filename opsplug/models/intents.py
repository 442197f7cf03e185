"""The public name of the intent model; see `opsplug.models.text.intents`."""

from opsplug.models.text.intents import Intent, IntentModel

__all__ = ["Intent", "IntentModel"]
