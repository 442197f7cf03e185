"""A text that the store keeps and only this shop's key can read again: AES-256-GCM, bound to what it belongs to."""

import base64
import os
from collections.abc import Callable

_NONCE = 12  # bytes, as NIST SP 800-38D advises


class Seal:
    """`key`: 32 bytes, of `Keys.subkey`, or what gives them when they are needed."""

    def __init__(self, key: bytes | Callable[[], bytes]) -> None:
        self._given = key

    @property
    def _key(self) -> bytes:
        return self._given if isinstance(self._given, bytes) else self._given()

    def close(self, text: str, belongs_to: str) -> str:
        """The text, sealed; it opens only under the same `belongs_to`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # forty milliseconds that few processes pay

        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._key).encrypt(nonce, text.encode(), belongs_to.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, belongs_to: str) -> str | None:
        """What was sealed; None where another key, another owner or somebody's hand was at it."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
            return AESGCM(self._key).decrypt(raw[:_NONCE], raw[_NONCE:], belongs_to.encode()).decode()
        except (InvalidTag, ValueError):
            return None
