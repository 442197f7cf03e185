"""The model that a web process serves: the newest good version, without a restart, never lost to a bad one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from opsplug.errors import ArtefactError
from opsplug.training.run.artefacts import Artefact, Artefacts

log = logging.getLogger("opsplug")

T = TypeVar("T")
CHECK_EVERY = 1.0  # seconds between two looks at CURRENT


class Live(Generic[T]):
    """`get()` gives what `build` made of the newest good version of `name`, or None before the first.

    CURRENT is read at most once a second. A new version is verified and built beside the one that serves; one that
    fails is logged and counted once, and the last good one stays.
    """

    def __init__(
        self,
        artefacts: Artefacts,
        name: str,
        build: Callable[[Artefact], T],
        *,
        count: Callable[[str], object] = lambda name: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._artefacts = artefacts
        self._name = name
        self._build = build
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()
        self._checked_at = -CHECK_EVERY
        self._seen_changes = -1
        self._seen: str | None = None
        self._loading = False
        self._held: T | None = None

    def get(self) -> T | None:
        """What serves now. A change made in this process is followed at once, another process's within a second."""
        changes = self._artefacts.changes
        if changes != self._seen_changes:
            self.refresh()
        elif self._clock() - self._checked_at >= CHECK_EVERY:
            self._look()
        return self._held

    def refresh(self) -> None:
        """Look now, and wait for the new version to be built."""
        with self._lock:
            self._seen_changes = self._artefacts.changes
            self._checked_at = self._clock()
            self._load(self._artefacts.current(self._name))

    def _look(self) -> None:
        self._checked_at = self._clock()
        current = self._artefacts.current(self._name)
        if current == self._seen or self._loading:
            return
        if self._held is None:
            self.refresh()
            return
        self._loading = True
        threading.Thread(target=self._load_aside, name="opsplug-model", daemon=True).start()

    def _load_aside(self) -> None:
        try:
            self.refresh()
        finally:
            self._loading = False

    def _load(self, current: str | None) -> None:
        """Build the version in use, else the newest older one that is whole; where CURRENT is lost, the newest."""
        if self._held is not None and current in (self._seen, None):
            return
        self._seen = current
        try:
            versions = self._artefacts.good(self._name)
        except ArtefactError as error:  # files of another user: as good as none
            log.error("opsplug: %s", error)
            self._count("artefacts_refused")
            return
        if versions and current is None:
            log.error("opsplug: models/%s/CURRENT names no version; the newest good one serves", self._name)
            self._count("artefacts_refused")
        for version in versions:
            try:
                self._held = self._build(self._artefacts.load(self._name, version))
                return
            except Exception as error:  # what another release wrote may fail in any way
                log.error("opsplug: refused the model %s/%s: %r", self._name, version, error)
                self._count("artefacts_refused")
            if self._held is not None:
                return  # the last good one is in memory already
