"""`engine.insight`: what changed, what is broken, what will happen, what to do. Each answer is read from the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from opsplug.errors import SettingsError
from opsplug.services.alerts.alerts import Alerts
from opsplug.services.insight.findings.evidence import STORED_NAMES, Finding
from opsplug.services.insight.findings.job import FEEDBACK, FINDINGS, rank
from opsplug.services.insight.findings.sentences import Sentences
from opsplug.services.measures.reader import Point, SeriesReader, item_names
from opsplug.training.series.annotations import add_note
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.features.measures import Every
    from opsplug.features.profiles import Profile
    from opsplug.services.insight.visitors import Answer, VisitorInsight
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store


class Insight:
    """Safe to share between threads. `StoreError` when the store cannot be read."""

    def __init__(
        self,
        store: Callable[[], Store],
        settings: Settings,
        clock: Callable[[], float] = time.time,
        visitors: Callable[[], VisitorInsight] | None = None,
    ) -> None:
        self._store = store
        self._visitors = visitors
        self._settings = settings
        self._clock = clock

    @cached_property
    def people(self) -> VisitorInsight:
        """Single visitors, and what the daily jobs found about all of them."""
        if self._visitors is None:
            raise SettingsError("insight: visitors can be asked about through an engine only: engine.insight")
        return self._visitors()

    def propensity(self, visitor: str | int | None = None, *, now: float | None = None, language: str = "") -> Answer:
        """Estimate how probable it is that a visitor buys in the next 30 days.

        Parameters
        ----------
        visitor : str or int, optional
            The shop's user id, or an anonymous id. Default inside a request: the current visitor.
        now : float, optional
            Epoch seconds. Default: now.
        language : str
            Of the reasons. Default: the setting.

        Returns
        -------
        Answer
            Never raises for the shop: without a model `probability` is None and `note` says why.
        """
        return self.people.propensity(visitor, now=now, language=language)

    def churn(self, visitor: str | int | None = None, *, now: float | None = None, language: str = "") -> Answer:
        """Estimate how probable it is that a buyer does not come back within the answer's `horizon_days`.

        Parameters
        ----------
        visitor : str or int, optional
            The shop's user id, or an anonymous id. Default inside a request: the current visitor.
        now : float, optional
            Epoch seconds. Default: now.
        language : str
            Of the reasons. Default: the setting.

        Returns
        -------
        Answer
            Never raises for the shop: without a model `probability` is None and `note` says why.
        """
        return self.people.churn(visitor, now=now, language=language)

    def profile(self, visitor: str | int | None = None, *, now: float | None = None) -> Profile:
        """Sum up what a visitor's own events say.

        Parameters
        ----------
        visitor : str or int, optional
            The shop's user id, or an anonymous id. Default inside a request: the current visitor.
        now : float, optional
            Epoch seconds. Default: now.

        Returns
        -------
        Profile
            Interests, price band, recency, frequency, value, device, language.
        """
        return self.people.profile(visitor, now=now)

    def segment(self, visitor: str | int | None = None, *, now: float | None = None) -> str:
        """Name the segment of a buyer.

        Parameters
        ----------
        visitor : str or int, optional
            The shop's user id, or an anonymous id. Default inside a request: the current visitor.
        now : float, optional
            Epoch seconds. Default: now.

        Returns
        -------
        str
            Its key, empty for none.
        """
        return self.people.segment(visitor, now=now)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self._store, self._settings, self._clock)

    def note(self, kind: str, text: str = "", at: float | None = None) -> None:
        """Remember that something happened, so that it stands beside what changed afterwards.

        Parameters
        ----------
        kind : str
            deploy, price, campaign, or any other word.
        text : str
            For people: "checkout 2.1".
        at : float, optional
            Epoch seconds. Default: now.
        """
        add_note(self._store(), kind, text, round((self._clock() if at is None else at) * 1000))

    def anomalies(self, days: int = 30) -> list[dict[str, Any]]:
        """List hours and days that were not as expected.

        Parameters
        ----------
        days : int
            How far back.

        Returns
        -------
        list of dict
            Newest first: `series`, `at` (epoch seconds), `value`, `expected`, `lower`, `upper` in the series' unit,
            `tone`,
            `causes` (what explains most of it) and `notes` (what happened shortly before).

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        reader = self.series_reader()
        until = min(self._clock(), reader.newest() + DAY)
        return reader.alarms(until - days * DAY)

    def findings(self) -> list[Finding]:
        """List what needs a look, as the last run of the job `findings` saw it.

        Returns
        -------
        list of Finding
            The most harmful first.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        stored = self._store().get_document(FINDINGS, "now") or {"findings": []}
        return msgspec.convert(stored["findings"], list[Finding])

    def feedback(self, finding: Finding, useful: bool) -> None:
        """Take a person's word on a finding: it goes on top or away, and others of its kind come sooner or later.

        Parameters
        ----------
        finding : Finding
        useful : bool

        Raises
        ------
        StoreError
            The word cannot be kept.
        """
        feedback = {"useful": useful, "at": self._clock(), STORED_NAMES["impact"]: finding.impact}
        store, now_ms = self._store(), round(self._clock() * 1000)
        store.put_document(FEEDBACK, finding.key, feedback, now_ms)
        stored = store.get_document(FINDINGS, "now")
        if stored is not None:
            ranked = rank(
                msgspec.convert(stored["findings"], list[Finding]), dict(store.documents(FEEDBACK)), now_ms / 1000
            )
            store.put_document(FINDINGS, "now", {**stored, "findings": msgspec.to_builtins(ranked)}, now_ms)

    def sentences(self, language: str) -> Sentences:
        """Findings in words: `.text(finding)`, `.action(finding)`, `.uncertainty(finding)`."""
        reader = self.series_reader()
        return Sentences(language, reader.clock.zone, reader.currency(), self.item_name)

    def findings_until(self) -> float:
        """Up to when the events were that the findings are about, epoch seconds; 0 before the first run."""
        stored = self._store().get_document(FINDINGS, "now")
        return float(stored["until"]) if stored else 0.0

    @property
    def now(self) -> float:
        return self._clock()

    def document_keys(self, kind: str) -> list[str]:
        return self._store().document_keys(kind)

    def item_name(self, item_id: str) -> str:
        """What people call an item."""
        return item_names(self._store().get_items([item_id]), item_id)

    def series(self, name: str, every: Every = "day", days: int = 30) -> list[Point]:
        """Read the points of a measure.

        Parameters
        ----------
        name : str
            Such as `orders`, `revenue` or `latency_p95 /checkout`.
        every : {"hour", "day"}
            The step.
        days : int
            How far back.

        Returns
        -------
        list of Point
            Oldest first; `value` is in the measure's unit.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        reader = self.series_reader()
        return reader.points(name, every, days, min(self._clock(), reader.newest() + DAY))

    def series_reader(self) -> SeriesReader:
        return SeriesReader(self._store(), self._settings.timezone)
