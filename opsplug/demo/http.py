"""A page's request and answers in plain values, so that one shop runs on both frameworks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from opsplug.demo.shop import Shop
from opsplug.units import DAY


@dataclass(frozen=True)
class Request:
    """`values` are the parts of the path, `root` is where the shop is mounted ("" at the top).

    `address(name, **values)` is where a route is, its parts filled in.
    """

    path: str
    session: MutableMapping[str, Any]
    address: Callable[..., str]
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    root: str = ""


@dataclass(frozen=True)
class Page:
    template: str
    context: dict[str, Any]
    status: int = 200
    media_type: str = "text/html"


@dataclass(frozen=True)
class Redirect:
    location: str


Handler = Callable[[Shop, Request], Page | Redirect]


@dataclass(frozen=True)
class Route:
    """`path` marks its parts as <name>."""

    method: str
    path: str
    name: str
    handler: Handler

    def address(self, root: str = "", **values: object) -> str:
        """The path with its parts filled in; what is left over becomes the query."""
        names = re.findall(r"<(\w+)>", self.path)
        path = re.sub(r"<(\w+)>", lambda part: quote(str(values[part[1]]), safe=""), self.path)
        query = {name: value for name, value in values.items() if name not in names and value not in (None, "")}
        return root + path + (f"?{urlencode(query)}" if query else "")


# Everything comes from the shop itself: no inline script or style, nothing from elsewhere.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def headers(page: Page) -> dict[str, str]:
    """Pages show the visitor's own cart, so only the visitor keeps them; drawings are the same for everybody."""
    if page.media_type != "text/html":
        return {"Cache-Control": f"public, max-age={DAY}"}
    return {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"}
