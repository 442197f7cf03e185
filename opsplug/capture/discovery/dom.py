"""A page as places: what stands where, so that pages of one template can be compared place by place.

A place is the way down to an element (tags, ids and classes of the last steps) and how many like it came before. Pure
functions: bytes in, a `Layout` out; nothing is fetched.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opsplug.capture.discovery.words import CRUMB_HINT, ELSEWHERE_HINT

MAX_PAGE: Final = 1_000_000
# The parser's time grows with the square of the depth of elements that are never closed.
MAX_OPEN: Final = 20_000
_MAX_NODES: Final = 6_000
_MAX_SLOTS: Final = 700
_LONGEST: Final = 200  # characters of a text that may be a name
_STEPS: Final = 5  # of the way down that make a place
_INLINE: Final = frozenset("a b i em strong span small br font mark sup sub wbr bdi bdo u abbr time data ins".split())
_PASSED_OVER: Final = frozenset("script style noscript template svg iframe head option select textarea".split())
_STRUCK: Final = frozenset(("del", "s", "strike"))
_IMAGES: Final = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-image", "src")
_DIGITS: Final = re.compile(r"\d")
_BACKGROUND: Final = re.compile(r"background(?:-image)?\s*:[^;]*url\(\s*['\"]?([^'\")]+)", re.IGNORECASE)
_BUTTON: Final = re.compile(r"\b(?:btn|button|cta)", re.IGNORECASE)
_FILE: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|pdf|zip|css|js)\Z", re.IGNORECASE)
_FOREIGN: Final = ("javascript:", "mailto:", "tel:", "data:", "#", "blob:")


class Slot(NamedTuple):
    """What stands at one place. `card`: the path of another page that this is an advertisement of."""

    place: str
    kind: str  # text | image | input
    value: str
    tag: str
    hints: str  # classes and ids of the element and the two around it
    around: str  # the whole text of the element around it, where that is short
    href: str  # where the element, or the link around it, leads
    alt: str
    card: str
    struck: bool
    elsewhere: bool  # in a header, footer, sidebar or list of other things
    order: int


@dataclass(slots=True)
class Layout:
    """One page. `cards`: path of another page -> the places of its advertisement here."""

    path: str
    title: str = ""
    language: str = ""
    slots: list[Slot] = field(default_factory=list)
    crumbs: list[tuple[str, str]] = field(default_factory=list)  # (text, path or "")
    links: dict[str, str] = field(default_factory=dict)  # path -> the first text of a link to it
    cards: dict[str, list[Slot]] = field(default_factory=dict)
    og: dict[str, str] = field(default_factory=dict)
    disabled_buttons: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)


def read_layout(html: bytes, path: str, host: str = "") -> Layout | None:
    """The page at `path`, or None where it is too large or too deep to be read."""
    if len(html) > MAX_PAGE or html.count(b"<") - 2 * html.count(b"</") > MAX_OPEN:
        return None
    tree = LexborHTMLParser(html.decode("utf-8", "replace"))
    layout = Layout(path)
    title = tree.css_first("title")
    layout.title = squeeze(title.text()) if title is not None else ""
    root = tree.css_first("html")
    layout.language = ((root.attributes.get("lang") if root is not None else "") or "")[:2].lower()
    for node in tree.css('meta[property^="og:"]'):
        layout.og.setdefault(node.attributes.get("property") or "", node.attributes.get("content") or "")
    if tree.body is not None:
        _Walk(layout, path, host).walk(tree.body)
    return layout


def squeeze(text: str | None) -> str:
    return " ".join((text or "").replace("\x00", "").split())


def own_path(base: str, address: str | None, host: str) -> str:
    """The path of an address on the shop's own host, "" for any other. A fragment and a query are left out."""
    if not address or address.lstrip().lower().startswith(_FOREIGN):
        return ""
    try:
        parts = urlsplit(urljoin(f"http://{host}{base}" if host else base, address.strip()))
    except ValueError:
        return ""
    if parts.netloc and parts.netloc.lower() != host.lower():
        return ""
    return parts.path if parts.path.startswith("/") and not parts.query else ""


def image_address(base: str, address: str, host: str) -> str:
    """The path of a picture on the shop's host, or the whole address of one elsewhere; "" where it is neither."""
    try:
        joined = urljoin(f"http://{host}{base}" if host else base, address.strip())
        parts = urlsplit(joined)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", ""):
        return ""
    if parts.netloc and parts.netloc.lower() != host.lower():
        return joined[:1000]
    query = f"?{parts.query}" if parts.query else ""
    return (parts.path + query)[:1000] if parts.path.startswith("/") else ""


