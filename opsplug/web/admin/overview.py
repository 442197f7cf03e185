"""The first screen: how are we doing, what is broken, what to do next."""

from collections.abc import Callable
from typing import Any

from opsplug.locales import Texts
from opsplug.services.insight.insight import Insight
from opsplug.services.outcomes.statistics import Overview, Statistics
from opsplug.web.admin import charts, formatting
from opsplug.web.admin.findings import present_findings
from opsplug.web.admin.health import troubles
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response

DAYS = 30
FINDINGS = 5


class OverviewPage(ReadOnly):
    name, group, role, words = "overview", "see", "viewer", Texts("stats_overview")

    def __init__(self, statistics: Callable[[], Statistics], insight: Callable[[], Insight]) -> None:
        self._statistics = statistics
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        words, overview = ask.words, self._statistics().overview(DAYS)
        if ask.rest:
            return ask.missing()
        if ask.extension == "csv":
            return ask.csv(formatting.overview_rows(overview, words))
        download, days = f"{ask.here}.csv", overview.days
        views = {words["page_views"]: overview.page_views, words["visitors"]: overview.visitors.days}
        orders = {words["orders"]: overview.orders.days}
        events = {words["chart_events"]: overview.events, words["bots"]: overview.bots}
        return ask.page(
            "overview.html",
            days=DAYS,
            numbers=formatting.numbers(overview, words, ask.formats),
            has_events=overview.total_events > 0,
            findings=self._attention(ask),
            proposal=self._proposal(overview, ask),
            views_chart=charts.lines(words["chart_views"], days, views, download, ask.formats),
            orders_chart=charts.lines(words["chart_orders"], days, orders, download, ask.formats),
            events_chart=charts.lines(words["chart_events"], days, events, download, ask.formats),
        )

    def _attention(self, ask: Ask) -> list[dict[str, Any]]:
        """What opsplug itself lost, then the most harmful findings; each with the page that says more."""
        own = [{**one, "link": f"{ask.base}/health"} for one in troubles(self._statistics().counts(), ask.language)]
        found = present_findings(self._insight(), ask.language, ask.base)[:FINDINGS]
        return own + [{**one, "link": one["link"] or f"{ask.base}/findings"} for one in found]

    def _proposal(self, overview: Overview, ask: Ask) -> str:
        """One thing to do next, with its evidence."""
        words, formats = ask.words, ask.formats
        if not overview.total_events:
            return str(words["propose_none"])
        statistics = self._statistics()
        if not statistics.models():
            return str(words["propose_train"].format(events=formats.number(overview.total_events)))
        placements = {report.placement for report in statistics.recommendations(DAYS)}
        if "item" not in placements:
            views = sum(item.views for item in statistics.top_items(DAYS))
            return str(
                words["propose_token"].format(views=formats.number(views // 4)) if views else words["propose_list"]
            )
        return str(words["propose_more"] if "cart" not in placements else words["propose_nothing"])
