"""The shop's own HTML pages: where the snippet's tag goes, and when a page is left alone.

A page is touched only where that is certainly safe: a complete, uncompressed, unsigned `text/html` answer of 200 in an
encoding that contains ASCII, with a head that ends outside of any script or comment, and whose content security policy
would let the tag run.
"""

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import Visit
from opsplug.reasons import Note

Header = Callable[[str], str | None]  # a header of the shop's answer, by its name in lower case

_HEAD_END = re.compile(rb"</head\s*>", re.IGNORECASE)
_OPENERS = re.compile(rb"<(script|style|title|template|noscript|textarea)\b", re.IGNORECASE)
_CLOSERS = re.compile(rb"</(script|style|title|template|noscript|textarea)\s*>", re.IGNORECASE)
_OURS = re.compile(rb"<script\b[^>]{0,500}\bdata-opsplug\b", re.IGNORECASE)
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'")
WITHOUT_TAG = "pages_without_tag.*"
_SEARCHED = 256 * 1024  # a head that has not ended by then is no head
_ASCII_FAMILY = ("utf-8", "utf8", "us-ascii", "iso-8859", "latin", "windows-125", "gb18030", "gbk", "gb2312", "euc-")


class Learner(Protocol):
    """Takes finished pages to learn the catalogue from; never waits."""

    def due(self, path: str) -> bool: ...

    def lesson(self, visit: Visit, body: bytes, media: str, robots: str) -> None: ...


class Pages:
    """Reads the shop's complete pages: the catalogue is learned from them, and the tag goes into them."""

    def __init__(
        self,
        tag: Callable[[Visit, str], str],
        *,
        inject: bool,
        learner: Learner | None,
        note: Note = lambda reason, detail: None,
    ) -> None:
        self._tag = tag
        self._note = note
        self._inject = inject
        self._learner = learner

    def read(
        self, visit: Visit, status: int, headers: Iterable[tuple[str, str]], body_of: Callable[[], bytes]
    ) -> bytes | None:
        """The page with the tag, or None where it stays as it is."""
        header = by_name(headers).get
        if not self._inject and self._learner is None:
            return None
        if not may_touch(visit.method, status, header):
            self._note(WITHOUT_TAG, "compressed" if header("content-encoding") else "headers")
            return None
        body = body_of()
        self._teach(visit, body, "html", header)
        if has_tag(body):
            visit.tagged = True
            return None
        if not self._inject:
            return None
        nonce = nonce_of(header)
        page = None if nonce is None else add_tag(body, self._tag(visit, nonce).encode("ascii", "xmlcharrefreplace"))
        visit.tagged = page is not None
        if page is None:
            self._note(WITHOUT_TAG, "policy" if nonce is None else "no_head")
        return page

    def read_json(self, visit: Visit, header: Header, body_of: Callable[[], bytes]) -> None:
        """The shop's own JSON: its products are learnt where its pages are drawn by scripts."""
        if self._learner is not None and (header("content-encoding") or "identity").lower() == "identity":
            self._teach(visit, body_of, "json", header)

    def _teach(self, visit: Visit, body: bytes | Callable[[], bytes], media: str, header: Header) -> None:
        """Only what anybody may see: no crawler's, no user's, and no page that a query has made."""
        learner = self._learner
        if (
            learner is not None and not visit.query and learner.due(visit.path) and visit.kind is TrafficClass.VISIT
            and visit.user is None and not visit.staff
        ):  # fmt: skip
            learner.lesson(visit, body if isinstance(body, bytes) else body(), media, header("x-robots-tag") or "")


def by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case; lines of one name are one list (RFC 9110, 5.3): policies all count."""
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def may_touch(method: str, status: int, header: Header) -> bool:
    """Whether this answer, by its headers alone, may carry the tag."""
    if method != "GET" or status != 200:
        return False
    content_type = (header("content-type") or "").lower()
    if not content_type.startswith("text/html"):
        return False
    charset = content_type.partition("charset=")[2].strip(" \"'")
    if charset and not charset.startswith(_ASCII_FAMILY):
        return False
    if (header("content-encoding") or "identity").lower() != "identity":
        return False
    if header("content-range") or header("content-md5") or header("digest") or header("repr-digest"):
        return False
    return "no-transform" not in (header("cache-control") or "").lower()


def nonce_of(header: Header) -> str | None:
    """The nonce that the page's policy asks scripts for; "" where none is asked for; None where ours may not run."""
    policies = header("content-security-policy")
    if not policies:
        return ""
    nonce = ""
    for policy in policies.split(","):
        directives = dict(_directive(part) for part in policy.split(";") if part.strip())
        if "sandbox" in directives and "allow-scripts" not in directives["sandbox"]:
            return None
        sources = directives.get("script-src-elem", directives.get("script-src", directives.get("default-src")))
        if sources is None:
            continue
        found = _NONCE.search(sources)
        if found:
            nonce = found.group(1)
        elif "'strict-dynamic'" in sources or not re.search(r"'self'|(?:^|\s)(?:\*|https?:)(?:\s|$)", sources):
            return None
    return nonce


def add_tag(body: bytes, tag: bytes) -> bytes | None:
    """The page with the tag as the last thing in its head, or None where that place is not certain."""
    end = _HEAD_END.search(body, 0, _SEARCHED)
    if end is None:
        return None
    head = body[: end.start()]
    if head.count(b"<!--") != head.count(b"-->") or len(_OPENERS.findall(head)) != len(_CLOSERS.findall(head)):
        return None
    return head + tag + body[end.start() :]


def has_tag(body: bytes) -> bool:
    """True where a template helper, or the shop by hand, has put the tag already."""
    return b"data-opsplug" in body and _OURS.search(body) is not None  # the expression alone costs twelve times more


def _directive(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition(" ")
    return name.lower(), value.strip()
