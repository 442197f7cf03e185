"""A token that travels with an order to whoever confirms its payment, and gives the purchase back to its visitor.

It is made while the visitor is there, holds ids only where the visitor agreed to be recognised, and is signed: what a
payment provider sends back cannot name somebody else.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from opsplug.capture.visit import Visit
from opsplug.privacy.keys import Keys
from opsplug.units import DAY

MAX_AGE: Final = 90 * DAY  # seconds: invoices are paid late
_SIGNATURE: Final = 16  # bytes
_FIELDS: Final = ("anonymous_id", "user_id", "session_id")
_decode = msgspec.json.Decoder(list[str | int | None]).decode


class VisitorTokens:
    """`of(visit)` makes one, `read(token)` gives the ids that it holds."""

    def __init__(self, keys: Callable[[], Keys], clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    def of(self, visit: Visit | None) -> str:
        """The token of the current visitor; "" where there is none, or none who may be recognised."""
        if visit is None or visit.identity.anonymous_id is None:
            return ""
        identity = visit.identity
        body = msgspec.json.encode([int(self._clock()), identity.anonymous_id, visit.user, identity.session_id])
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def read(self, token: Any) -> dict[str, str | None]:
        """Ids for an event; none where the token is not ours, was changed or is too old."""
        if not isinstance(token, str) or not 20 < len(token) < 2000:
            return {}
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            body = raw[_SIGNATURE:]
            if not hmac.compare_digest(raw[:_SIGNATURE], self._sign(body)):
                return {}
            made, *ids = _decode(body)
        except (ValueError, msgspec.DecodeError):
            return {}
        if not isinstance(made, int) or not 0 <= self._clock() - made <= MAX_AGE:
            return {}
        return {name: value for name, value in zip(_FIELDS, ids, strict=False) if isinstance(value, str)}

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._keys().subkey("visitor-token"), body, hashlib.sha256).digest()[:_SIGNATURE]