class _Walk:
    """One way through the page, depth first, in the order of the document."""

    def __init__(self, layout: Layout, path: str, host: str) -> None:
        self._layout = layout
        self._path = path
        self._host = host
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._nodes = 0

    def walk(self, body: LexborNode) -> None:
        cards = _cards(body, self._path, self._host)
        waiting: list[tuple[LexborNode, tuple[str, ...], str, str, str, bool, bool]] = [
            (body, (), "", "", "", False, False)
        ]
        while waiting and self._nodes < _MAX_NODES:
            node, way, hints, href, card, struck, elsewhere = waiting.pop()
            tag = node.tag or ""
            if tag in _PASSED_OVER or not tag or tag.startswith("-"):
                continue
            self._nodes += 1
            attributes = node.attributes
            name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip()
            way = (*way[-_STEPS + 1 :], _step(tag, attributes))
            hints = f"{hints.split(' / ', 1)[-1]} / {name}"[-240:]
            href = own_path(self._path, attributes.get("href"), self._host) if tag == "a" else href
            card = cards.get(node.mem_id, card)
            struck = struck or tag in _STRUCK or "line-through" in f"{attributes.get('style') or ''} {name}"
            is_aside = tag in ("header", "footer", "nav", "aside") or bool(name and ELSEWHERE_HINT.search(name))
            if tag == "nav" or CRUMB_HINT.search(name) or _is_crumbs(attributes):
                self._crumbs(node, name, attributes)
            elsewhere = elsewhere or (is_aside and tag not in ("body", "main", "html", "h1"))
            place = ">".join(way)
            self._read(node, tag, attributes, place, hints, href, card, struck, elsewhere)
            waiting.extend((child, way, hints, href, card, struck, elsewhere) for child in reversed(list(node.iter())))

    def _read(
        self, node: LexborNode, tag: str, attributes: Mapping[str, str | None], place: str, hints: str, href: str,
        card: str, struck: bool, elsewhere: bool,
    ) -> None:  # fmt: skip
        layout = self._layout
        kind, value, alt = "text", "", ""
        if tag == "img":
            kind, alt = "image", squeeze(attributes.get("alt"))
            address = next(
                (found for name in _IMAGES if (found := attributes.get(name)) and not found.startswith("data:")), ""
            )
            value = image_address(self._path, address, self._host) if address else ""
        elif tag == "input":
            if attributes.get("type") in ("hidden", "submit", "button", None, "number", "text", "radio"):
                kind, value = "input", squeeze(attributes.get("value"))[:_LONGEST]
            if attributes.get("type") in ("submit", "button") and value:
                self._button(attributes, value)
        else:
            picture = _BACKGROUND.search(attributes.get("style") or "")
            if picture:
                address = image_address(self._path, picture[1], self._host)
                self._add("image", address, tag, place + "*", hints, "", href, "", card, struck, elsewhere)
            value = _text(node, tag)
            if tag == "button" and value:
                self._button(attributes, value)
            if tag == "a" and (href or attributes.get("href")) and href != self._path:
                shown = squeeze(node.text(separator=" "))[:_LONGEST]
                if shown and len(shown) <= 40 and _BUTTON.search(attributes.get("class") or ""):
                    self._button(attributes, shown)
                if shown and href and href not in layout.links:
                    layout.links[href] = shown
        if value:
            around = ""
            if kind == "text" and len(value) <= 40 and node.parent is not None:
                around = squeeze(node.parent.text(separator=" "))[:_LONGEST]
            self._add(kind, value, tag, place, hints, around, href, alt, card, struck, elsewhere)

    def _add(
        self, kind: str, value: str, tag: str, place: str, hints: str, around: str, href: str, alt: str, card: str,
        struck: bool, elsewhere: bool,
    ) -> None:  # fmt: skip
        layout = self._layout
        if not value or len(layout.slots) >= _MAX_SLOTS:
            return
        n = self._counts[place]
        self._counts[place] = n + 1
        slot = Slot(
            f"{place}|{n}", kind, value, tag, hints, around, href, alt, card, struck, elsewhere, len(layout.slots)
        )
        if card and card != self._path:
            layout.cards.setdefault(card, []).append(slot)
        else:
            layout.slots.append(slot)

    def _button(self, attributes: Mapping[str, str | None], text: str) -> None:
        (self._layout.disabled_buttons if "disabled" in attributes else self._layout.buttons).append(text[:60])

    def _crumbs(self, node: LexborNode, name: str, attributes: Mapping[str, str | None]) -> None:
        """The way to this page as a list of steps: what is marked so, by class or label."""
        marked = CRUMB_HINT.search(name) or _is_crumbs(attributes)
        if not marked or self._layout.crumbs:
            return
        steps = node.css("li") or node.css("a, span")
        found: list[tuple[str, str]] = []
        for step in steps[:12]:
            text = squeeze(step.text(separator=" ")).strip("/>›»→|·-– \u200b")
            link = step if step.tag == "a" else step.css_first("a")
            target = own_path(self._path, link.attributes.get("href"), self._host) if link is not None else ""
            if text and len(text) <= 100 and (text, target) not in found:
                found.append((text, target))
        self._layout.crumbs = found


