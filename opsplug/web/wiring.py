"""Builds opsplug's own site out of an engine's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from opsplug import resources
from opsplug.web.access import Access
from opsplug.web.cards import Cards
from opsplug.web.health import Health
from opsplug.web.ingest import Ingest
from opsplug.web.openapi import OpenApi
from opsplug.web.recommendations import RecommendationRoute
from opsplug.web.site import Route, Web
from opsplug.web.static import Snippet
from opsplug.web.stats import StatsPages
from opsplug.web.widgets import Helpers

if TYPE_CHECKING:
    from opsplug.engine import Engine


def build_web(engine: Engine) -> Web:
    """One table of addresses below the prefix."""
    settings = engine.settings
    templates = Environment(
        loader=FileSystemLoader(resources.package_folder("web/templates")), autoescape=True, trim_blocks=True
    )
    snippet = Snippet(resources.folder("js_snippet") / "dist")
    cards = Cards(
        lambda: engine.catalog.snapshot().records,
        engine.guard,
        price=settings.price,
        item_url=settings.item_url,
        currency=settings.currency,
    )
    helpers = Helpers(
        settings, templates, snippet, cards, engine.guard, engine.recommend, sorted(engine.recorder.server_events)
    )
    ingest = Ingest(engine.observer, engine.queue, engine.counters)
    access = Access(settings, engine.guard, lambda: engine.keys, lambda: engine.store)
    stats = StatsPages(access, templates, lambda: engine.statistics, settings)
    lists = RecommendationRoute(engine.recommend, cards, settings.language)
    routes: dict[tuple[str, str], Route] = {
        ("POST", "/events"): ingest.events,
        ("POST", "/consent"): ingest.consent,
        ("GET", "/recommendations"): lists.get,
        ("GET", "/health"): Health(lambda: engine.store, engine.queue).get,
        ("GET", "/openapi.json"): OpenApi(settings.prefix).get,
    }
    return Web(
        engine.observer,
        engine.guard,
        engine.counters,
        snippet,
        helpers,
        routes,
        {"/admin/": stats.handle},
        engine.settle,
    )
