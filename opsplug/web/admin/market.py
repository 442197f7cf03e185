"""What rises and what falls beside the shop as a whole: items, categories and search terms."""

from collections.abc import Callable
from typing import Any

from opsplug.locales import Texts
from opsplug.services.insight.insight import Insight
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response

LISTS = ("items_bought", "categories_bought", "searches", "items_viewed", "categories_viewed")


class MarketPage(ReadOnly):
    name, group, role, words = "market", "see", "viewer", Texts("stats_market")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        told = self._insight().people.document("market") or {}
        tables = [_table(ask, told, name, up) for name in LISTS for up in (True, False) if _known(told, name)]
        if ask.extension == "csv":
            head = [ask.words[name] for name in ("list", "name", "before", "now", "change", "between")]
            return ask.csv([head, *([table["title"], *row] for table in tables for row in table["rows"])])
        empty = "" if tables else ask.words["empty"]
        shown = [table for table in tables if table["rows"]]
        if tables and not shown:
            empty = ask.words["quiet_market"]
        return ask.page("market.html", tables=shown, empty=empty, download=f"{ask.here}.csv")


def _known(told: dict[str, Any], name: str) -> bool:
    return bool(sum(told.get(f"counts_{name.rsplit('_', 1)[-1]}", (0, 0))))


def _table(ask: Ask, told: dict[str, Any], name: str, up: bool) -> formatting.Table:
    words = ask.words
    rows = [
        [
            one["name"],
            ask.formats.number(one["before"]),
            ask.formats.number(one["now"]),
            _change(one, ask),
            _between(one, ask),
        ]
        for one in told[name]
        if (one["change"] > 1) is up
    ]
    table = formatting.table(words, ("name", "before", "now", "change", "between"), rows, "", numbers_from=1)
    table["title"] = words["lists"][name].format(way=words["up" if up else "down"])
    return table


def _change(one: dict[str, Any], ask: Ask) -> str:
    sign = "▲" if one["change"] > 1 else "▼"
    if one["before"] < 3 and one["change"] > 1:
        return f"{sign} {ask.words['new']}"
    return f"{sign} × {ask.formats.number(one['change'], 1 if one['change'] >= 0.1 else 2)}"


def _between(one: dict[str, Any], ask: Ask) -> str:
    if one["before"] < 3 and one["change"] > 1:
        return "–"
    return f"{ask.formats.number(one['lower'], 2)} – {ask.formats.number(one['upper'], 2)}"