def _is_crumbs(attributes: Mapping[str, str | None]) -> bool:
    return bool(CRUMB_HINT.search(f"{attributes.get('aria-label') or ''} {attributes.get('role') or ''}"))


def _step(tag: str, attributes: Mapping[str, str | None]) -> str:
    """One element of a place: its tag, its id and two of its classes, as far as they do not count anything."""
    name = attributes.get("id") or ""
    classes = [one for one in (attributes.get("class") or "").split() if not _DIGITS.search(one)][:2]
    return (
        tag
        + (f"#{name}" if name and not _DIGITS.search(name) and len(name) < 40 else "")
        + "".join(f".{c}" for c in classes)
    )


def _text(node: LexborNode, tag: str) -> str:
    """An element's words: all of them where it holds nothing but words, else those that are its own."""
    inner = list(node.iter())
    if not inner:
        return squeeze(node.text())[: _LONGEST + 1]
    own = squeeze(node.text(deep=False))
    is_line = len(inner) <= 4 and all(child.tag in _INLINE and len(list(child.iter())) <= 2 for child in inner)
    if is_line and not any(map(_is_struck, inner)) and (own or tag in ("h1", "h2", "h3", "h4", "p", "dd", "td", "div")):
        return squeeze(node.text(separator=" "))[: _LONGEST + 1]
    return own[: _LONGEST + 1]


def _is_struck(node: LexborNode) -> bool:
    """What is crossed out is no part of the line that it stands in."""
    is_crossed = node.tag in _STRUCK or "line-through" in (node.attributes.get("class") or "")
    return is_crossed or node.css_first("s, del, strike") is not None


def _cards(body: LexborNode, path: str, host: str) -> dict[int, str]:
    """Node -> the page it advertises: siblings of one shape, each with links to one page of its own."""
    by_place: defaultdict[str, list[tuple[LexborNode, str]]] = defaultdict(list)
    for link in body.css("a[href]")[:500]:
        target = own_path(path, link.attributes.get("href"), host)
        if not target or target in (path, "/") or _FILE.search(target):
            continue
        root = _card_root(link, target, path, host)
        if root is None:
            continue
        parent = root.parent
        steps = target.strip("/").split("/")
        shape = f"{len(steps)}/{steps[0] if len(steps) > 1 else ''}"
        key = f"{parent.mem_id if parent is not None else 0}>{_step(root.tag or '', root.attributes)} {shape}"
        by_place[key].append((root, target))
    found: dict[int, str] = {}
    for group in by_place.values():
        distinct = {target for _, target in group}
        rich = any(root.css_first("img") is not None or len(squeeze(root.text())) > 12 for root, _ in group)
        if len(distinct) >= 2 and rich:
            found.update((root.mem_id, target) for root, target in group)
    return found


def _card_root(link: LexborNode, target: str, path: str, host: str) -> LexborNode | None:
    """The largest element around a link in which all links lead to its page."""
    root, above = link, link.parent
    for _ in range(7):
        if above is None or above.tag in ("body", "main", "html", "form", "header", "footer", "nav"):
            break
        if above.css_first("h1") is not None:
            break
        targets = {own_path(path, one.attributes.get("href"), host) for one in above.css("a[href]")[:60]} - {
            "",
            path,
            "/",
        }
        if len({one for one in targets if not one.startswith(target.rstrip("/") + "/")}) > 1:
            break
        root, above = above, above.parent
    return root
