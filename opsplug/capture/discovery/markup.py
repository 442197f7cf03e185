"""Catalogue records out of a shop's own page: JSON-LD `Product`, microdata, OpenGraph, in this order of trust.

Sources: schema.org Product, Offer, AggregateOffer, ProductGroup, BreadcrumbList; the Open Graph protocol; the HTML
standard, section 5 (microdata). Pure functions: bytes in, records out; nothing is fetched.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from opsplug.capture.discovery.dom import MAX_OPEN, MAX_PAGE, image_address, own_path
from opsplug.capture.discovery.fields import MAX_PRODUCTS, category_levels, products_of, text_of, types_of

_MAX_DEPTH: Final = 12
# Nothing to find without one of these words, and then no reason to parse.
_PROMISING: Final = re.compile(rb"ld\+json|itemscope|og:|product:", re.IGNORECASE)
_NOT_SHOWN: Final = re.compile(r"\b(noindex|none)\b", re.IGNORECASE)
_VALUE_ATTRIBUTE: Final = {
    "a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "video": "src", "source": "src",
    "iframe": "src", "embed": "src", "object": "data", "data": "value", "meter": "value", "time": "datetime",
}  # fmt: skip
_VISITORS: Final = re.compile(r"review|comment|testimonial|guestbook|ugc|forum", re.IGNORECASE)
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True)
class Page:
    """A parsed page: whether search engines may keep it, the path it calls its own, and its products."""

    hidden: bool
    canonical: str | None
    products: list[dict[str, Any]]


def read_products(html: bytes, url_path: str, host: str = "") -> list[dict[str, Any]]:
    """Catalogue records (`item_id` and what the page tells) of a page at `url_path`, at most 50."""
    return read_page(html, url_path, host).products


def read_page(html: bytes, url_path: str, host: str = "") -> Page:
    """Parse once, damaged markup or JSON as far as it goes. Addresses on `host`, the shop's own, become paths."""
    if not _PROMISING.search(html) or html.count(b"<") - 2 * html.count(b"</") > MAX_OPEN:
        return Page(False, None, [])
    tree = LexborHTMLParser(html[:MAX_PAGE].decode("utf-8", "replace"))
    tags = [node for node in tree.css("meta") if "robots" in (_attr(node, "name") or "").lower()]
    hidden = any(_NOT_SHOWN.search(_attr(node, "content") or "") for node in tags)
    link = tree.css_first('link[rel="canonical"]')
    canonical = None if link is None else _path(url_path, _attr(link, "href") or "")
    if hidden:
        return Page(True, canonical, [])
    objects = list(_json_ld(tree))
    found = [record for thing in objects for record in products_of(thing)]
    found = found or [record for thing in _microdata(tree) for record in products_of(thing)]
    found = found or _open_graph(tree)
    if len(found) == 1:
        _fill(found[0], tree, objects, url_path)
    for record in found:
        _relate(record, url_path, host)
    unique = {record["item_id"]: record for record in reversed(found) if record.get("item_id")}
    return Page(False, canonical, list(reversed(unique.values()))[:MAX_PRODUCTS])


def _json_ld(tree: LexborHTMLParser) -> Iterator[Mapping[str, Any]]:
    """Every object with a type in the page's JSON-LD, however it is wrapped."""
    for node in tree.css('script[type="application/ld+json"]'):
        text = (node.text(strip=False) or "").strip().removeprefix("<!--").removesuffix("-->").strip()
        try:
            yield from _typed(_decode(text.encode()), 0)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            continue


