"""Records of the queue to events, in turns with the requests, none spoiling the others."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from opsplug.events import Event

_SLICE: Final = 100  # records converted before requests get a turn

Convert = Callable[[Sequence[Any]], list[Event]]


def convert_all(convert: Convert, records: Sequence[Any], reject: Callable[[Exception], object]) -> list[Event]:
    """The events of all records that can be converted; `reject` hears why one cannot."""
    events: list[Event] = []
    for start in range(0, len(records), _SLICE):
        part = records[start : start + _SLICE]
        try:
            events += convert(part)
        except Exception:  # one of them cannot be converted, the others can
            for record in part:
                try:
                    events += convert([record])
                except Exception as error:
                    reject(error)
        time.sleep(0)  # requests that wait for the interpreter get their turn
    return events
