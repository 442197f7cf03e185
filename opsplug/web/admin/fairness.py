"""Who is shown, who is served how well, what evening out would cost, and what there is to learn from."""

from collections.abc import Callable, Mapping
from typing import Any

from opsplug.locales import Texts
from opsplug.services.outcomes.effects import Effects
from opsplug.web.admin.formatting import Table, table
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
        found = self._effects().fairness()
        if found is None:
            return ask.page("fairness.html", found=None, tables=[])
        if ask.extension == "json":
            return ask.json(found)
        tables = [*_exposure(found, ask, whole=ask.extension == "csv"), *_quality(found, ask)]
        if ask.extension == "csv":
            return ask.csv([row for one in tables for row in _file(one)])
        return ask.page(
            "fairness.html", found=found, tables=tables, download=f"{ask.here}.csv",
            alerts=[_alert(one, ask) for one in found["alerts"]], costs=costs(found["sliders"], ask),
            learnt=_learnt(found["diversity"], ask), concerns=_concerns(found["diversity"], ask),
            at=ask.formats.moment(float(found["at"])),
        )  # fmt: skip


def _exposure(found: Mapping[str, Any], ask: Ask, *, whole: bool) -> list[Table]:
    """A row for each group that can be judged, and one for all smaller ones; `whole`: a row for each of them, too."""
    words, tables = ask.words, []
    for name, rows in found["exposure"].items():
        small = [row for row in rows if row["ratio"] is None]
        together = not whole and len(small) > 1
        shown = [row for row in rows if row["ratio"] is not None] if together else rows
        lines = [_shares(_group(name, row["group"], words), [row], ask) for row in shown]
        if together:
            lines.append(_shares(words["smaller"].format(count=ask.formats.number(len(small))), small, ask))
        columns = ("group", "items", "of_catalogue", "of_demand", "of_shown", "ratio")
        one = table(words, columns, lines, "", numbers_from=1)
        tables.append({**one, "title": words["shown_by"].format(by=words["by"][name])})
    return tables


def _shares(group: str, rows: list[Mapping[str, Any]], ask: Ask) -> list[str]:
    formats, items = ask.formats, sum(row["items"] for row in rows)
    shares = [formats.percent(sum(row[name] for row in rows), 1) for name in ("catalogue", "demand", "exposure")]
    ratio = rows[0]["ratio"] if len(rows) == 1 else None
    return [
        group,
        formats.number(items),
        *shares,
        ask.words["too_small"] if ratio is None else formats.number(ratio, 2),
    ]


def _quality(found: Mapping[str, Any], ask: Ask) -> list[Table]:
    words, formats, tables = ask.words, ask.formats, []
    for name, rows in found["quality"].items():
        lines = [
            [_group(name, row["group"], words), formats.number(row["questions"]), formats.number(row["ndcg"], 3),
             f"{formats.number(row['low'], 3)} – {formats.number(row['high'], 3)}", formats.percent(row["coverage"], 1)]
            for row in rows
        ]  # fmt: skip
        one = table(words, ("group", "questions", "ndcg", "interval", "coverage"), lines, "", numbers_from=1)
        tables.append({**one, "title": words["served_by"].format(by=words["by"][name])})
    return tables


def _alert(one: Mapping[str, Any], ask: Ask) -> str:
    words, value = ask.words, ask.formats.number(one["value"], 2)
    group = _group(one["by"], one["group"], words)
    return str(words[one["what"]].format(by=words["by"][one["by"]], group=group, value=value))


def _group(name: str, group: str, words: Words) -> str:
    named: str = words["groups_of"].get(name, {}).get(group, group)
    return named or str(words["unknown"])


def _learnt(one: Mapping[str, Any], ask: Ask) -> list[tuple[str, str]]:
    words, formats = ask.words, ask.formats
    counts = [(words[name], formats.number(one[name])) for name in ("events", "visitors", "returning", "items", "days")]
    shares = [(words[name], formats.percent(one[name], 1)) for name in ("untouched", "top_items", "top_visitors")]
    spoken = [
        (words["speaks"].format(language=name), formats.number(count)) for name, count in one["languages"].items()
    ]
    return [*counts, *shares, *spoken]


def _concerns(one: Mapping[str, Any], ask: Ask) -> list[str]:
    words, formats, found = ask.words, ask.formats, []
    for what, have, need in one["concerns"]:
        name, _, language = what.partition(" ")
        if name == "language":
            counts = {"have": formats.number(have), "need": formats.number(need)}
            found.append(words["few_of_language"].format(language=language, **counts))
        elif name.startswith("top_"):
            found.append(
                words["concentrated"].format(
                    what=words[name], have=formats.percent(have, 1), need=formats.percent(need, 1)
                )
            )
        else:
            found.append(words["few"].format(what=words[name], have=formats.number(have), need=formats.number(need)))
    return found


def _file(one: Table) -> list[list[str]]:
    return [[one["title"]], [column["name"] for column in one["columns"]], *one["rows"]]
