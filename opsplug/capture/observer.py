"""What is decided while the visitor waits: what a request is, whose it is, and what may be kept of it.

An adapter calls `enter` when a request arrives, `respond` when the shop's answer is about to leave, and `leave` when
it has left. All three read memory only; turning the visit into rows is the writer's work (see `records`).
"""

from collections.abc import Callable
from time import time

from opsplug.capture.answers import WrongAnswerError, read_user
from opsplug.capture.callables import Callables
from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.capture.identity import (
    NOBODY,
    Identity,
    forget_cookie,
    id_cookie,
    identify,
    read_cookies,
    shared_cache_may_keep,
)
from opsplug.capture.ids import new_page_view_id
from opsplug.capture.queue import EventQueue
from opsplug.capture.records import ORDER_EVENTS
from opsplug.capture.traffic_class import TrafficClass, classify
from opsplug.capture.visit import GONE, NO_COOKIES, Host, Visit, enter_visit
from opsplug.privacy.keys import Keys
from opsplug.settings import Settings

_GONE = frozenset((301, 302, 303, 307, 308, 404, 410))  # where a product was, there is none any more
VISIT, BOT = TrafficClass.VISIT, TrafficClass.BOT  # an enumeration's member costs a look-up each time it is named


class Observer:
    """Decides, for each request, who it is and what may be kept. Stateless between requests but for its counters."""

    def __init__(
        self,
        settings: Settings,
        queue: EventQueue,
        counters: Counters,
        guard: Guard,
        keys: Callable[[], Keys],
        callables: Callables | None = None,
    ) -> None:
        self.settings = settings
        self.queue = queue
        self.counters = counters
        self.guard = guard
        self._keys = keys
        # A payment provider's webhook is a program's request: where routes are orders, those count.
        self._has_orders = any(name in ORDER_EVENTS for name in settings.events.values())
        self.learner: Callable[[Visit], object] | None = None  # hears of answers that teach the catalogue
        callables = callables or Callables(settings, guard)
        self._consent = callables.consent
        self._is_staff = callables.is_staff
        self._user_id = callables.user_id

    def enter(
        self,
        host: Host,
        method: str,
        path: str,
        root: str = "",
        secure: bool = False,
        agent: str = "",
        cookie: str = "",
        purpose: str = "",
        opted_out: bool = False,
        language: str = "",
        referrer: str = "",
        query: str = "",
        client: str = "",
        forwarded: str = "",
    ) -> Visit:
        """A request arrived; its visit is the current one of this context until `leave` or `drop`.

        `purpose`: Sec-Purpose, Purpose or X-Moz; `opted_out`: DNT or Sec-GPC say 1. `client`: the connection's address;
        `forwarded`: X-Forwarded-For. Both serve `bot_behaviour` alone and are stored nowhere.
        """
        kind = classify(method, path, agent, purpose)
        cookies = read_cookies(cookie) if cookie else NO_COOKIES
        visit = Visit(
            self,
            host,
            kind,
            method,
            path,
            root,
            secure,
            agent,
            opted_out,
            language,
            referrer,
            query,
            client,
            forwarded,
            time(),
            cookies,
        )
        enter_visit(visit)
        return visit

    def respond(
        self, visit: Visit, status: int, is_page: bool, cache_control: Callable[[], str | None]
    ) -> list[tuple[str, str]]:
        """The answer is about to leave: the headers to add to it. `is_page`: a GET answered with HTML and 200."""
        visit.status = status
        if visit.kind is not VISIT:
            if not is_page or visit.kind is not TrafficClass.STATIC:
                return []
            visit.kind = VISIT  # a page below /media/ or /assets/: what is answered says more than the address
        visit._staff = self._is_staff is not None and visit.staff
        headers: list[tuple[str, str]] = []
        if is_page:
            visit.page_view_id = new_page_view_id(visit.started)
            headers.append(("Server-Timing", f'opsplug;desc="{visit.page_view_id}"'))
        if visit._identity is None:
            identity = visit._identity = self.identity_of(visit)
        else:
            visit.look_again()
            identity = visit.identity
        if identity.renew or identity.forget:
            # A cache shared by many must never keep somebody's cookie.
            if not shared_cache_may_keep(cache_control() or ""):
                headers.append(("Set-Cookie", self.cookie_for(visit)))
            elif identity.renew and visit.cookies.anonymous_id is None:
                visit._identity = NOBODY
        return headers

    def leave(self, visit: Visit) -> None:
        """The answer has left: count it, or hand it to the writer. A raised exception is a status of 500."""
        enter_visit(None)
        visit.duration = time() - visit.started
        kind = visit.kind
        self.counters.add("requests")
        if kind is not VISIT:
            self.counters.add(kind.value)
            if kind is not BOT or not (self._has_orders if visit.method == "POST" else visit.status == 200):
                return
            if visit.method not in ("GET", "POST"):
                return
        if visit._identity is None or visit._staff is None:
            # The answer never left: settle both here, the writer's thread knows no request.
            visit._identity = self.identity_of(visit)
            visit._staff = False
        elif self.learner is not None and (visit.lesson is not None or visit.status in _GONE) and visit.method == "GET":
            with self.guard("discovery"):
                self.learner(visit)
        visit.lesson = None
        visit.host, visit.answers = GONE, None
        self.queue.offer(visit)

    @staticmethod
    def drop() -> None:
        """No visit is the current one any more, and none is counted: the request was to an address of ours."""
        enter_visit(None)

    def is_staff(self, visit: Visit) -> bool:
        return self._is_staff is not None and self._is_staff.of(visit) is True

    def account_of(self, visit: Visit) -> str | None:
        """The logged-in user's id as the shop knows it; never stored. The shop's callable first, else the session."""
        if self._user_id is not None:
            return self._user_id.of(visit)  # type: ignore[no-any-return]
        with self.guard("user_id"):
            try:
                return read_user(visit.host.session_user())
            except WrongAnswerError:
                self.counters.note("odd_values.*", "user_id")  # a whole user object, say: its id is expected
        return None

    def user_of(self, visit: Visit) -> str | None:
        """The pseudonym of the logged-in user; None, too, where there is no key to make one."""
        account = self.account_of(visit)
        if account is not None:
            with self.guard("keys"):
                return self._keys().pseudonym(account)
        return None

    def identity_of(self, visit: Visit) -> Identity:
        kind = visit.kind
        if kind is BOT or kind is TrafficClass.PREFETCH:
            return NOBODY
        if not self.may_identify(visit):
            return identify(visit.cookies, allowed=False, user=None, now=visit.started)
        return identify(visit.cookies, allowed=True, user=visit.user, now=visit.started)

    def may_identify(self, visit: Visit) -> bool:
        """Whether this visitor agreed to be recognised; an opt-out signal of the browser always wins."""
        answer = visit.cookies.consent
        if visit.opted_out or answer is False:
            return False
        if self._consent is not None:
            return self._consent.of(visit) is True
        mode = self.settings.consent
        return mode == "not_required" or (mode == "required" and answer is True)

    def cookie_for(self, visit: Visit) -> str:
        """The Set-Cookie value that renews or removes this visitor's id cookie."""
        path = visit.root or "/"
        if visit.identity.anonymous_id is None:
            return forget_cookie(path=path, secure=visit.secure)
        return id_cookie(visit.identity, visit.started, path=path, secure=visit.secure)
