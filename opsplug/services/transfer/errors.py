"""What can be wrong with a file as a whole, and with one of its rows."""

from opsplug.errors import OpsPlugError


class TransferError(OpsPlugError):
    """A file cannot be read or written as a whole; the message says what to do."""


class BadRowError(OpsPlugError):
    """One row does not fit. `reason` is the short name that rows are counted under."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
