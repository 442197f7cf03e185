"""One message to one address, through apprise: mail, Slack, Teams, webhooks, DingTalk, Feishu, WeCom and many more."""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from opsplug.errors import OpsPlugError

_TYPES: Final = {"info": "info", "warning": "warning", "critical": "failure"}
_HEADERS: Final = ("json://", "jsons://", "xml://", "xmls://", "form://", "forms://")  # these take headers of ours


class NotifyError(OpsPlugError):
    """A message was not taken; the text says by whom and, where known, why. It never holds the address's secrets."""


def addresses(setting: str) -> list[str]:
    """The addresses of the setting `alerts`, separated by blanks or by commas that a new address follows."""
    found: list[str] = []
    for piece in setting.replace("\n", " ").replace(",", " ").split():
        if "://" in piece or not found:
            found.append(piece)
        else:
            found[-1] += f",{piece}"  # a comma within an address: mailto:// with several people
    return found


def channel_of(address: str) -> str:
    """A name for an address that may be stored and shown: its kind and a digest."""
    return f"{address.partition('://')[0]}-{sha256(address.encode()).hexdigest()[:8]}"


def send(address: str, title: str, body: str, *, key: str, severity: str = "warning") -> None:
    """Deliver, or raise `NotifyError`. `key` is the same for every try: webhooks get it as `Idempotency-Key`."""
    if address.startswith(_HEADERS):
        address += ("&" if "?" in address else "?") + "+Idempotency-Key=" + quote(key)
    kind = address.partition("://")[0]
    with _LogCapture() as captured:
        sender = sender_to(address)
        if sender is None:
            raise NotifyError(f"alerts: apprise does not know how to send to this {kind}:// address")
        sent = sender.notify(title=title, body=body, notify_type=_TYPES.get(severity, "warning"))
    if not sent:
        raise NotifyError(f"alerts: {kind} did not take the message{captured.reason}")


def sender_to(address: str) -> Any | None:
    """What sends to one address and nowhere that an answer points to; None where apprise does not know the address."""
    import apprise  # a third of a second and ten megabytes, which only the process that sends pays

    asset = apprise.AppriseAsset()
    asset.http_redirects = False
    sender = apprise.Apprise(asset=asset)
    return sender if sender.add(address) else None


class _LogCapture(logging.Handler):
    """Captures apprise's log while it sends; its first warning is the reason of a failure."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reason = ""
        self._log = logging.getLogger("apprise")

    def emit(self, record: logging.LogRecord) -> None:
        if not self.reason:
            self.reason = f": {record.getMessage().splitlines()[0][:200]}"

    def __enter__(self) -> _LogCapture:
        self._log.addHandler(self)
        return self

    def __exit__(self, *failure: object) -> None:
        self._log.removeHandler(self)
