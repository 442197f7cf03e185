"""The composition root: an engine's life. Its parts are in `opsplug.engine.parts`; it has no behaviour of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsplug.capture.durable import settle
from opsplug.capture.queue import Ticket
from opsplug.engine.parts import KEY_FILE, SPOOL_FOLDER, Parts
from opsplug.settings import Settings
from opsplug.web.null_helpers import NULL_HELPERS, NullHelpers

if TYPE_CHECKING:
    from opsplug.training.run.job import TrainingReport
    from opsplug.web.pages import Pages
    from opsplug.web.site import Web
    from opsplug.web.widgets import Helpers


__all__ = ["KEY_FILE", "SPOOL_FOLDER", "Engine"]


class Engine(Parts):
    """One shop's opsplug: the composition of its parts. Nothing is opened or started before it is needed.

    Parameters
    ----------
    settings : Settings, optional
        The settings, made beforehand.
    **keywords
        The fields of `Settings`, where `settings` is not given: `Engine(store="sqlite:///shop.db", models="models")`.

    Raises
    ------
    SettingsError
        A setting is unknown or malformed; the message names it and the nearest one.
    """

    gather = staticmethod(Settings.gather)

    def __init__(self, settings: Settings | None = None, **keywords: Any) -> None:
        super().__init__(settings if settings is not None else Settings.gather(keywords))
        self._started_in: int | None = None
        self._starter: threading.Thread | None = None
        if not self.may_start:
            self.writer.run_without_thread()

    @cached_property
    def web(self) -> Web:
        from opsplug.engine.site import build_web

        return build_web(self)

    @property
    def helpers(self) -> Helpers | NullHelpers:
        """What templates see as `opsplug`."""
        with self.guard("helpers"):
            return self.web.helpers
        return NULL_HELPERS

    @cached_property
    def pages(self) -> Pages:
        from opsplug.web.pages import Pages

        return Pages(self.web.helpers.tag, inject=self.settings.inject, learner=self.discovery, note=self.counters.note)

    def start(self) -> None:
        """Start this process's threads; costs a comparison when they run. Adapters call it with every request."""
        if self._started_in == os.getpid() or not self.may_start:
            return
        self._started_in = os.getpid()
        self.writer.start()
        # Opening the scheduler takes a tenth of a second: no visitor waits for that.
        self._starter = threading.Thread(target=self._open_schedule, name="opsplug-start", daemon=True)
        self._starter.start()

    def _open_schedule(self) -> None:
        if self.settings.catalog is not None:
            with self.guard("catalog_source"):
                self.catalog_source.start()  # type: ignore[union-attr]
        with self.guard("schedule"):  # a script may be over before its scheduler has opened
            self.schedule.start()

    def flush(self, timeout: float = 5.0) -> bool:
        """Store all events that wait in memory.

        Parameters
        ----------
        timeout : float
            Seconds to wait.

        Returns
        -------
        bool
            False when something could not be stored in time; it goes on waiting.
        """
        return self.writer.flush(timeout)

    def settle(self, tickets: Iterable[Ticket]) -> None:
        """Wait, at most 250 ms, until durable events are in the store, else in the spool."""
        settle(tickets, self.spool, self.counters)

    def train(
        self,
        names: Sequence[str] | None = None,
        now: datetime | float | None = None,
        *,
        say: Callable[[str], object] = lambda text: None,
    ) -> list[TrainingReport]:
        """Train now, in this process; a model is served only if it is not worse than the one in use.

        Parameters
        ----------
        names : sequence of str, optional
            The jobs to run (docs/training.md lists them); all that train models without it.
        now : datetime or float, optional
            The moment to train at: an aware datetime or epoch seconds. Later events are not read. Default: the newest
            event.
        say : callable
            Is told the progress, a sentence at a time.

        Returns
        -------
        list of TrainingReport
            One for each model, with its metrics, the baseline's and why it is served or not.

        Raises
        ------
        ModelError
            There is no job of that name.
        StoreError
            The store cannot be read.
        """
        from opsplug.engine.jobs import train

        self.flush()
        return train(
            self.store, self.artefacts, names, now, seed=self.settings.seed, options=self.settings.job_options(),
            say=say, remember=True,
        )  # fmt: skip

    def close(self) -> None:
        """Store what is left, end the threads and close the store."""
        if self._starter is not None and self._started_in == os.getpid():
            self._starter.join(5.0)
            self.schedule.stop()
        if self.__dict__.get("catalog_source"):
            self.catalog_source.stop()  # type: ignore[union-attr]
        if self.__dict__.get("discovery"):
            self.discovery.stop()  # type: ignore[union-attr]
        if "support" in self.__dict__:
            self.support.worker.stop()
        self.writer.stop()
        self.callables.stop()
        if "store" in self.__dict__:
            self.store.close()
        self._started_in = None
