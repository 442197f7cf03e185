"""What will happen: revenue, orders, traffic, categories and best sellers, and what will run out."""

from collections.abc import Callable
from datetime import date
from typing import Any

from opsplug.locales import Texts
from opsplug.services.insight.insight import Insight
from opsplug.web.admin import forecast_chart, formatting
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response

WEEKS = 4
MOST_STOCK = 15  # rows of what runs out that the page shows


class ForecastsPage(ReadOnly):
    name, group, role, words = "forecasts", "see", "viewer", Texts("stats_forecasts")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        told = self._insight().people.document("forecasts") or {}
        found = {f"{one['kind']}:{one['key']}": one for one in told.get("series", [])}
        key = ask.request.query.get("series", "")
        shown = found.get(key) or next(iter(found.values()), None)
        if ask.extension == "csv":
            wanted = _stock(ask, told) if ask.request.query.get("list") == "stock" else None
            if wanted is not None:
                return ask.csv([[column["name"] for column in wanted["columns"]], *wanted["rows"]])
            return ask.csv(_file(ask, told, shown))
        return ask.page(
            "forecasts.html",
            empty=self._empty(ask, told),
            stock=_first(ask, _stock(ask, told)),
            stock_file=f"{ask.here}.csv?list=stock" if told.get("stock") else "",
            chart=None if shown is None else self._chart(ask, told, shown),
            chosen=None if shown is None else f"{shown['kind']}:{shown['key']}",
            choices=[(name, _name(ask, one)) for name, one in found.items()],
            judged=None if shown is None else _judged(ask, shown),
            summary=_summary(ask, found),
        )

    @staticmethod
    def _empty(ask: Ask, told: dict[str, Any]) -> str:
        if not told:
            return str(ask.words["empty"])
        if told.get("reason"):
            return str(ask.words["too_few"].format(have=told["have_days"], need=told["need_days"]))
        return "" if told["series"] else str(ask.words["empty"])

    @staticmethod
    def _chart(ask: Ask, told: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
        title = ask.words["chart"].format(name=_name(ask, shown))
        return forecast_chart.chart(title, date.fromisoformat(told["days"][-1]), shown, ask.formats)


def _name(ask: Ask, one: dict[str, Any]) -> str:
    words = ask.words["kinds"]
    if one["kind"] in ("category", "item"):
        return f"{words[one['kind']]}: {one['name']}"
    return f"{words[one['kind']]} {one['key']}".strip()


def _judged(ask: Ask, one: dict[str, Any]) -> str:
    model = ask.words["models"].get(one["model"], one["model"])
    if one["error"] is None:
        return str(ask.words["judged_short"].format(model=model))
    better = 100 * (1 - one["error"])
    return str(
        ask.words["judged" if better >= 1 else "judged_naive"].format(model=model, better=ask.formats.number(better))
    )


def _summary(ask: Ask, found: dict[str, dict[str, Any]]) -> formatting.Table:
    """The next four weeks of each series beside the last four."""
    rows = []
    for one in found.values():
        before, ahead = sum(one["past"][-7 * WEEKS :]), sum(one["mean"][: 7 * WEEKS])
        known = before > 0 and len(one["past"]) >= 7 * WEEKS
        change = f"{ask.formats.signed(100 * (ahead / before - 1))} %" if known else "–"
        rows.append([_name(ask, one), ask.formats.rounded(before), ask.formats.rounded(ahead), change])
    table = formatting.table(ask.words, ("series", "last_weeks", "next_weeks", "change"), rows, "", numbers_from=1)
    table["title"] = ask.words["summary"]
    return table


def _date(ask: Ask, text: str | None) -> str:
    return ask.formats.day(date.fromisoformat(text)) if text else ""


def _stock(ask: Ask, told: dict[str, Any]) -> formatting.Table:
    formats, rows = ask.formats, []
    for one in told.get("stock", []):
        late = _date(ask, one["late"]) or ask.words["later"]
        rows.append(
            [one["name"], formats.number(one["stock"]), formats.significant(one["a_day"]),
             _date(ask, one["date"]) or ask.words["later"],
             f"{_date(ask, one['early'])} – {late}"]
        )  # fmt: skip
    names = ("item", "stock", "a_day", "runs_out", "between")
    table = formatting.table(ask.words, names, rows, ask.words["no_stock"], numbers_from=1)
    table["title"] = ask.words["stock_title"]
    return table


def _first(ask: Ask, table: formatting.Table) -> formatting.Table:
    """The soonest; the file has all."""
    count = len(table["rows"])
    if count > MOST_STOCK:
        table["note"] = ask.words["stock_more"].format(shown=MOST_STOCK, count=ask.formats.number(count))
    return {**table, "rows": table["rows"][:MOST_STOCK]}


def _file(ask: Ask, told: dict[str, Any], shown: dict[str, Any] | None) -> list[list[str]]:
    head = [ask.words["day"], ask.words["expected"], ask.words["band80"], ask.words["band95"]]
    if shown is None:
        return [head]
    return [head, *ForecastsPage._chart(ask, told, shown)["rows"]]
