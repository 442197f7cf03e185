"""From what was served to catalogue records: which route shows products, what its pages say, and what is gone.

One thread calls this (see `reader`). Everything is bounded: routes, pages kept for comparing, addresses of products.
"""

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opsplug.capture.discovery.answers import read_answer
from opsplug.capture.discovery.cards import Lists
from opsplug.capture.discovery.comparing import FEWEST, Template, learn
from opsplug.capture.discovery.dom import Layout, read_layout
from opsplug.capture.discovery.markup import read_page

MAX_ROUTES: Final = 60
MAX_PRODUCTS: Final = 50_000
_KEPT, _KEPT_OTHER = 40, 12  # pages of a product route, and of another, that are kept for comparing
_COMPARED: Final = 24
_STEPS: Final = frozenset((3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 36))  # pages at which a route is compared again
_ANEW: Final = 3  # pages in a row that a template cannot read: the shop's theme has changed
_TWINS: Final = 3  # addresses that say all the same: a page that says "not found" with status 200
MOST_GONE: Final = 5
_PARAMETER: Final = re.compile(r"<(?:([^<>:]+):)?([^<>:]+)>|\{([^{}:]+)(?::([^{}]*))?\}")
_ID_NAMES: Final = ("item_id", "product_id", "sku", "id", "pk", "slug", "handle", "code", "product")

Put = Callable[[Sequence[Mapping[str, Any]]], Any]
Note = Callable[[str], None]


@dataclass(slots=True)
class Sight:
    """One answer of the shop to a visitor. `media`: html, json, or gone (404, 410 or a redirect)."""

    path: str
    route: str | None
    params: Mapping[str, Any]
    media: str
    body: bytes = b""
    host: str = ""
    status: int = 200


@dataclass(slots=True)
class _Route:
    """What is known of one route."""

    pages: deque[Layout] = field(default_factory=lambda: deque(maxlen=_KEPT_OTHER))
    ids: OrderedDict[str, str] = field(default_factory=OrderedDict)  # path -> item id
    count: int = 0
    fresh: int = 0  # pages read since this theme was met
    template: Template | None = None
    failed: list[str] = field(default_factory=list)  # paths in a row that the template could not read
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # path -> what its page said

    @property
    def shows_products(self) -> bool:
        return self.template is not None and self.template.is_product


