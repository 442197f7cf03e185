"""Route templates that answered here: with them a path that a browser reports gets the route that the server knows.

Without it a fault on every product page is many small faults at as many addresses.
"""

from __future__ import annotations

import re
import threading

MAX_TEMPLATES = 500  # no shop has so many; set by hand, so that a faulty one costs no memory
_WILD = re.compile(r"<path:[^<>]+>|\{[^{}:]+:path\}")
_PARAMETER = re.compile(r"<[^<>]+>|\{[^{}]+\}")
Pattern = tuple[str | None, ...]  # segments; None is a parameter


class RouteTemplates:
    """`learn` what answered, ask for the template `of` a path. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._by_length: dict[int, list[tuple[Pattern, str]]] = {}
        self._wild: list[tuple[str, str]] = []  # (what stands before a parameter of any length, template)
        self._lock = threading.Lock()

    def learn(self, template: str, canonical: str) -> None:
        """Remember a template, `/item/<int:id>` or `/item/{id}`, and how events name it."""
        if template in self._known or len(self._known) >= MAX_TEMPLATES:
            return
        with self._lock:
            self._known.add(template)
            wild = _WILD.search(template)
            if wild:
                self._wild = sorted([*self._wild, (template[: wild.start()], canonical)], key=lambda one: -len(one[0]))
                return
            pattern = tuple(None if _PARAMETER.search(part) else part for part in template.split("/"))
            same = [*self._by_length.get(len(pattern), ()), (pattern, canonical)]
            same.sort(key=lambda one: (one[0].count(None), one[1]))  # /item/new comes before /item/<id>
            self._by_length[len(pattern)] = same

    def of(self, path: str) -> str:
        """The template that a path belongs to, or the path itself."""
        parts = path.split("/")
        for pattern, canonical in self._by_length.get(len(parts), ()):
            if all(part if own is None else part == own for own, part in zip(pattern, parts, strict=True)):
                return canonical
        for start, canonical in self._wild:
            if len(path) > len(start) and path.startswith(start) and "<" not in start and "{" not in start:
                return canonical
        return path
