"""Numbers of the stats page as words, rows and files."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from opsplug.locales.formats import Formats
from opsplug.services.outcomes.statistics import Figure, Overview
from opsplug.services.transfer.cells import is_formula
from opsplug.web.admin import charts

_NUMBER = re.compile(r"[+\-−]?[\d.,]+(?:[\u00a0\u202f]\d+)*[ \u00a0]?%?")  # a minus sign alone makes no formula
Table = dict[str, Any]  # title, columns ({name, number}), rows of text, empty: what to say when there is no row


def numbers(overview: Overview, words: Mapping[str, Any], formats: Formats) -> list[dict[str, Any]]:
    """The four numbers of the first screen; with several currencies the largest one is shown."""
    numbers = [
        _number(words["visitors"], overview.visitors, formats),
        _number(words["orders"], overview.orders, formats),
    ]
    revenue = max(overview.revenue.items(), key=lambda entry: entry[1].now, default=("", Figure(0, 0, [])))
    numbers.append(_number(f"{words['revenue']} {revenue[0]}".strip(), revenue[1], formats))
    visitors, buyers = overview.visitors, overview.buyers
    share = 100 * buyers.now / visitors.now if visitors.now else 0.0
    before = 100 * buyers.before / visitors.before if visitors.before else 0.0
    conversion = _number(words["conversion"], Figure(share, before, overview.orders.days), formats)
    conversion["text"] = formats.percent(share / 100, 1)
    if not any(overview.page_views):  # orders alone: everybody who is known has bought
        conversion |= {"text": "–", "change": words["no_visits"], "tone": ""}
    if overview.agreed is not None and overview.agreed < 0.995:
        numbers[0]["note"] = conversion["note"] = words["agreed"].format(share=formats.percent(overview.agreed))
    return [*numbers, conversion]


def _number(name: str, figure: Figure, formats: Formats) -> dict[str, Any]:
    change, tone = "–", ""
    if figure.before:
        percent = 100 * (figure.now - figure.before) / figure.before
        sign = "▲" if percent > 0 else "▼" if percent < 0 else "="
        change = f"{sign} {formats.percent(abs(percent) / 100)}"
        tone = "better" if percent > 0 else "worse" if percent < 0 else ""
    return {
        "name": name,
        "text": formats.number(figure.now),
        "change": change,
        "tone": tone,
        "spark": charts.spark(figure.days),
    }


def table(
    words: Mapping[str, Any], names: Sequence[str], rows: list[list[str]], empty: str, *, numbers_from: int
) -> Table:
    columns = [{"name": words[name], "number": place >= numbers_from} for place, name in enumerate(names)]
    return {"title": "", "columns": columns, "rows": rows, "empty": empty}


def quality(measured: Any, words: Mapping[str, Any], formats: Formats) -> str:
    """What was measured, as a sentence where it is a measure of the recommender or of the order by clicks."""
    if isinstance(measured, dict) and "to mix" in measured:
        names = {"ratio": "to mix", "low": "to mix low", "high": "to mix high"}
        ratios = {name: formats.number(float(measured[key]), 2) for name, key in names.items()}
        return str(words["measured_slots"].format(clicks=formats.number(float(measured["clicks"])), **ratios))
    if not isinstance(measured, dict) or "to_popularity" not in measured:
        return metrics(measured)
    names = {"ndcg": "ndcg@10", "ratio": "to_popularity", "low": "to_popularity_low", "high": "to_popularity_high"}
    numbers = {name: formats.significant(float(measured.get(key, 0))) for name, key in names.items()}
    return str(words["measured"].format(questions=formats.number(float(measured.get("questions", 0))), **numbers))


def metrics(measured: Any) -> str:
    if not isinstance(measured, dict) or not measured:
        return "–"
    return ", ".join(f"{name} {value:.4g}" for name, value in measured.items() if isinstance(value, int | float))


def bytes_on_disk(size: int, formats: Formats) -> str:
    return f"{formats.number(size / 1e6, 1)} MB" if size < 1e9 else f"{formats.number(size / 1e9, 2)} GB"


def overview_rows(overview: Overview, words: Mapping[str, Any]) -> list[list[str]]:
    head = [words[name] for name in ("day", "page_views", "visitors", "orders", "chart_events", "bots")]
    columns = (overview.page_views, overview.visitors.days, overview.orders.days, overview.events, overview.bots)
    return [
        head,
        *([day.isoformat(), *(f"{column[i]:.0f}" for column in columns)] for i, day in enumerate(overview.days)),
    ]


def csv_file(rows: list[list[str]]) -> bytes:
    """Cells that a spreadsheet would run as a formula are made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    if not is_formula(cell) or _NUMBER.fullmatch(cell):
        return cell
    return "'" + re.sub(r"[;\t\r\n]", " ", cell)


def together(text: str) -> str:
    """A number and its unit stay on one line."""
    for unit in ("%", "s", "ms"):
        text = text.replace(f" {unit} ", f"\u00a0{unit} ").replace(f" {unit})", f"\u00a0{unit})")
    return text