class Learner:
    """`see(sight)` learns. `put` takes catalogue records, `remove` ids, `explain` (item id, evidence) pairs."""

    def __init__(
        self, put: Put, remove: Callable[[Sequence[str]], Any], explain: Callable[[Sequence[tuple[str, Any]]], Any],
        *, report: Callable[[list[dict[str, Any]]], Any] = lambda routes: None, product_routes: Iterable[str] = (),
        note: Note = lambda name: None,
    ) -> None:  # fmt: skip
        self._put = put
        self._remove = remove
        self._explain = explain
        self._report = report
        self._note = note
        self._certain = frozenset(map(shape, product_routes))
        self._routes: OrderedDict[str, _Route] = OrderedDict()
        self._lists = Lists()
        self._said: OrderedDict[str, dict[str, Any]] = OrderedDict()  # item id -> the record that was put last
        self.known: dict[str, str] = {}  # path of a product's page -> item id; read by request threads
        self._pages_by_value: OrderedDict[str, tuple[str, str]] = OrderedDict()  # parameter -> (path, route)
        self._gone_in_row = 0
        self._from_answers: dict[str, dict[str, Any]] = {}

    def see(self, sight: Sight) -> None:
        """Learn from one answer."""
        if sight.media == "gone":
            self._gone(sight.path)
        elif sight.media == "json":
            self._answers(read_answer(sight.body, sight.path, sight.host))
        else:
            self._page(sight)

    # -- pages ----------------------------------------------------------------------------------------------------
    def _page(self, sight: Sight) -> None:
        marked = read_page(sight.body, sight.path, sight.host)
        if marked.hidden or (marked.canonical is not None and _same(marked.canonical) != _same(sight.path)):
            return
        layout = read_layout(sight.body, sight.path, sight.host)
        if layout is None:
            return
        route = sight.route or ""
        self._lists.read(layout, route)
        if len(sight.params) >= 1:
            for value in sight.params.values():
                self._pages_by_value[str(value)] = (sight.path, route)
            while len(self._pages_by_value) > MAX_PRODUCTS:
                self._pages_by_value.popitem(last=False)
        if marked.products:
            self._marked(marked.products, layout, sight)
        elif sight.params:
            self._compare(sight, layout)
        self._from_lists()
        self._link_answers()

    def _marked(self, products: Sequence[Mapping[str, Any]], layout: Layout, sight: Sight) -> None:
        """The page says itself what it is about; lists may know its category."""
        records = [dict(record) for record in products]
        if len(records) == 1 and records[0].get("url") == sight.path:
            self.known[sight.path] = records[0]["item_id"]
            if "item_category" not in records[0]:
                records[0].update(self._category_of(sight.path))
        self._send(
            {
                record["item_id"]: (record, {"origin": "markup", "page": sight.path})
                for record in records
                if "item_id" in record
            }
        )

    def _compare(self, sight: Sight, layout: Layout) -> None:
        route = self._route(sight.route or "")
        route.count += sight.path not in route.ids
        route.fresh += 1
        route.ids[sight.path] = item_id_of(sight.params) or sight.path.strip("/")
        for kept in [one for one in route.pages if one.path == sight.path]:
            route.pages.remove(kept)
        route.pages.append(layout)
        while len(route.ids) > MAX_PRODUCTS:
            route.ids.popitem(last=False)
        if route.fresh in _STEPS or (route.template is None and route.fresh % 10 == 0):
            self._learn(sight.route or "", route)
        if route.template is not None:
            self._read(route, [layout])

    def _route(self, name: str) -> _Route:
        route = self._routes.setdefault(name, _Route())
        self._routes.move_to_end(name)
        while len(self._routes) > MAX_ROUTES:
            victim = next(
                (key for key, one in self._routes.items() if not one.shows_products), next(iter(self._routes))
            )
            del self._routes[victim]
        return route

    def _learn(self, name: str, route: _Route) -> None:
        if len(route.pages) < FEWEST:
            return
        template = learn(list(route.pages)[-_COMPARED:], self._lists.texts, certain=shape(name) in self._certain)
        if template is None or not template.is_product or not self._is_shop(name, route, template):
            return
        route.template = template
        route.failed.clear()
        if route.pages.maxlen != _KEPT:
            route.pages = deque(route.pages, _KEPT)
        self._read(route, list(route.pages))
        self._report(self.routes())

    def _is_shop(self, name: str, route: _Route, template: Template) -> bool:
        """Whether a route with names and prices shows what can be bought: a button, or lists that lead there."""
        if template.is_certain:
            return True
        if template.amounts < min(3, len(route.pages) - 1):
            return False  # the same sum on every page is a fee, or somebody's word
        if template.with_button >= 0.5:
            return True
        paths = [layout.path for layout in route.pages]
        return sum(map(self._lists.listed, paths)) >= 0.3 * len(paths) and template.prices[0].points >= 4

    def _read(self, route: _Route, layouts: Sequence[Layout]) -> None:
        assert route.template is not None
        found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        for layout in layouts:
            fields = route.template.read(layout)
            item_id = route.ids.get(layout.path)
            if not fields or item_id is None or ("price" not in fields and route.template.with_price > 0.9):
                self._unread(route, layout)
                continue
            route.failed.clear()
            evidence = fields.pop("evidence")
            route.fields[layout.path] = fields
            if "item_category" not in fields and (category := self._category_of(layout.path)):
                fields = {**fields, **category}
                evidence = {**evidence, "item_category": "the list it stands in"}
            record = {"item_id": item_id, **fields, "url": layout.path}
            confidence = round(1 - 0.5 ** (route.template.names[0].points - 2), 2)
            found[item_id] = (record, {"origin": "compared pages", "page": layout.path, "confidence": confidence,
                                       "pages": route.template.pages, "fields": evidence})  # fmt: skip
        self._send(self._without_twins(route, found))

    def _unread(self, route: _Route, layout: Layout) -> None:
        """A page of the route that is none of a product: one alone is gone, several in a row are a new theme."""
        route.failed.append(layout.path)
        if len(route.failed) >= _ANEW:
            paths = set(route.failed)
            recent = [one for one in route.pages if one.path in paths]
            route.pages = deque(recent, _KEPT)
            route.failed.clear()
            route.fresh = len(recent)
            template = learn(
                recent, self._lists.texts, certain=route.template is not None and route.template.is_certain
            )
            if template is not None and template.is_product:
                route.template = template
                self._note("catalogue_templates_relearnt")
                self._read(route, recent)
        elif layout.path in self.known:
            self._gone(layout.path)

    def _without_twins(self, route: _Route, found: dict[str, Any]) -> dict[str, Any]:
        """Pages that say all the same at several addresses are about nothing: a soft "not found", say."""
        said = Counter(map(_says, route.fields.values()))
        twins = {key for key, n in said.items() if n >= _TWINS}
        if not twins:
            return found
        wrong = [item_id for item_id, record in self._said.items() if _says(record) in twins]
        if wrong:
            self._forget(wrong)
        return {item_id: pair for item_id, pair in found.items() if _says(pair[0]) not in twins}

    # -- lists and answers ----------------------------------------------------------------------------------------
    def _category_of(self, path: str) -> dict[str, str]:
        found = self._lists.category(path, frozenset(self.known) | {path})
        return {"item_category": found[0]} if found else {}

    def _from_lists(self) -> None:
        """Products that only lists have shown so far, and categories that lists tell of known ones."""
        for name, route in self._routes.items():
            if not route.shows_products or not route.fields:
                continue
            pattern = pattern_of(name)
            listed = [path for path in self._lists.texts if path not in route.ids and pattern.fullmatch(path)][
                :MAX_PRODUCTS
            ]
            found = {}
            for path, fields in self._lists.unopened(
                route.fields, [p for p in listed if self._lists.listed(p)]
            ).items():
                match = pattern.fullmatch(path)
                item_id = item_id_of(match.groupdict()) if match else None
                if item_id and item_id not in self._said:
                    record = {"item_id": item_id, **fields, **self._category_of(path), "url": path}
                    found[item_id] = (
                        record,
                        {"origin": "a list", "page": path, "fields": {"item_name": "cards of lists"}},
                    )
            self._send(found)
            late = {}
            for path in route.fields:
                item_id = route.ids.get(path, "")
                before = self._said.get(item_id)
                if before and "item_category" not in before and (category := self._category_of(path)):
                    why = {"item_category": "the list it stands in"}
                    late[item_id] = ({**before, **category}, {"origin": "compared pages", "page": path, "fields": why})
            self._send(late)

    def _answers(self, records: Sequence[dict[str, Any]]) -> None:
        for record in records:
            self._from_answers[record["item_id"]] = record
        while len(self._from_answers) > MAX_PRODUCTS:
            del self._from_answers[next(iter(self._from_answers))]
        self._link_answers()

    def _link_answers(self) -> None:
        """Answers name products; the pages whose address holds such an id are theirs."""
        if len(self._from_answers) < 2:
            return
        votes = Counter(
            place[1] for item_id in self._from_answers if (place := self._pages_by_value.get(item_id)) is not None
        )
        route = next((name for name, n in votes.most_common(1) if n >= 2), "")
        found = {}
        for item_id, record in self._from_answers.items():
            if item_id in self._said and self._said[item_id].get("url"):
                continue
            url = record.get("url") or (fill(route, item_id) if route else "")
            if url:
                evidence = {"origin": "the shop's JSON", "page": url, "fields": {"url": "addresses that hold ids"}}
                found[item_id] = ({**record, "url": url}, evidence)
        self._send(found)

    # -- the catalogue --------------------------------------------------------------------------------------------
    def _send(self, found: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> None:
        records, evidence = [], []
        for item_id, (record, why) in found.items():
            page = record.get("url")
            if page:
                self.known[page] = item_id
                self._gone_in_row = 0
            if self._said.get(item_id) == record and why.get("origin") != "markup":
                continue
            records.append(record)
            evidence.append((item_id, why))
        if records:
            self._put(records)
            self._explain(evidence)
        for record in records:
            self._said[record["item_id"]] = record
            self._said.move_to_end(record["item_id"])
        while len(self._said) > MAX_PRODUCTS:
            self._said.popitem(last=False)
        if len(self.known) > 2 * MAX_PRODUCTS:
            self.known = {record["url"]: item_id for item_id, record in self._said.items() if record.get("url")}

    def _gone(self, path: str) -> None:
        """One page that is gone is an item that is gone; many in a row are a shop under maintenance."""
        if path not in self.known:
            return
        self._gone_in_row += 1
        if self._gone_in_row > MOST_GONE:
            self._note("catalogue_pages_kept")
            return
        self._note("catalogue_pages_gone")
        self._forget([self.known.pop(path)])

    def _forget(self, ids: Sequence[str]) -> None:
        for item_id in ids:
            record = self._said.pop(item_id, None) or {}
            self.known.pop(record.get("url", ""), None)
        self._remove(ids)

    def routes(self) -> list[dict[str, Any]]:
        """What is thought of each route, for the owner."""
        return [
            {
                "route": name, "pages": route.count, "products": len(route.fields), "is_product": route.shows_products,
                "why": route.template.names[0].why if route.template and route.template.names else "",
            }
            for name, route in self._routes.items()
        ]  # fmt: skip


def shape(route: str) -> str:
    """A route without its method and the names of its parameters."""
    return _PARAMETER.sub("<>", route.split()[-1])


def item_id_of(params: Mapping[str, Any]) -> str | None:
    """The id that a route's parameters name: by name, else the only or the last one."""
    texts = {name: str(value) for name, value in params.items() if isinstance(value, str | int)}
    lowered = {name.lower(): text for name, text in texts.items()}
    found = next((lowered[name] for name in _ID_NAMES if lowered.get(name)), None)
    return found or next(iter(reversed(texts.values())), None)


def pattern_of(route: str) -> re.Pattern[str]:
    """Addresses of a route: `/product/<int:id>` -> /product/(one step)."""
    parts, end = [], 0
    for number, match in enumerate(_PARAMETER.finditer(route)):
        name = match[2] or match[3] or f"p{number}"
        is_path = "path" in (match[1], match[4])
        group = name if name.isidentifier() else f"p{number}"
        parts += [re.escape(route[end : match.start()]), f"(?P<{group}>{'.+' if is_path else '[^/]+'})"]
        end = match.end()
    return re.compile("".join(parts) + re.escape(route[end:]))


def fill(route: str, item_id: str) -> str:
    """The address of an item: the route's one parameter replaced; "" for a route with several."""
    return _PARAMETER.sub(lambda _: item_id, route) if len(_PARAMETER.findall(route)) == 1 else ""


def _says(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record.get("item_name"), record.get("price"), record.get("image_url")


def _same(path: str) -> str:
    return path.rstrip("/") or "/"
