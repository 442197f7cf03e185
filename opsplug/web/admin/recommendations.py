"""What was recommended, clicked and bought, by placement and model; the lift; and what the slot rankers found."""

from collections.abc import Callable, Mapping
from typing import Any

from opsplug.locales import Texts
from opsplug.models.rerank.off_policy import FEWEST_CLICKS
from opsplug.services.outcomes.effects import Effects
from opsplug.services.outcomes.statistics import Statistics
from opsplug.services.recommend.holdout import Lift
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage
from opsplug.web.http import Response

FEWEST_SHOWN = 200  # impressions below which a click rate would promise more than is known
_COLUMNS = (
    "placement",
    "model",
    "impressions",
    "clicks",
    "ctr",
    "carts",
    "purchases",
    "revenue",
    "view_through",
)


class RecommendationsPage(TablePage):
    name, group, role, words = "recommendations", "see", "viewer", Texts("stats_recommendations")

    def __init__(self, statistics: Callable[[], Statistics], effects: Callable[[], Effects]) -> None:
        self._statistics = statistics
        self._effects = effects

    def get(self, ask: Ask) -> Response:
        if ask.rest or ask.extension:
            return super().get(ask)
        effects, words = self._effects(), ask.words
        tables = [self.table(ask), _lifts(effects, ask), _slots(effects, ask)]
        return ask.page(
            "recommendations.html", intro=words["intro"].format(days=self.days), tables=tables,
            download=f"{ask.here}.csv",
        )  # fmt: skip

    def table(self, ask: Ask) -> formatting.Table:
        words, formats, rows = ask.words, ask.formats, []
        for report in self._statistics().recommendations(self.days):
            enough = report.impressions >= FEWEST_SHOWN
            rate = formats.number(100 * report.clicks / report.impressions, 1) if enough else None
            few = words["not_enough"].format(have=report.impressions, need=FEWEST_SHOWN)
            money = ", ".join(formats.money(value, currency) for currency, value in report.revenue.items())
            counts = [formats.number(n) for n in (report.impressions, report.clicks, report.carts, report.purchases)]
            row = [
                words["placements"].get(report.placement, report.placement),
                words["models"].get(report.model, report.model),
                *counts[:2],
                rate or few,
                *counts[2:],
                money or "–",
            ]
            rows.append([*row, formats.number(report.view_through)])
        return formatting.table(words, _COLUMNS, rows, words["empty"], numbers_from=2)


def _lifts(effects: Effects, ask: Ask) -> formatting.Table:
    words, formats, rows = ask.words, ask.formats, []
    for row in effects.lifts():
        place = words["placements"].get(row.placement, words["all_placements"])
        visitors = f"{formats.number(row.buyers.treated)} / {formats.number(row.buyers.held_out)}"
        rows.append(
            [place, visitors, _change(row.buyers, ask, 100, 1), _change(row.revenue, ask, 1, 2, f" {row.currency}")]
        )
    empty = words["lift_empty" if effects.holdout else "no_holdout"]
    table = formatting.table(
        words, ("placement", "lift_visitors", "lift_buyers", "lift_revenue"), rows, empty, numbers_from=9
    )
    return {
        **table,
        "title": words["lift_title"],
        "note": words["lift_note"].format(share=formats.plain(100 * effects.holdout)),
    }


def _change(lift: Lift, ask: Ask, scale: float, digits: int, unit: str = "") -> str:
    """The difference with its interval and what follows, or how much is missing."""
    words = ask.words
    if lift.missing is not None:
        what, have, need = lift.missing
        return str(words["missing_yet"].format(have=have, need=need, what=words["what"][what]))
    low, middle, high = (ask.formats.signed(scale * value, digits) for value in (lift.low, lift.difference, lift.high))
    verdict = "lift_better" if lift.low > 0 else "lift_worse" if lift.high < 0 else "lift_open"
    ranged = words["ranged"].format(middle=middle + unit, low=low, high=high)
    return str(words["lift_said"].format(ranged=ranged, verdict=words[verdict]))


def _slots(effects: Effects, ask: Ask) -> formatting.Table:
    words, formats, rows = ask.words, ask.formats, []
    for placement, found in effects.slots():
        enough = found["enough"]
        few = words["missing_yet"].format(have=found["judged"], need=FEWEST_CLICKS, what=words["what"]["clicks"])
        ratio, low, high = (0.0 if value is None else value for value in found["ratio"])
        state = words["slots_on" if found["version"] and enough else "slots_off"]
        size = formats.number(found["estimates"]["dr"]["effective_sample_size"]) if enough else "–"
        rows.append([
            words["placements"][placement], state, formats.number(found["lists"]), formats.number(found["clicks"]),
            _ranged(words, *(formats.number(value, 2) for value in (ratio, low, high))) if enough else few, size,
            *(_rate(found["groups"][group], ask) for group in ("re-ordered", "plain")),
        ])  # fmt: skip
    names = (
        "placement", "slots_state", "slots_lists", "clicks", "slots_ratio", "slots_size", "slots_moved", "slots_plain",
    )  # fmt: skip
    table = formatting.table(words, names, rows, words["slots_empty"], numbers_from=9)
    return {**table, "title": words["slots_title"], "note": words["slots_note"]}


def _ranged(words: Mapping[str, Any], middle: str, low: str, high: str) -> str:
    return str(words["ranged"].format(middle=middle, low=low, high=high))


def _rate(group: Mapping[str, float], ask: Ask) -> str:
    """Lists with a click, as a share with its interval."""
    if not group["lists"]:
        return "–"
    return _ranged(ask.words, *(ask.formats.percent(group[name], 1) for name in ("rate", "low", "high")))
