"""Who may see the stats page. Without an access check or a token nobody may."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from opsplug.capture.answers import ROLES
from opsplug.capture.callables import ShopCallable
from opsplug.capture.ids import new_id
from opsplug.capture.visit import Visit
from opsplug.privacy.keys import Keys
from opsplug.settings import Settings
from opsplug.units import HOUR
from opsplug.web.http import Request
from opsplug.web.limiter import Limiter

COOKIE = "opsplug_admin"
SESSION_SECONDS = 12 * HOUR
_TRIES = 10  # wrong tokens a minute from one client; guessing 16 characters takes for ever from ten thousand of them
_USED = "used_token"
_ENDED, _ALL = "ended_session", "all"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looking. `name` is what the shop's check calls this person, else the role."""

    role: str
    name: str

    def may(self, role: str) -> bool:
        """Roles are steps: an agent sees what a viewer sees, an admin everything."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Documents(Protocol):
    def get_document(self, kind: str, key: str) -> Any: ...

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None: ...

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool: ...


class Access:
    """`person_of(request, visit)`: somebody with the role viewer, agent or admin, or None.

    The shop's `admin` callable decides when there is one; it may say who: `{"role": "agent", "name": "Ana"}`.
    Else `admin_token` opens a session: typed into the form as often as wanted, in an address (`?token=`) once, because
    addresses end up in histories and logs.
    """

    def __init__(
        self,
        settings: Settings,
        check: ShopCallable | None,
        keys: Callable[[], Keys],
        documents: Callable[[], Documents],
    ) -> None:
        self._check = check
        self._token = settings.admin_token
        self._prefix = settings.prefix
        self._keys = keys
        self._documents = documents
        self._wrong = Limiter(_TRIES / 60, 60.0, settings.trusted_proxies)

    def person_of(self, request: Request, visit: Visit) -> Person | None:
        if self._check is not None:
            found = self._check.of(visit)
            return None if found is None else Person(found[0], found[1] or found[0])
        return Person("admin", "admin") if self._session_of(request) else None

    def redeem(self, request: Request, token: str, *, from_address: bool, now: float) -> bool:
        """Whether this token opens a session now. Wrong ones slow their client down; one in an address works once."""
        if not self._token or self._wrong.is_spent(request, time.monotonic()):
            return False
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            self._wrong.allows(request, time.monotonic())
            return False
        if from_address:
            # Added or not in one step: of two who come at once, one is let in.
            return self._documents().add_document(_USED, _digest(token), {"at": int(now)}, int(now * 1000))
        return True

    def has_session(self, request: Request) -> bool:
        """Whether this browser is in by the token, and so may log out here."""
        return self._check is None and self._session_of(request) is not None

    def end_session(self, request: Request, now: float, *, everywhere: bool) -> None:
        """This session opens nothing any more, whoever holds a copy of its cookie; `everywhere`: nor do all others."""
        session = self._session_of(request)
        if session is None:
            return
        documents, now_ms = self._documents(), int(now * 1000)
        documents.put_document(_ENDED, _digest(session), {"at": int(now)}, now_ms)
        if everywhere:
            documents.put_document(_ENDED, _ALL, {"before": now_ms}, now_ms)

    def no_cookie(self, request: Request) -> str:
        """A Set-Cookie value that takes the session's cookie away."""
        return f"{COOKIE}=; Path={request.root}{self._prefix}; Max-Age=0; HttpOnly; SameSite=Lax"

    def session_cookie(self, request: Request, now: float) -> str:
        """A Set-Cookie value for a new session."""
        session = f"{int(now) + SESSION_SECONDS}.{int(now * 1000)}.{new_id()}"
        secure = "; Secure" if request.scheme == "https" else ""
        path = f"{request.root}{self._prefix}"
        flags = f"Path={path}; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        return f"{COOKIE}={session}.{self._sign(session)}; {flags}"

    def form_token(self, secret: str, person: Person) -> str:
        """What this person's forms carry; `secret` is in a cookie that pages of other sites cannot send."""
        return self._sign(f"form:{person.role}:{person.name}:{secret}")

    def form_fits(self, secret: str, person: Person, token: str) -> bool:
        return hmac.compare_digest(self.form_token(secret, person).encode(), token.encode())

    def _session_of(self, request: Request) -> str | None:
        session, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
        if not session or not hmac.compare_digest(self._sign(session).encode(), signature.encode()):
            return None
        expires, _, rest = session.partition(".")
        began = rest.partition(".")[0]
        if not expires.isdigit() or int(expires) <= time.time() or not began.isdigit():
            return None
        documents = self._documents()
        if documents.get_document(_ENDED, _digest(session)) is not None:
            return None
        ended = documents.get_document(_ENDED, _ALL)
        return None if ended is not None and int(began) <= int(ended["before"]) else session

    def _sign(self, text: str) -> str:
        # The token is part of the key: changing it ends every session.
        key = self._keys().subkey("admin-session:" + self._token)
        return base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
