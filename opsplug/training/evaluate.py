"""`opsplug evaluate`: how good a training of today would be, judged as the gate judges it; nothing is published."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsplug.features.items import catalogue
from opsplug.training.gate import Verdict, judge
from opsplug.training.jobs import Work
from opsplug.training.reader import read_interactions
from opsplug.training.recommendations import champion

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.artefacts import Artefacts


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
    return judge(log, catalogue(store.items()), champion=champion(work), seed=seed)
