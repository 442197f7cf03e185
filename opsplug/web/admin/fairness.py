"""Who is shown, who is served how well, what evening out would cost, and what there is to learn from."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from opsplug.locales import Texts
from opsplug.services.outcomes.effects import Effects
from opsplug.web.admin.figures import Table, table
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.admin.rules import costs
from opsplug.web.http import Response

Words = Mapping[str, Any]


class FairnessPage(ReadOnly):
    name, group, role, words = "fairness", "quality", "viewer", Texts("stats_fairness")

    def __init__(self, effects: Callable[[], Effects]) -> None:
        self._effects = effects

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        found, words = self._effects().fairness(), ask.words
        if found is None:
            return ask.page("fairness.html", found=None, tables=[])
        if ask.extension == "json":
            return ask.json(found)
        tables = [*_exposure(found, words, whole=ask.extension == "csv"), *_quality(found, words)]
        if ask.extension == "csv":
            return ask.csv([row for one in tables for row in _file(one)])
        return ask.page(
            "fairness.html", found=found, tables=tables, download=f"{ask.here}.csv",
            alerts=[_alert(one, words) for one in found["alerts"]], costs=costs(found["sliders"], words),
            learnt=_learnt(found["diversity"], words), concerns=_concerns(found["diversity"], words),
            at=datetime.fromtimestamp(float(found["at"]), UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )  # fmt: skip


def _exposure(found: Mapping[str, Any], words: Words, *, whole: bool) -> list[Table]:
    """A row for each group that can be judged, and one for all smaller ones; `whole`: a row for each of them, too."""
    tables = []
    for name, rows in found["exposure"].items():
        small = [row for row in rows if row["ratio"] is None]
        together = not whole and len(small) > 1
        shown = [row for row in rows if row["ratio"] is not None] if together else rows
        lines = [_shares(_group(name, row["group"], words), [row], words) for row in shown]
        if together:
            lines.append(_shares(words["smaller"].format(count=f"{len(small):,}"), small, words))
        columns = ("group", "items", "of_catalogue", "of_demand", "of_shown", "ratio")
        one = table(words, columns, lines, "", numbers_from=1)
        tables.append({**one, "title": words["shown_by"].format(by=words["by"][name])})
    return tables


def _shares(group: str, rows: list[Mapping[str, Any]], words: Words) -> list[str]:
    items = sum(row["items"] for row in rows)
    shares = [_percent(sum(row[name] for row in rows)) for name in ("catalogue", "demand", "exposure")]
    ratio = rows[0]["ratio"] if len(rows) == 1 else None
    return [group, f"{items:,}", *shares, words["too_small"] if ratio is None else f"{ratio:.2f}"]


def _quality(found: Mapping[str, Any], words: Words) -> list[Table]:
    tables = []
    for name, rows in found["quality"].items():
        lines = [
            [_group(name, row["group"], words), f"{row['questions']:,}", f"{row['ndcg']:.3f}",
             f"{row['low']:.3f} – {row['high']:.3f}", _percent(row["coverage"])]
            for row in rows
        ]  # fmt: skip
        one = table(words, ("group", "questions", "ndcg", "interval", "coverage"), lines, "", numbers_from=1)
        tables.append({**one, "title": words["served_by"].format(by=words["by"][name])})
    return tables


def _alert(one: Mapping[str, Any], words: Words) -> str:
    group = _group(one["by"], one["group"], words)
    return str(words[one["what"]].format(by=words["by"][one["by"]], group=group, value=f"{one['value']:.2f}"))


def _group(name: str, group: str, words: Words) -> str:
    named: str = words["groups_of"].get(name, {}).get(group, group)
    return named or str(words["unknown"])


def _learnt(one: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    counts = [(words[name], f"{one[name]:,}") for name in ("events", "visitors", "returning", "items", "days")]
    shares = [(words[name], _percent(one[name])) for name in ("untouched", "top_items", "top_visitors")]
    spoken = [(words["speaks"].format(language=name), f"{count:,}") for name, count in one["languages"].items()]
    return [*counts, *shares, *spoken]


def _concerns(one: Mapping[str, Any], words: Words) -> list[str]:
    found = []
    for what, have, need in one["concerns"]:
        name, _, language = what.partition(" ")
        if name == "language":
            found.append(words["few_of_language"].format(language=language, have=f"{have:,.0f}", need=f"{need:,.0f}"))
        elif name.startswith("top_"):
            found.append(words["concentrated"].format(what=words[name], have=_percent(have), need=_percent(need)))
        else:
            found.append(words["few"].format(what=words[name], have=f"{have:,.0f}", need=f"{need:,.0f}"))
    return found


def _file(one: Table) -> list[list[str]]:
    return [[one["title"]], [column["name"] for column in one["columns"]], *one["rows"]]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
