"""Builds opsplug's own site out of an engine's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from opsplug import resources
from opsplug.capture.durable import settle
from opsplug.web.access import Access
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
from opsplug.web.admin.shell import Shell
from opsplug.web.admin.visitors import VisitorsPage
from opsplug.web.cards import Cards
from opsplug.web.chat import ChatRoutes
from opsplug.web.health import Health
from opsplug.web.ingest import Ingest
from opsplug.web.openapi import OpenApi
from opsplug.web.recommendations import RecommendationRoute
from opsplug.web.site import Route, Web
from opsplug.web.static import Snippet
from opsplug.web.widgets import Helpers

if TYPE_CHECKING:
    from opsplug.engine.parts import Parts


def build_web(parts: Parts) -> Web:
    """One table of addresses below the prefix."""
    settings = parts.settings
    templates = Environment(
        loader=FileSystemLoader(resources.package_folder("web/templates")), autoescape=True, trim_blocks=True
    )
    snippet = Snippet(resources.folder("js_snippet") / "dist")
    cards = Cards(
        lambda: parts.catalog.snapshot().records,
        parts.guard,
        price=settings.price,
        item_url=settings.item_url,
        currency=settings.currency,
    )
    helpers = Helpers(
        settings, templates, snippet, cards, parts.guard, parts.recommend, sorted(parts.recorder.server_events)
    )
    ingest = Ingest(parts.observer, parts.queue, parts.counters, parts.conduct, settings.trusted_proxies)
    access = Access(settings, parts.guard, lambda: parts.keys, lambda: parts.store)
    shell = Shell(access, templates, admin_pages(parts, snippet), settings)
    lists = RecommendationRoute(parts.current.ask, cards, settings.language, parts.guard)
    routes: dict[tuple[str, str], Route] = {
        ("POST", "/events"): ingest.events,
        ("POST", "/consent"): ingest.consent,
        ("GET", "/recommendations"): lists.get,
        ("GET", "/health"): Health(lambda: parts.store, parts.queue, lambda: parts.writer.failing).get,
        ("GET", "/openapi.json"): OpenApi(settings.prefix).get,
    }
    support = lambda: parts.support  # noqa: E731
    routes |= ChatRoutes(
        lambda: parts.chat, support, parts.observer, cards, settings.language, settings.trusted_proxies
    ).table
    return Web(
        parts.observer,
        parts.guard,
        parts.counters,
        snippet,
        helpers,
        routes,
        {"/admin/": shell.handle},
        lambda tickets: settle(tickets, parts.spool, parts.counters),
    )


def admin_pages(parts: Parts, snippet: Snippet) -> list[Page]:
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
