"""Builds opsplug's own site out of an engine's parts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from opsplug import resources
from opsplug.capture.durable import settle
from opsplug.web.access import Access
from opsplug.web.cards import Cards
from opsplug.web.chat import ChatRoutes
from opsplug.web.health import Health
from opsplug.web.ingest import Ingest
from opsplug.web.openapi import OpenApi
from opsplug.web.recommendations import RecommendationRoute
from opsplug.web.site import Route, Web
from opsplug.web.static import Snippet
from opsplug.web.texts import WidgetTexts
from opsplug.web.widgets import Helpers

if TYPE_CHECKING:
    from opsplug.engine.parts import Parts
    from opsplug.web.admin.shell import Shell


def build_web(parts: Parts) -> Web:
    """One table of addresses below the prefix."""
    settings = parts.settings
    templates = Environment(
        loader=FileSystemLoader(resources.package_folder("web/templates")), autoescape=True, trim_blocks=True
    )
    snippet = Snippet(resources.folder("js_snippet") / "dist")
    cards = Cards(
        lambda: parts.catalog.snapshot().records,
        parts.callables,
        item_url=settings.item_url,
        currency=settings.currency,
    )
    # What opens numpy or the store is opened by the first request that needs it.
    recommend = lambda **question: parts.recommend(**question)  # noqa: E731
    ask = lambda **question: parts.current.ask(**question)  # noqa: E731
    texts = WidgetTexts()
    helpers = Helpers(
        settings, templates, snippet, texts, cards, parts.guard, recommend, sorted(parts.recorder.server_events)
    )
    ingest = Ingest(
        parts.observer, parts.queue, parts.counters, parts.bot_behaviour, parts.recorder.templates
    )  # fmt: skip
    access = Access(settings, parts.callables.admin, lambda: parts.keys, lambda: parts.store)
    stats = cache(lambda: build_stats(parts, access, templates, snippet))
    lists = RecommendationRoute(ask, cards, settings.language, parts.guard)
    routes: dict[tuple[str, str], Route] = {
        ("POST", "/events"): ingest.events,
        ("POST", "/consent"): ingest.consent,
        ("GET", "/recommendations"): lists.get,
        ("GET", "/texts"): texts.get,
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
        {"/admin/": lambda request, visit: stats().handle(request, visit)},
        lambda tickets: settle(tickets, parts.spool, parts.counters),
    )


def build_stats(parts: Parts, access: Access, templates: Environment, snippet: Snippet) -> Shell:
    """The stats pages. Their imports take a third of a second, which the first request to them pays, no other."""
    from opsplug.engine.stats_pages import stats_pages
    from opsplug.web.admin.shell import Shell

    return Shell(access, templates, stats_pages(parts, snippet), parts.settings)
