"""One request to the shop, from its first line to its last: what is decided while the visitor waits.

An adapter calls `begin` when a request arrives, `respond` when the shop's answer is about to leave, and `finish` when
it has left. All three read memory only; turning the visit into rows is the writer's work (see `records`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from opsplug.capture.audience import Kind, classify
from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.capture.identity import NOBODY, Cookies, Identity, forget_cookie, id_cookie, identify, read_cookies
from opsplug.capture.ids import new_page_view_id
from opsplug.capture.queue import EventQueue
from opsplug.privacy.keys import Keys
from opsplug.settings import Settings

NO_COOKIES = Cookies()
_NOT_ASKED: Any = object()


class Host(Protocol):
    """What an adapter answers about the request in hand; both are called at most a few times and only when needed."""

    def native(self) -> Any:
        """The framework's own request object, for the shop's callables."""

    def session_user(self) -> Any:
        """The logged-in user's id as the framework's session knows it, or None."""


class Visit:
    """One request. Everything that only the writer needs stays raw here until the writer reads it."""

    __slots__ = (
        "_identity",
        "_user",
        "agent",
        "cookies",
        "duration",
        "host",
        "kind",
        "language",
        "method",
        "observer",
        "opted_out",
        "page_view_id",
        "params",
        "path",
        "private",
        "query",
        "referrer",
        "root",
        "route",
        "secure",
        "shown",
        "staff",
        "started",
        "status",
        "tickets",
    )

    def __init__(
        self, observer: "Observer", host: Host, kind: Kind, method: str, path: str, root: str, secure: bool
    ) -> None:
        self.observer = observer
        self.host = host
        self.kind = kind
        self.method = method
        self.path = path
        self.root = root
        self.secure = secure
        self.started = time.time()
        self.cookies: Cookies = NO_COOKIES
        self.opted_out = False
        self.agent = self.language = self.referrer = self.query = ""
        self.status = 0
        self.duration = 0.0
        self.route: str | None = None
        self.params: Mapping[str, Any] | None = None
        self.page_view_id: str | None = None
        self.private = False
        self.staff = False
        self.tickets: list[Any] | None = None
        self.shown: list[str] | None = None
        self._user: Any = _NOT_ASKED
        self._identity: Identity | None = None

    @property
    def user(self) -> str | None:
        """Pseudonym of the logged-in user."""
        if self._user is _NOT_ASKED:
            self._user = self.observer.user_of(self)
        return self._user  # type: ignore[no-any-return]

    @property
    def identity(self) -> Identity:
        """Who acts, as far as may be known."""
        if self._identity is None:
            self._identity = self.observer.identity_of(self)
        return self._identity

    def look_again(self) -> None:
        """The handler may have logged somebody in or out: ask once more, keeping ids that still fit."""
        known = self._identity
        if known is None or known is NOBODY:
            self._identity = self.observer.identity_of(self)
            return
        before, self._user = self._user, _NOT_ASKED
        if self.user != before:
            self._identity = self.observer.identity_of(self)
            if known.renew and known.tag == "-" and self._identity.renew:
                # A new visitor who logs in within one request keeps the id that the handler's events already carry.
                self._identity = known._replace(tag=self._identity.tag)


_current: ContextVar[Visit | None] = ContextVar("opsplug_visit", default=None)
current_visit = _current.get


class Observer:
    """Decides, for each request, who it is and what may be kept. Stateless between requests but for its counters."""

    def __init__(
        self, settings: Settings, queue: EventQueue, counters: Counters, guard: Guard, keys: Callable[[], Keys]
    ) -> None:
        self.settings = settings
        self.queue = queue
        self.counters = counters
        self.guard = guard
        self._keys = keys
        self._consent = settings.consent
        self._is_staff = settings.is_staff
        self._user_id = settings.user_id

    def begin(
        self,
        host: Host,
        method: str,
        path: str,
        *,
        root: str = "",
        secure: bool = False,
        agent: str = "",
        cookie: str = "",
        purpose: str = "",
        opted_out: bool = False,
        language: str = "",
        referrer: str = "",
        query: str = "",
    ) -> Visit:
        """A request arrived. `purpose`: Sec-Purpose, Purpose or X-Moz; `opted_out`: DNT or Sec-GPC say 1."""
        visit = Visit(self, host, classify(method, path, agent, purpose), method, path, root, secure)
        visit.agent = agent
        visit.opted_out = opted_out
        visit.language = language
        visit.referrer = referrer
        visit.query = query
        if cookie:
            visit.cookies = read_cookies(cookie)
        return visit

    def enter(self, host: Host, method: str, path: str, **request: Any) -> Visit:
        """`begin`, and make the visit the current one of this context until `leave`."""
        visit = self.begin(host, method, path, **request)
        _current.set(visit)
        return visit

    def leave(self, visit: Visit) -> None:
        """`finish`, and no visit is the current one any more."""
        _current.set(None)
        self.finish(visit)

    @staticmethod
    def drop() -> None:
        """No visit is the current one any more, and none is counted: the request was to an address of ours."""
        _current.set(None)

    def respond(self, visit: Visit, status: int, content_type: str, cache_control: str) -> Sequence[tuple[str, str]]:
        """The shop's answer is about to leave: the headers to add to it."""
        visit.status = status
        if visit.kind is not Kind.VISIT:
            return ()
        headers: list[tuple[str, str]] = []
        if status == 200 and visit.method == "GET" and content_type.startswith("text/html"):
            visit.page_view_id = new_page_view_id(visit.started)
            headers.append(("Server-Timing", f'opsplug;desc="{visit.page_view_id}"'))
        visit.look_again()
        identity = visit.identity
        if identity.renew or identity.forget:
            # A cache shared by many must never keep somebody's cookie.
            if not _shared_cache_may_keep(cache_control):
                headers.append(("Set-Cookie", self.cookie_for(visit)))
            elif identity.renew and visit.cookies.anonymous_id is None:
                visit._identity = NOBODY
        return headers

    def finish(self, visit: Visit) -> None:
        """The answer has left: count it, or hand it to the writer. A raised exception is a status of 500."""
        visit.duration = time.time() - visit.started
        kind = visit.kind
        self.counters.add("requests")
        if kind is not Kind.VISIT:
            self.counters.add(kind.value)
            if kind is not Kind.BOT or visit.status != 200 or visit.method != "GET":
                return
        elif self._is_staff is not None:
            with self.guard("is_staff"):
                visit.staff = bool(self._is_staff(visit.host.native()))
        if visit._identity is None:  # the answer never left: settle it here, the writer's thread knows no request
            visit._identity = self.identity_of(visit)
        self.queue.offer(visit)

    def user_of(self, visit: Visit) -> str | None:
        """The pseudonym of the logged-in user; the shop's callable first, else the framework's session."""
        with self.guard("user_id"):
            found = visit.host.session_user() if self._user_id is None else self._user_id(visit.host.native())
            if found is not None and found != "" and isinstance(found, str | int):
                return self._keys().pseudonym(str(found))
        return None

    def identity_of(self, visit: Visit) -> Identity:
        if visit.kind is Kind.BOT or visit.kind is Kind.PREFETCH:
            return NOBODY
        allowed = self.may_identify(visit)
        return identify(visit.cookies, allowed=allowed, user=visit.user if allowed else None, now=visit.started)

    def may_identify(self, visit: Visit) -> bool:
        """Whether this visitor agreed to be recognised; an opt-out signal of the browser always wins."""
        answer = visit.cookies.consent
        if visit.opted_out or answer is False:
            return False
        mode = self._consent
        if mode == "not_required":
            return True
        if mode == "required":
            return answer is True
        if mode == "counts_only" or isinstance(mode, str):
            return False
        with self.guard("consent"):
            return bool(mode(visit.host.native()))
        return False

    def cookie_for(self, visit: Visit) -> str:
        """The Set-Cookie value that renews or removes this visitor's id cookie."""
        path = visit.root or "/"
        if visit.identity.anonymous_id is None:
            return forget_cookie(path=path, secure=visit.secure)
        return id_cookie(visit.identity, visit.started, path=path, secure=visit.secure)


def _shared_cache_may_keep(cache_control: str) -> bool:
    """True where the answer's own Cache-Control lets a proxy keep it for others."""
    if not cache_control:
        return False
    text = cache_control.lower()
    if "private" in text or "no-store" in text or "no-cache" in text:
        return False
    return "public" in text or "s-maxage" in text or "max-age" in text
