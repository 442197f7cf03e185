"""The composition root: builds the parts and hands them out. No behaviour of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsplug.capture.counters import Counters
from opsplug.capture.durable import settle
from opsplug.capture.guard import Guard
from opsplug.capture.queue import EventQueue, Ticket
from opsplug.capture.records import Recorder
from opsplug.capture.spool import Spool
from opsplug.capture.track import Tracker
from opsplug.capture.visit import Observer
from opsplug.capture.writer import Writer
from opsplug.privacy.keys import Keys, load_keys
from opsplug.settings import Settings
from opsplug.store import Store, open_store
from opsplug.web.nothing import NO_HELPERS, NoHelpers

if TYPE_CHECKING:
    from opsplug.capture.discovery import Discovery
    from opsplug.services.catalog import Catalog
    from opsplug.services.current import CurrentVisitor
    from opsplug.services.recommend import Recommender
    from opsplug.services.statistics import Statistics
    from opsplug.training.artefacts import Artefacts
    from opsplug.training.jobs import TrainingReport
    from opsplug.training.schedule import Schedule
    from opsplug.web.pages import Pages
    from opsplug.web.site import Web
    from opsplug.web.widgets import Helpers

KEY_FILE, SPOOL_FOLDER = "opsplug.key", "opsplug-spool"


class Engine:
    """One shop's opsplug. Keywords are the fields of `Settings`; nothing is opened or started before it is needed."""

    gather = staticmethod(Settings.gather)

    def __init__(self, settings: Settings | None = None, **keywords: Any) -> None:
        self.settings = settings if settings is not None else Settings.gather(keywords)
        folder = self.settings.folder if self.settings.store_path else None
        self.counters = Counters()
        self.guard = Guard(self.counters)
        self.queue = EventQueue(self.settings.queue_size)
        self.spool = Spool(folder / SPOOL_FOLDER if folder else None)
        self.recorder = Recorder(self.settings.events)
        self.writer = Writer(
            lambda: self.store, self.queue, self.spool, convert=self.recorder.convert, counters=self.counters
        )
        self.observer = Observer(self.settings, self.queue, self.counters, self.guard, lambda: self.keys)
        self.track = Tracker(self.queue, self.counters, lambda: self.keys).track
        self._started_in: int | None = None
        self._starter: threading.Thread | None = None
        if not self._may_start:
            self.writer.run_without_thread()

    # --------------------------------------------------------------- parts, each opened when it is first used

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
    def artefacts(self) -> Artefacts:
        from opsplug.training.artefacts import Artefacts

        return Artefacts(self.settings.models_path, self.keys.subkey("artefacts"))

    @cached_property
    def recommender(self) -> Recommender:
        from opsplug.services.recommend import Recommender

        return Recommender(
            self.store,
            self.artefacts,
            self.catalog,
            is_available=self.settings.is_available,
            language=self.settings.language,
            holdout=self.settings.holdout,
            seed=self.settings.seed,
            counters=self.counters,
        )

    @cached_property
    def current(self) -> CurrentVisitor:
        from opsplug.services.current import CurrentVisitor

        return CurrentVisitor(lambda: self.recommender, lambda: self.keys, self.guard, self.settings.cart)

    @property
    def recommend(self) -> Any:
        return self.current.recommend

    @cached_property
    def discovery(self) -> Discovery | None:
        from opsplug.capture.discovery import Discovery

        if not self.settings.discover or not self._may_start:
            return None
        return Discovery(lambda records: self.catalog.upsert(records, origin="page"), count=self.counters.add)

    @cached_property
    def statistics(self) -> Statistics:
        from opsplug.services.statistics import Statistics

        return Statistics(
            lambda: self.store, lambda: self.artefacts, lambda: self.catalog.snapshot().records, self.settings.timezone
        )

    @cached_property
    def schedule(self) -> Schedule:
        from opsplug.training.schedule import Schedule

        return Schedule(self.settings, lambda: self.store, lambda: self.artefacts, self.counters)

    @cached_property
    def web(self) -> Web:
        from opsplug.web.wiring import build_web

        return build_web(self)

    @property
    def helpers(self) -> Helpers | NoHelpers:
        """What templates see as `opsplug`."""
        with self.guard("helpers"):
            return self.web.helpers
        return NO_HELPERS

    @cached_property
    def pages(self) -> Pages:
        from opsplug.web.pages import Pages

        return Pages(self.web.helpers.tag, inject=self.settings.inject, learner=self.discovery)

    # --------------------------------------------------------------- life

    @property
    def _may_start(self) -> bool:
        return self.settings.enabled and not self.settings.testing

    def start(self) -> None:
        """Start this process's threads; costs a comparison when they run. Adapters call it with every request."""
        if self._started_in == os.getpid() or not self._may_start:
            return
        self._started_in = os.getpid()
        self.writer.start()
        # Opening the scheduler takes a tenth of a second: no visitor waits for that.
        self._starter = threading.Thread(target=self._open_schedule, name="opsplug-start", daemon=True)
        self._starter.start()

    def _open_schedule(self) -> None:
        with self.guard("schedule"):  # a script may be over before its scheduler has opened
            self.schedule.start()

    def flush(self, timeout: float = 5.0) -> bool:
        """Store all that waits in memory. -> False when something could not be stored in time."""
        return self.writer.flush(timeout)

    def settle(self, tickets: Iterable[Ticket]) -> None:
        """Wait, at most 250 ms, until durable events are in the store, else in the spool."""
        settle(tickets, self.spool, self.counters)

    def train(self, names: Sequence[str] | None = None, now: datetime | float | None = None) -> list[TrainingReport]:
        """Train now, in this process; a model is served only if its gate lets it through."""
        from opsplug.training.jobs import train

        self.flush()
        return train(self.store, self.artefacts, names, now, seed=self.settings.seed, options=self.job_options)

    @property
    def job_options(self) -> Mapping[str, Any]:
        return {"retention_days": self.settings.retention_days}

    def close(self) -> None:
        """Store what is left, end the threads and close the store."""
        if self._starter is not None and self._started_in == os.getpid():
            self._starter.join(5.0)
            self.schedule.stop()
        if self.__dict__.get("discovery"):
            self.discovery.stop()  # type: ignore[union-attr]
        self.writer.stop()
        if "store" in self.__dict__:
            self.store.close()
        self._started_in = None
