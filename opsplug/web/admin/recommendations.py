"""What was recommended, clicked and bought, by placement and model."""

from collections.abc import Callable

from opsplug.services.statistics import Statistics
from opsplug.web.admin import figures
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage
from opsplug.web.admin.words.recommendations import WORDS

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
    name, group, role, words = "recommendations", "see", "viewer", WORDS

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> figures.Table:
        words = ask.words
        rows = []
        for report in self._statistics().recommendations(self.days):
            enough = report.impressions >= FEWEST_SHOWN
            rate = f"{100 * report.clicks / report.impressions:.1f}" if enough else None
            few = words["not_enough"].format(have=report.impressions, need=FEWEST_SHOWN)
            money = ", ".join(f"{value:,.2f} {currency}".strip() for currency, value in report.revenue.items())
            counts = [f"{n:,}" for n in (report.impressions, report.clicks, report.carts, report.purchases)]
            row = [report.placement, report.model, *counts[:2], rate or few, *counts[2:], money or "–"]
            rows.append([*row, f"{report.view_through:,}"])
        return figures.table(words, _COLUMNS, rows, words["empty"], numbers_from=2)
