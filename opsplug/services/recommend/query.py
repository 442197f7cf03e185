"""Arguments of a question made uniform, and what the store knows of the visitor who asks."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsplug.errors import EventError, StoreError
from opsplug.events import Step
from opsplug.features.interactions import CART, PURCHASE, VIEW
from opsplug.services.recommend.ranking import BOUGHT_NAMES, KINDS_BY_NAME, READ_NAMES, Act, Visitor, visitor_of

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

EVENTS = 300  # newest events of a visitor that are read
PURCHASES = 1000  # and, of a visitor with more than that, newest purchases
TIMEOUT = 0.02  # seconds for one read


def seconds(value: datetime | float, field: str) -> float:
    """Aware datetime or epoch seconds -> epoch seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise EventError(f"{field}: a datetime needs a time zone, for example datetime.now(timezone.utc)")
        return value.timestamp()
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise EventError(f"{field}: give an aware datetime or epoch seconds") from None
    if not math.isfinite(number) or abs(number) > 1e11:
        raise EventError(f"{field}: {value!r} is not epoch seconds")
    return number


def listed(values: Iterable[Any] | None, field: str) -> list[Any]:
    """What an argument lists; None lists nothing, and a text is one id and no list."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable | None):
        raise EventError(f"{field}: a list of item ids is expected, not {type(values).__name__}")
    return [] if values is None else list(values)


def id_of(value: Any) -> str:
    """An item id as the catalogue and the events write it."""
    return str(value).strip().replace("\x00", "")


def acts_of(history: Iterable[Any] | None, now: float) -> list[Act]:
    """Ids, `(id, time)` or `(id, time, event name)` -> acts. Ids without a time are the last seconds before now."""
    told = listed(history, "history")
    acts: list[Act] = []
    for place, entry in enumerate(told):
        if isinstance(entry, str | int):
            acts.append((id_of(entry), now - (len(told) - place), VIEW))
            continue
        if not isinstance(entry, Sequence) or not 2 <= len(entry) <= 3:
            raise EventError("history: each entry is an item id or an (item_id, time) pair")
        kind = KINDS_BY_NAME.get(entry[2], VIEW) if len(entry) == 3 else VIEW
        acts.append((id_of(entry[0]), seconds(entry[1], "history"), kind))
    return acts


class Known:
    """Reads a visitor's last events; a read that fails or takes too long costs a rung and is counted."""

    def __init__(self, store: Store, counters: Counters, timeout: float = TIMEOUT) -> None:
        self._store = store
        self._counters = counters
        self._timeout = timeout

    def visitor(self, user_id: str | None, anonymous_id: str | None, told: list[Act], now: float) -> Visitor:
        """What the store knows up to `now`, merged with what the caller told."""
        visitor = visitor_of(self._steps(user_id, anonymous_id), now)
        if told:
            known = {(item, int(at)) for item, at, _ in visitor.acts}
            visitor.acts += [act for act in told if (act[0], int(act[1])) not in known]
            visitor.acts.sort(key=lambda act: act[1])
            visitor.bought.update({item: at for item, at, kind in told if kind == PURCHASE})
            visitor.cart.update(item for item, _, kind in told if kind == CART)
        return visitor

    def _steps(self, user_id: str | None, anonymous_id: str | None) -> list[Step]:
        if not user_id and not anonymous_id:
            return []
        steps: list[Step] = []
        try:
            keys = list(self._store.visitors_of(user_id)) if user_id else []
            if anonymous_id and anonymous_id not in keys:
                keys.append(anonymous_id)
            steps = self._store.steps(keys, limit=EVENTS, names=READ_NAMES, timeout=self._timeout)
            if len(steps) >= EVENTS:  # rare: what was bought long ago must still not come back
                older = self._store.steps(keys, limit=PURCHASES, names=BOUGHT_NAMES, timeout=self._timeout)
                have = {step.event_id for step in steps}
                steps = [*(step for step in older if step.event_id not in have), *steps]
        except (StoreError, UnicodeError) as error:  # an id that no store can hold
            log.warning("opsplug: a visitor's history was not read (%s); recommending without it", error)
            self._counters.add("history_timeouts")
        return steps
