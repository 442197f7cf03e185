"""Who will buy and who may be gone: how good the probabilities are, and what moves them."""

import math
from collections.abc import Callable
from typing import Any

from opsplug.locales import Texts
from opsplug.locales.formats import Formats
from opsplug.services.insight.feature_contributions import feature_name
from opsplug.services.insight.insight import Insight
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response

SIDE, EDGE = 320, 40  # of the calibration chart
ENDS = (1, 2, 4, 8, 12, 20, 40, 60, 80, 100)  # percent at which an axis of probabilities may end: four round steps


class PropensityPage(ReadOnly):
    name, group, role, words = "propensity", "quality", "viewer", Texts("stats_propensity")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        told = self._insight().people.document("propensity") or {}
        heads = [_head(ask, name, one) for name, one in told.get("questions", {}).items()]
        if ask.extension == "csv":
            rows = [[head["title"], *row] for head in heads for row in head.get("quality", {}).get("rows", [])]
            return ask.csv([[ask.words[name] for name in ("question", "measure", "ours", "crossed", "plain")], *rows])
        return ask.page(
            "propensity.html", heads=heads, drift=_drift(ask, told.get("drift", [])), at=ask.formats.day(told.get("at"))
        )


def _head(ask: Ask, name: str, one: dict[str, Any]) -> dict[str, Any]:
    words, formats = ask.words, ask.formats
    title = words["questions"][name].format(days=formats.number(one["horizon"]))
    head: dict[str, Any] = {"name": name, "title": title}
    if "metrics" not in one:
        have = one["have"]
        return head | {"missing": words["missing_data"].format(**have)}
    state = "serves_average" if one["model"] == "base rate" else "serves"
    serves = words[state if one["served"] else "refused_model"].format(rows=formats.number(one["rows"]))
    return head | {
        "serves": serves,
        "served": one["served"],
        "expected": formats.percent(one["expected"], 1),
        "visitors": formats.number(one["visitors"]),
        "quality": _quality(ask, one),
        "chart": _calibration(ask, one["bins"]),
        "spread": _spread(one["histogram"], formats),
        "reasons": _reasons(ask, one["reasons"]),
    }


def _quality(ask: Ask, one: dict[str, Any]) -> formatting.Table:
    words = ask.words
    forms = {
        "auroc": (words["times"], 0),
        "average_precision": ("{value} %", 0),
        "calibration_error": (words["points"], 1),
    }
    rows = [
        [words[name], *(_said(ask, form, digits, one[part].get(name)) for part in ("forward", "metrics", "baseline"))]
        for name, (form, digits) in forms.items()
    ]
    table = formatting.table(ask.words, ("measure", "ours", "crossed", "plain"), rows, "", numbers_from=1)
    table["title"], table["note"] = ask.words["quality_title"], ask.words["quality_note"]
    return table


def _said(ask: Ask, form: str, digits: int, share: float | None) -> str:
    return (
        "–" if share is None or not math.isfinite(share) else form.format(value=ask.formats.number(100 * share, digits))
    )


def _calibration(ask: Ask, bins: list[list[float]]) -> dict[str, Any]:
    """What was said beside what came, ten groups of equal size; on the diagonal the model keeps its word."""
    most = 100 * max((value for said, seen, _ in bins for value in (said, seen)), default=0.0)
    end = next(percent for percent in ENDS if percent >= min(most, ENDS[-1]))
    top, ticks = end / 100, [end * part / 4 for part in range(5)]
    inner = SIDE - EDGE

    def at(said: float, seen: float) -> tuple[float, float]:
        return round(EDGE + inner * said / top * 0.96, 1), round(inner * (1 - seen / top * 0.96), 1)

    formats = ask.formats
    rows = [[formats.percent(said, 1), formats.percent(seen, 1), formats.number(n)] for said, seen, n in bins]
    return {
        "side": SIDE,
        "edge": EDGE,
        "inner": inner,
        "points": [
            {"x": at(said, seen)[0], "y": at(said, seen)[1],
             "text": ask.words["point"].format(
                 said=formats.number(100 * said), seen=formats.number(100 * seen), n=formats.number(n))}
            for said, seen, n in bins
        ],
        "line": [*at(0, 0), *at(top, top)],
        "ticks": [{"x": at(tick / 100, 0)[0], "y": at(0, tick / 100)[1], "text": f"{formats.plain(tick)} %"}
                  for tick in ticks],
        "rows": rows,
    }  # fmt: skip


def _spread(histogram: list[int], formats: Formats) -> list[dict[str, Any]]:
    most = max([*histogram, 1])
    return [
        {
            "name": f"{10 * place}–{10 * place + 10} %",
            "count": formats.number(count),
            "percent": round(100 * count / most, 1),
        }
        for place, count in enumerate(histogram)
    ]


def _reasons(ask: Ask, reasons: list[list[Any]]) -> list[dict[str, Any]]:
    most = max([weight for _, weight in reasons], default=1) or 1
    return [
        {
            "name": feature_name(name, ask.language),
            "text": f"± {ask.formats.percent(weight, 1)}",
            "percent": round(100 * weight / most, 1),
        }
        for name, weight in reasons[:10]
        if weight >= 0.0005
    ]


def _drift(ask: Ask, rows: list[dict[str, Any]]) -> formatting.Table:
    formats = ask.formats
    shown = [[formats.day(row["at"]), *(formats.percent(row[name], 1) for name in ("said", "came"))] for row in rows]
    table = formatting.table(ask.words, ("said_on", "said", "came"), shown, ask.words["no_drift"], numbers_from=1)
    table["title"], table["note"] = ask.words["drift_title"], ask.words["drift_note"]
    return table
