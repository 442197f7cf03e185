"""The table of the stats pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsplug.web.admin.alerts import AlertsPage
from opsplug.web.admin.anomalies import AnomaliesPage
from opsplug.web.admin.fairness import FairnessPage
from opsplug.web.admin.findings import FindingsPage
from opsplug.web.admin.forecasts import ForecastsPage
from opsplug.web.admin.health import HealthPage
from opsplug.web.admin.inbox import InboxPage
from opsplug.web.admin.items import ItemsPage
from opsplug.web.admin.market import MarketPage
from opsplug.web.admin.models import ModelsPage
from opsplug.web.admin.overview import OverviewPage
from opsplug.web.admin.page import Page
from opsplug.web.admin.propensity import PropensityPage
from opsplug.web.admin.recommendations import RecommendationsPage
from opsplug.web.admin.rules import RulesPage
from opsplug.web.admin.visitors import VisitorsPage
from opsplug.web.static import Snippet

if TYPE_CHECKING:
    from opsplug.engine.parts import Parts


def stats_pages(parts: Parts, snippet: Snippet) -> list[Page]:
    """The stats pages in the order of the side bar; the first is the one at admin/ itself."""
    statistics = lambda: parts.statistics  # noqa: E731
    return [
        OverviewPage(statistics, lambda: parts.insight),
        FindingsPage(lambda: parts.insight),
        AnomaliesPage(lambda: parts.insight),
        RecommendationsPage(statistics, lambda: parts.effects),
        ItemsPage(statistics),
        ForecastsPage(lambda: parts.insight),
        MarketPage(lambda: parts.insight),
        VisitorsPage(lambda: parts.insight),
        AlertsPage(lambda: parts.insight),
        InboxPage(lambda: parts.inbox, snippet, parts.settings.timezone),
        RulesPage(lambda: parts.effects, lambda: parts.recommender, lambda: parts.catalog.snapshot().records),
        FairnessPage(lambda: parts.effects),
        PropensityPage(lambda: parts.insight),
        ModelsPage(statistics),
        HealthPage(statistics),
    ]
