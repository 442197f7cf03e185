"""What recommendations change and whom they serve, for the stats page: documents of the daily jobs, and the lift."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opsplug.features.recommendation_id import PLACEMENTS
from opsplug.services.outcomes.lift import PlacementLift, groups_since, measure_lifts
from opsplug.services.outcomes.stale_cache import StaleWhileRevalidate
from opsplug.services.recommend.recommender import MODEL
from opsplug.services.recommend.rules import Rules, parse_rules
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

KEEP_SECONDS = 60.0  # the lift reads every list and order of its days


class Effects:
    """Safe to share between threads. `StoreError` when the store cannot be read."""

    def __init__(
        self, store: Callable[[], Store], *, holdout: float, seed: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self.holdout = holdout
        self._seed = seed
        self._clock = clock
        self._kept = StaleWhileRevalidate(KEEP_SECONDS)

    def lifts(self, days: int = 90) -> list[PlacementLift]:
        """With recommendations against the holdout, all placements first. Empty without a holdout."""
        if not self.holdout:
            return []
        return self._kept.get(days, lambda: self._measure(days))

    def _measure(self, days: int) -> list[PlacementLift]:
        moment, store = self._clock(), self._store()
        until = round(moment * 1000) + 1
        since = round(groups_since(store, share=self.holdout, seed=self._seed, now=moment) * 1000)
        return measure_lifts(store, share=self.holdout, since_ms=max(until - days * DAY_MS, since), until_ms=until)

    def slots(self) -> list[tuple[str, Mapping[str, Any]]]:
        """(placement, what the last training of its slot ranker found), in the order of the placements."""
        found = dict(self._store().documents("slots"))
        return [(placement, found[placement]) for placement in PLACEMENTS if placement in found]

    def fairness(self) -> Mapping[str, Any] | None:
        """The document of the last daily look, None before the first."""
        found: Mapping[str, Any] | None = self._store().get_document("fairness", "latest")
        return found

    def rules(self) -> Any:
        """The owner's rules as stored, or an empty document."""
        return self._store().get_document("rules", MODEL) or {}

    def changed(self) -> Mapping[str, Any]:
        """Who changed the rules last, and when (epoch seconds); empty when nobody did."""
        found: Mapping[str, Any] | None = self._store().get_document("rules_changed", MODEL)
        return found or {}

    def save_rules(self, document: Mapping[str, Any], who: str) -> Rules:
        """Check and store the rules; workers follow within two seconds. `SettingsError` names what does not fit."""
        rules = parse_rules(document)
        at = self._clock()
        self._store().put_document("rules", MODEL, dict(document), round(at * 1000))
        self._store().put_document("rules_changed", MODEL, {"who": who, "at": at}, round(at * 1000))
        return rules
