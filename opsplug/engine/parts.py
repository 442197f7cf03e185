"""The parts of an engine, each built when it is first used, out of the settings and of one another."""

from __future__ import annotations

import logging
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from opsplug import locales
from opsplug.capture.bot_behaviour import BotBehaviour
from opsplug.capture.callables import Callables
from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.capture.observer import Observer
from opsplug.capture.queue import EventQueue
from opsplug.capture.records import Recorder
from opsplug.capture.spool import Spool
from opsplug.capture.track import Tracker
from opsplug.capture.writer import Writer
from opsplug.privacy.keys import Keys, load_keys
from opsplug.settings import Settings
from opsplug.store import Store, open_store

if TYPE_CHECKING:
    from opsplug.capture.discovery import Discovery
    from opsplug.services.catalog import Catalog
    from opsplug.services.catalog_source import CatalogSource
    from opsplug.services.chat.conversation.chat import Chat
    from opsplug.services.chat.conversation.language_model import LanguageModel
    from opsplug.services.chat.conversation.sentiment import SentimentService
    from opsplug.services.chat.desk.carts import Carts
    from opsplug.services.chat.desk.support import Support
    from opsplug.services.chat.inbox import Inbox
    from opsplug.services.insight.insight import Insight
    from opsplug.services.outcomes.effects import Effects
    from opsplug.services.outcomes.statistics import Statistics
    from opsplug.services.recommend.availability import Stock
    from opsplug.services.recommend.current_request import CurrentVisitor
    from opsplug.services.recommend.recommender import Recommender
    from opsplug.training.run.artefacts import Artefacts
    from opsplug.training.run.schedule import Schedule

KEY_FILE, SPOOL_FOLDER = "opsplug.key", "opsplug-spool"


log = logging.getLogger("opsplug")


