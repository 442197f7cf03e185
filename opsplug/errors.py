"""Every exception that opsplug raises to a developer. All of them are `OpsPlugError`."""


class OpsPlugError(Exception):
    """Base class: catching this catches everything opsplug raises on purpose."""


class SettingsError(OpsPlugError):
    """A setting is unknown, malformed or contradicts another; the message names it and the remedy."""


class EventError(OpsPlugError):
    """An event or item does not fit the schema; the message names the field."""


class QueueFullError(OpsPlugError):
    """Outside of a request, more was tracked than the store took in half a minute; the event was not stored."""


class StoreError(OpsPlugError):
    """The store cannot be opened, migrated, read or written."""


class ModelError(OpsPlugError):
    """A model cannot be fitted on, or asked about, what it was given."""


class ArtefactError(OpsPlugError):
    """A trained artefact is missing, incomplete or was changed after it was signed."""
