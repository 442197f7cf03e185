"""One secret per shop, from the environment or a key file, and what is derived from it."""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from opsplug.errors import SettingsError

_BYTES = 32


class Keys:
    """Derives independent keys by purpose (HMAC-SHA256 as the pseudorandom function of RFC 5869's expand step)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._users = self.subkey("user-pseudonym")
        self.pseudonym = lru_cache(maxsize=4096)(self._pseudonym)

    def subkey(self, purpose: str) -> bytes:
        """32 bytes that nobody without the secret can derive; the same for the same purpose."""
        return hmac.new(self._secret, purpose.encode() + b"\x01", hashlib.sha256).digest()

    def _pseudonym(self, user_id: str) -> str:
        """The shop's user id -> 22 characters (128 bits) that only this shop's key connects with it."""
        digest = hmac.new(self._users, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:16]).decode()[:-2]


def load_keys(secret: str | None, path: Path) -> Keys:
    """Keys from `secret` (at least 16 characters), else from the file at `path`, which is made (0600) when absent.

    Several processes may start at once: the file is written aside and linked, so the first one wins whole.
    """
    if secret is not None:
        if len(secret) < 16:
            raise SettingsError("secret_key: at least 16 characters are needed; make one with: openssl rand -hex 32")
        return Keys(secret.encode())
    try:
        with suppress(FileNotFoundError):
            return Keys(_checked(path.read_bytes(), path))
        _make(path)
        return Keys(_checked(path.read_bytes(), path))
    except OSError as error:
        raise SettingsError(
            f"secret_key: the key file {path} can be neither read nor made ({error.strerror}); "
            "let its folder be written, or set OPSPLUG_SECRET_KEY"
        ) from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _checked(content: bytes, path: Path) -> bytes:
    if len(content) < _BYTES:
        raise SettingsError(f"secret_key: the key file {path} is damaged; restore it, or set OPSPLUG_SECRET_KEY")
    return content