def _typed(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for element in value[:500]:
            yield from _typed(element, depth + 1)
    elif isinstance(value, dict):
        if types_of(value) & {"Product", "ProductGroup", "BreadcrumbList"}:
            yield value
            return
        for key in ("@graph", "mainEntity", "itemListElement", "item", "mainEntityOfPage", "about"):
            yield from _typed(value.get(key), depth + 1)


def _microdata(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """Products marked with itemscope and itemprop, in the shape of JSON-LD."""
    for scope in tree.css('[itemscope][itemtype*="schema.org/Product"]')[:MAX_PRODUCTS]:
        if not _is_said_by_visitors(scope):
            yield _scope(scope, 0)


def _is_said_by_visitors(scope: LexborNode) -> bool:
    """Whether this stands among reviews or comments, which is no place for the page's own product."""
    node = scope
    for _ in range(8):
        if node is None or node.tag in ("body", "html"):
            return False
        name = f"{_attr(node, 'class') or ''} {_attr(node, 'id') or ''} {_attr(node, 'itemprop') or ''}"
        if _VISITORS.search(name):
            return True
        node = node.parent  # type: ignore[assignment]
    return False


def _scope(scope: LexborNode, depth: int) -> dict[str, Any]:
    thing: dict[str, Any] = {"@type": (_attr(scope, "itemtype") or "").split(" ")[0]}
    waiting = list(scope.iter())
    for _ in range(5000):
        if not waiting:
            break
        node = waiting.pop(0)
        name = _attr(node, "itemprop")
        nested = "itemscope" in node.attributes
        if name and depth < _MAX_DEPTH:
            value = _scope(node, depth + 1) if nested else _value(node)
            for key in name.split():
                thing[key] = [*thing[key], value] if isinstance(thing.get(key), list) else (
                    [thing[key], value] if key in thing else value
                )  # fmt: skip
        if not nested:
            waiting[:0] = node.iter()
    return thing


def _value(node: LexborNode) -> str:
    """A property's value by its element (HTML standard, 5.2.4)."""
    own = _VALUE_ATTRIBUTE.get(node.tag or "", "content")
    value = _attr(node, own)
    return value if value is not None else node.text(strip=True)


def _open_graph(tree: LexborHTMLParser) -> list[dict[str, Any]]:
    meta = _meta(tree)
    if not meta.get("og:type", "").lower().startswith("product") and "product:price:amount" not in meta:
        return []
    offer = {
        "price": meta.get("product:price:amount") or meta.get("og:price:amount"),
        "priceCurrency": meta.get("product:price:currency") or meta.get("og:price:currency"),
        "availability": meta.get("product:availability") or meta.get("og:availability"),
    }
    thing = {
        "@type": "Product",
        "sku": meta.get("product:retailer_item_id") or meta.get("product:sku"),
        "name": meta.get("og:title"),
        "description": meta.get("og:description"),
        "image": meta.get("og:image"),
        "brand": meta.get("product:brand"),
        "category": meta.get("product:category"),
        "inProductGroupWithID": meta.get("product:item_group_id"),
        "offers": offer,
    }
    return products_of(thing)


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    """The first content of each Open Graph property."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = (_attr(node, "property") or _attr(node, "name") or "").lower()
        if name.startswith(("og:", "product:")):
            found.setdefault(name, _attr(node, "content") or "")
    return found


def _fill(record: dict[str, Any], tree: LexborHTMLParser, objects: list[Mapping[str, Any]], path: str) -> None:
    """A page about one product: its address and breadcrumbs belong to it, and Open Graph may know what is missing."""
    if "item_id" not in record and (last := text_of(unquote(path.rstrip("/").rsplit("/", 1)[-1]))):
        record["item_id"] = last
    record["url"] = path
    meta = _meta(tree)
    for name, key, longest in (("image_url", "og:image", 1000), ("description", "og:description", 2000)):
        if name not in record and (text := text_of(meta.get(key), longest)):
            record[name] = text
    if "item_category" not in record:
        crumbs = next((_crumbs(thing) for thing in objects if "BreadcrumbList" in types_of(thing)), [])
        record.update(category_levels([crumb for crumb in crumbs[1:] if crumb != record.get("item_name")]))


def _relate(record: dict[str, Any], path: str, host: str) -> None:
    """Addresses as the shop serves them: those on its own host are paths, a page elsewhere is none of its pages."""
    if "url" in record and not record["url"].startswith("/"):
        own = own_path(path, record.pop("url"), host) if host else ""
        if own:
            record["url"] = own
    if host and "image_url" in record:
        record["image_url"] = image_address(path, record["image_url"], host) or record["image_url"]


def _crumbs(thing: Mapping[str, Any]) -> list[str]:
    """Names of the way to this page, from the top."""
    steps = thing.get("itemListElement")
    found = []
    for place, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, dict):
            item = step.get("item")
            name = text_of(step.get("name") or (item.get("name") if isinstance(item, dict) else None))
            position = step.get("position")
            if name:
                found.append((position if isinstance(position, int) else place, name))
    return [name for _, name in sorted(found)]


def _path(base: str, address: str) -> str | None:
    try:
        return urlsplit(urljoin(base, address)).path
    except ValueError:
        return None


def _attr(node: LexborNode, name: str) -> str | None:
    return node.attributes.get(name)
