"""Whose request it is: the first-party cookie, sessions with an idle window, and the rules that never merge two people.

The cookie holds four parts, `anonymous.session.minute.tag`: two random ids, the minute it was last renewed (base 16)
and a short tag of the logged-in user it belongs to ("-" for nobody). Nothing in it says anything about the person.
"""

import re
from typing import NamedTuple

from opsplug.capture.ids import new_id
from opsplug.units import DAY

ID_COOKIE = "opsplug_id"  # browser and server agree on both
CONSENT_COOKIE = "opsplug_consent"
IDLE_MINUTES = 30
RENEW_MINUTES = 2  # how stale the cookie may get before an answer renews it
MAX_AGE = 400 * DAY  # seconds: the longest that browsers keep a cookie
_FORMAT = re.compile(r"([A-Za-z0-9_-]{20})\.([A-Za-z0-9_-]{20})\.([0-9a-f]{1,9})\.([A-Za-z0-9_-]{1,8})\Z")
_COOKIE = re.compile(rf"(?:^|;\s*)(?:{ID_COOKIE}=\"?([^;\"]*)|{CONSENT_COOKIE}=\"?([^;\"]*))")
_CACHE_SIZE = 4096
_LONGEST_HELD = 4096  # characters: browsers hold about that much for one cookie; more is parsed anew each time


class Identity(NamedTuple):
    """Who acts: both ids are None where only counting is allowed. `renew`: the answer should set the cookie."""

    anonymous_id: str | None
    session_id: str | None
    tag: str = "-"
    renew: bool = False
    forget: bool = False  # a cookie is there that must go


class Cookies(NamedTuple):
    """What a Cookie header says to us; `minute` is when the id cookie was last renewed."""

    identity: Identity | None = None
    minute: int = 0
    consent: bool | None = None  # None: the visitor was not asked, or did not answer

    @property
    def anonymous_id(self) -> str | None:
        return None if self.identity is None else self.identity.anonymous_id


NOBODY = Identity(None, None)
_FORGOTTEN = Identity(None, None, forget=True)
_cache: dict[str, Cookies] = {}


def read_cookies(header: str) -> Cookies:
    """Parse a Cookie header; headers repeat from request to request, so the last 4,096 are remembered."""
    found = _cache.get(header)
    if found is None:
        found = _parse(header)
        if len(header) <= _LONGEST_HELD:
            if len(_cache) >= _CACHE_SIZE:
                _cache.clear()
            _cache[header] = found
    return found


def _parse(header: str) -> Cookies:
    identity: re.Match[str] | None = None
    consent: bool | None = None
    for id_value, consent_value in _COOKIE.findall(header):
        if id_value and identity is None:
            identity = _FORMAT.match(id_value)
        elif consent_value in ("0", "1"):
            consent = consent_value == "1"
    if identity is None:
        return Cookies(consent=consent)
    anonymous, session, minute, tag = identity.groups()
    return Cookies(Identity(anonymous, session, tag), int(minute, 16), consent)


def identify(cookies: Cookies, *, allowed: bool, user: str | None, now: float) -> Identity:
    """Decide who this is.

    `user` is the pseudonym of the logged-in user or None; `allowed` says whether an identifier may be used at all.
    A cookie that belongs to one user is never used for another one, nor after a logout: a new id begins.
    """
    known = cookies.identity
    if not allowed:
        return NOBODY if known is None else _FORGOTTEN
    tag = user[:8] if user else "-"
    if known is None or known.tag not in ("-", tag):
        return Identity(new_id(), new_id(), tag, renew=True)
    idle = abs(int(now / 60) - cookies.minute)  # the clocks of two machines, or a clock set back, differ both ways
    if idle <= RENEW_MINUTES and known.tag == tag:
        return known
    session = known.session_id if idle <= IDLE_MINUTES else new_id()
    return Identity(known.anonymous_id, session, tag, renew=True)


def id_cookie(identity: Identity, now: float, *, path: str, secure: bool) -> str:
    """The Set-Cookie value that renews this identity."""
    value = f"{identity.anonymous_id}.{identity.session_id}.{int(now // 60):x}.{identity.tag}"
    return _set_cookie(ID_COOKIE, value, MAX_AGE, path, secure, http_only=True)


def forget_cookie(*, path: str, secure: bool) -> str:
    return _set_cookie(ID_COOKIE, "", 0, path, secure, http_only=True)


def consent_cookie(granted: bool, *, path: str, secure: bool) -> str:
    """Readable by the page, so that no banner asks twice."""
    return _set_cookie(CONSENT_COOKIE, "1" if granted else "0", MAX_AGE, path, secure, http_only=False)


def _set_cookie(name: str, value: str, max_age: int, path: str, secure: bool, *, http_only: bool) -> str:
    flags = ("; HttpOnly" if http_only else "") + ("; Secure" if secure else "")
    return f"{name}={value}; Path={path or '/'}; Max-Age={max_age}; SameSite=Lax{flags}"


def shared_cache_may_keep(cache_control: str) -> bool:
    """True where the answer's own Cache-Control lets a proxy keep it for others."""
    if not cache_control:
        return False
    text = cache_control.lower()
    if "private" in text or "no-store" in text or "no-cache" in text:
        return False
    return "public" in text or "s-maxage" in text or "max-age" in text
