"""One request to the shop, from its first line to its last, and what the rest of opsplug may know of it."""

from asyncio import AbstractEventLoop
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

import msgspec

from opsplug.capture.identity import NOBODY, Cookies, Identity
from opsplug.capture.traffic_class import TrafficClass

NO_COOKIES = Cookies()
_NOT_ASKED: Any = object()


class Host(Protocol):
    """What an adapter answers about the request in hand; both are called at most a few times and only when needed."""

    @property
    def loop(self) -> AbstractEventLoop | None:
        """The event loop that serves the request, where there is one."""

    def native(self) -> Any:
        """The framework's own request object, for the shop's callables."""

    def netloc(self) -> str:
        """The host that was asked for, as the request names it."""

    def session_user(self) -> Any:
        """The logged-in user's id as the framework's session knows it, or None."""


class _Gone:
    """The host of a request that is over."""

    loop = None

    @staticmethod
    def native() -> Any:
        return None

    session_user = native

    @staticmethod
    def netloc() -> str:
        return ""


GONE: Host = _Gone()


class Decider(Protocol):
    """What a visit asks the observer, when it is asked itself."""

    def user_of(self, visit: "Visit") -> str | None: ...
    def is_staff(self, visit: "Visit") -> bool: ...
    def identity_of(self, visit: "Visit") -> Identity: ...


class Visit(msgspec.Struct, gc=False, eq=False):
    """One request. Everything that only the writer needs stays raw here until the writer reads it.

    Visits wait for the writer by the thousand. So that they cost the garbage collector nothing they are not seen by it:
    `host`, the only way to the framework's objects, is let go when the answer has left.
    """

    observer: Decider
    host: Host
    kind: TrafficClass
    method: str
    path: str
    root: str
    secure: bool
    agent: str
    opted_out: bool
    language: str
    referrer: str
    query: str
    client: str  # the address of the connection, and what proxies say of it: never stored
    forwarded: str
    started: float  # epoch seconds
    cookies: Cookies = NO_COOKIES
    status: int = 0
    duration: float = 0.0
    route: str | None = None
    params: Mapping[str, Any] | None = None
    page_view_id: str | None = None
    is_page: bool = False  # the shop's answer is a page of HTML
    tagged: bool = False  # the snippet is on it
    private: bool = False  # a list of this visitor's own is on the page
    tickets: Sequence[Any] = ()  # durable events that the answer waits for
    shown: Sequence[str] = ()  # items that are on the page already
    lesson: Any = None  # what the catalogue is learnt from, once the route is known
    answers: Mapping[str, Any] | None = None  # of the shop's callables, where they were awaited before
    _user: Any = _NOT_ASKED
    _staff: bool | None = None
    _identity: Identity | None = None

    @property
    def user(self) -> str | None:
        """Pseudonym of the logged-in user."""
        if self._user is _NOT_ASKED:
            self._user = self.observer.user_of(self)
        return self._user  # type: ignore[no-any-return]

    @property
    def staff(self) -> bool:
        """Whether one of the shop's own people is looking."""
        if self._staff is None:
            self._staff = self.observer.is_staff(self)
        return self._staff

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
enter_visit = _current.set