class Parts:
    """What an engine is made of. Nothing is opened before it is needed; services and models are imported then, too."""

    new_counters = Counters  # those that trace an event listen to theirs

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        folder = settings.folder if settings.store_path else None
        self.counters = self.new_counters()
        for problem in locales.use(settings.locales) if settings.locales else ():
            log.error("opsplug: texts refused: %s", problem)
            self.counters.add("texts_refused")
        self.guard = Guard(self.counters)
        self.queue = EventQueue(settings.queue_size)
        self.spool = Spool(folder / SPOOL_FOLDER if folder else None)
        self.bot_behaviour = BotBehaviour(settings.trusted_proxies)
        self.recorder = Recorder(settings.events, self.bot_behaviour, self.counters)
        self.writer = Writer(
            lambda: self.store, self.queue, self.spool, convert=self.recorder.convert, counters=self.counters
        )
        self.writer.withdrawn = self._withdrawn
        self.callables = Callables(settings, self.guard)
        self.observer = Observer(settings, self.queue, self.counters, self.guard, lambda: self.keys, self.callables)
        tracker = Tracker(
            self.queue,
            self.counters,
            lambda: self.keys,
            self.bot_behaviour,
            self.guard,
            is_enabled=settings.enabled,
            zone=ZoneInfo(settings.timezone),
        )
        self.track = tracker.track
        self.track_many = tracker.track_many
        self.visitor_token = tracker.visitor_token

    @property
    def may_start(self) -> bool:
        """Whether threads may run and pages be learned from."""
        return self.settings.enabled and not self.settings.testing

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings.store)

    @cached_property
    def keys(self) -> Keys:
        in_memory = self.settings.store_path is None
        secret = self.settings.secret_key or (os.urandom(16).hex() if in_memory else None)
        return load_keys(secret, self.settings.folder / KEY_FILE)

    @cached_property
    def catalog(self) -> Catalog:
        from opsplug.services.catalog import Catalog

        return Catalog(self.store)

    @cached_property
    def catalog_source(self) -> CatalogSource | None:
        from opsplug.services.catalog_source import CatalogSource

        if self.settings.catalog is None:
            return None
        source, fields = self.settings.catalog, self.settings.catalog_fields
        return CatalogSource(source, self.catalog, lambda: self.store, self.guard, fields=fields)

    @cached_property
    def artefacts(self) -> Artefacts:
        from opsplug.training.run.artefacts import Artefacts

        return Artefacts(self.settings.models_path, lambda: self.keys.subkey("artefacts"))

    @cached_property
    def stock(self) -> Stock | None:
        from opsplug.services.recommend.availability import Stock

        return Stock.of(self.callables.is_available, self.counters)

    @cached_property
    def recommender(self) -> Recommender:
        from opsplug.services.recommend.recommender import Recommender

        return Recommender(
            self.store,
            self.artefacts,
            self.catalog,
            is_available=self.stock,
            language=self.settings.language,
            holdout=self.settings.holdout,
            seed=self.settings.seed,
            counters=self.counters,
        )

    @cached_property
    def current(self) -> CurrentVisitor:
        from opsplug.services.recommend.current_request import CurrentVisitor

        return CurrentVisitor(lambda: self.recommender, lambda: self.keys, self.guard, self.callables)

    @property
    def recommend(self) -> Any:
        return self.current.recommend

    @cached_property
    def discovery(self) -> Discovery | None:
        from opsplug.capture.discovery import Discovery

        if not self.settings.discover or not self.may_start:
            return None
        from opsplug.capture.discovery.evidence import Evidence

        routes = [route for route, name in self.settings.events.items() if name == "view_item"]
        evidence = Evidence(lambda: self.store)
        discovery = Discovery(
            lambda records: self.catalog.upsert(records, origin="page"),
            remove=lambda ids: self.catalog.remove_learnt(ids),
            explain=evidence.keep,
            known=evidence.pages,
            report=evidence.keep_routes,
            product_routes=routes,
            count=self.counters.add,
        )
        self.observer.learner = discovery.taught
        return discovery

    @cached_property
    def statistics(self) -> Statistics:
        from opsplug.services.outcomes.statistics import Statistics

        return Statistics(
            lambda: self.store, lambda: self.artefacts, lambda: self.catalog.snapshot().records, self.settings.timezone
        )

    @cached_property
    def effects(self) -> Effects:
        from opsplug.services.outcomes.effects import Effects

        return Effects(lambda: self.store, holdout=self.settings.holdout, seed=self.settings.seed)

    @cached_property
    def insight(self) -> Insight:
        from opsplug.services.insight.insight import Insight
        from opsplug.services.insight.visitors import build

        return Insight(lambda: self.store, self.settings, visitors=lambda: build(self))

    @cached_property
    def sentiment(self) -> SentimentService:
        from opsplug.services.chat.conversation.sentiment import SentimentService

        return SentimentService(self.store, self.artefacts, self.counters)

    @cached_property
    def carts(self) -> Carts:
        from opsplug.services.chat.desk.carts import Carts

        return Carts(self.store, lambda: self.catalog.snapshot().records, self.counters, self.callables, self.settings)

    @cached_property
    def language_model(self) -> LanguageModel | None:
        from opsplug.services.chat.conversation.language_model import build

        return build(self.settings, self.store)

    @cached_property
    def chat(self) -> Chat:
        from opsplug.services.chat.conversation.chat import Chat
        from opsplug.services.chat.knowledge import intents as chat_intents
        from opsplug.services.chat.knowledge.product_search import CatalogueSearch
        from opsplug.services.chat.knowledge.vectors import Vectors
        from opsplug.training.encoders import retrieval_encoder_of

        settings = self.settings
        vectors = Vectors(
            lambda: retrieval_encoder_of(settings.encoder_options()), lambda: self.counters.add("errors.embeddings")
        )
        search = CatalogueSearch(
            lambda: self.catalog.snapshot().records.values(),
            lambda: self.catalog.snapshot().version,
            self.callables.prices,
            self.stock,
            vectors,
        )
        return Chat(
            self.store,
            sentiment=self.sentiment.score,
            search=search,
            recommend=self.recommend,
            order_lookup=self.callables.order if settings.order_lookup else None,
            recent_orders=self.callables.orders if settings.recent_orders else None,
            emergency=settings.chat_emergency,
            language_model=self.language_model,
            cart=self.carts.of,
            valuable_cart=settings.chat_cart_value,
            intents=chat_intents.build(settings, self.artefacts, self.counters),
            language=settings.language,
            pseudonym=lambda user_id: self.keys.pseudonym(user_id),
            log=self.support.log,
            agent_queue=self.support.agent_queue,
            vectors=vectors,
        )

    @cached_property
    def support(self) -> Support:
        from opsplug.services.chat.desk.support import Support

        return Support(self.store, self.settings, lambda: self.keys, self.guard, may_run=self.may_start)

    def _withdrawn(self) -> None:
        """A visitor's refusal is in the store: conversations go, too."""
        with self.guard("withdrawal"):
            self.support.worker.wake()

    @cached_property
    def inbox(self) -> Inbox:
        from opsplug.services.chat.desk.summary import Summaries
        from opsplug.services.chat.inbox import Inbox

        names = lambda item_id: str(self.catalog.snapshot().records.get(item_id, {}).get("item_name") or item_id)  # noqa: E731
        earlier = lambda visitor: len(self.support.log.ids_of(visitor))  # noqa: E731
        summaries = Summaries(self.store, self.carts.of, names, earlier)
        return Inbox(lambda: self.chat, self.support, self.store, summaries)

    @cached_property
    def schedule(self) -> Schedule:
        from opsplug.engine.jobs import JOBS
        from opsplug.training.run.schedule import Schedule

        return Schedule(JOBS, self.settings, lambda: self.store, lambda: self.artefacts, self.counters)
