"""Which route template a request matched: the route that answered, and what stands before it in the address.

Starlette leaves the endpoint in the scope, FastAPI the route too. A mount, a sub-application or an included router only
lengthens the address: whatever the route itself does not match at its end is the way to it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import Scope

_MOST = 2048  # routes that are remembered
_DEEPEST = 12  # mounts within mounts


class Routes:
    """Templates by route, parameter names and length of the address, worked out when they are first needed."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, frozenset[str], int], list[tuple[str, str]]] = {}  # -> (way to it, template)
        self._by_endpoint: dict[Any, list[Route]] = {}
        self._seen_apps: set[int] = set()

    def of(self, scope: Scope, path: str) -> tuple[str | None, Mapping[str, Any] | None]:
        """(template, path parameters) of the route that answered at `path`, or (None, None)."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return None, None
        params: Mapping[str, Any] = scope.get("path_params") or {}
        route = scope.get("route")  # routes have no hash, and live as long as their app
        key = (endpoint if route is None else id(route), frozenset(params), path.count("/"))
        for prefix, template in self._known.get(key, ()):
            if path.startswith(prefix):
                return template, params
        candidates = self._candidates(scope, endpoint)
        prefix, template = _template(candidates, path, params)
        # The way to one route is as long as the address is longer than its own part: the same, or told by its text.
        if len(candidates) == 1 and "{" not in prefix and ":path}" not in candidates[0].path and template:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known.setdefault(key, []).append((prefix, template))
        return template or None, params

    def _candidates(self, scope: Scope, endpoint: Any) -> list[Route]:
        """Routes that call this endpoint; the one that matched, where the framework says which."""
        matched = scope.get("route")
        if isinstance(matched, Route):
            return [matched]
        for app in (scope.get("app"), scope.get("router")):
            if app is not None and id(app) not in self._seen_apps:
                self._seen_apps.add(id(app))
                for route in _walk(getattr(app, "routes", []), 0):
                    known = self._by_endpoint.setdefault(route.endpoint, [])
                    if route not in known:
                        known.append(route)
        return self._by_endpoint.get(endpoint, [])


def _template(candidates: list[Route], path: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """(the way to it, the template) of the candidate that matches most of the address's end."""
    best = ("", candidates[0].path if candidates else "")
    shortest = len(path) + 1
    for route in candidates:
        start = _start(route, path)
        if start is not None and start < shortest:
            shortest, prefix = start, _named(path[:start], params, route)
            best = (prefix, prefix + route.path)
    return best


def _start(route: Route, path: str) -> int | None:
    """Where in the address the route's own part begins."""
    for match in re.finditer("/", path):
        if route.path_regex.match(path[match.start() :]):
            return match.start()
    return len(path) if route.path_regex.match("") else None


def _named(prefix: str, params: Mapping[str, Any], route: Route) -> str:
    """The way to a route, its parameters (of a mount such as /shops/{tenant}) by their names."""
    outside = {
        str(value): name for name, value in params.items() if name not in route.param_convertors and name != "path"
    }
    return "/".join(f"{{{outside[step]}}}" if step in outside else step for step in prefix.split("/"))


def _walk(routes: list[BaseRoute], depth: int) -> Iterator[Route]:
    for route in routes if depth < _DEEPEST else []:
        if isinstance(route, Route):
            yield route
        else:
            yield from _walk(getattr(route, "routes", None) or [], depth + 1)
