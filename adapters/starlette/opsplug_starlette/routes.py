"""Which route template a request matched; Starlette leaves the endpoint in the scope, FastAPI the route too."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.routing import BaseRoute, Host, Mount, Route
from starlette.types import Scope


class Routes:
    """Templates by endpoint and parameter names, read from the app's routing table the first time they are needed."""

    def __init__(self) -> None:
        self._templates: dict[tuple[Any, frozenset[str]], str] = {}
        self._seen_app: Any = None

    def of(self, scope: Scope) -> tuple[str | None, Mapping[str, Any] | None]:
        """(template, path parameters) of the route that answered, or (None, None)."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return None, None
        params: Mapping[str, Any] = scope.get("path_params") or {}
        key = (endpoint, frozenset(params))
        template = self._templates.get(key)
        if template is None:
            app = scope.get("app")
            if app is not None and app is not self._seen_app:
                self._seen_app = app
                self._templates.update(_walk(app.routes, "", frozenset()))
                template = self._templates.get(key)
            if template is None:
                route = scope.get("route")
                template = self._templates[key] = getattr(route, "path", "") or ""
        return template or None, params


def _walk(routes: list[BaseRoute], prefix: str, names: frozenset[str]) -> Iterator[tuple[Any, str]]:
    for route in routes:
        if isinstance(route, Route):
            yield (route.endpoint, names | frozenset(route.param_convertors)), prefix + route.path
        elif isinstance(route, Mount):
            yield from _walk(route.routes, prefix + route.path, names | frozenset(route.param_convertors) - {"path"})
        elif isinstance(route, Host):
            yield from _walk(route.routes, prefix, names | frozenset(route.param_convertors))
