"""`opsplug evaluate`: how good a training of today would be, judged as the gate judges it; nothing is published."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsplug.features.items import catalogue
from opsplug.models.rerank.slot_learning import Learned, learn
from opsplug.training.deep import fitting
from opsplug.training.gate import Verdict, judge
from opsplug.training.reader import read_interactions
from opsplug.training.recommendations import champion
from opsplug.training.run.job import Work
from opsplug.training.slots import DAYS, read_lists
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts


def evaluate(
    store: Store,
    artefacts: Artefacts,
    *,
    now: float | None = None,
    seed: int = 0,
    say: Callable[[str], object] = lambda text: None,
    clock: Callable[[], float] = time.time,
) -> Verdict:
    """Judge a model of all events up to `now` (epoch seconds) against popularity and the model in use."""
    work = Work(store, artefacts, now, seed, clock=clock, say=say)
    log = read_interactions(store, until=now, progress=lambda count: say(f"{count:,} events read"))
    say(f"judging on {len(log):,} interactions")
    return judge(log, catalogue(store.items()), champion=champion(work), seed=seed, fit=fitting(work))


def evaluate_slots(
    store: Store, *, now: float | None = None, seed: int = 0, clock: Callable[[], float] = time.time
) -> dict[str, Learned]:
    """What the order by clicks would have brought in each placement whose lists were seen, by off-policy estimates."""
    until = round((clock() if now is None else now) * 1000)
    seen = read_lists(store, since_ms=until - DAYS * DAY_MS, until_ms=until + 1)
    return {placement: learn(seen.log(placement), seed=seed) for placement in seen.placements()}
