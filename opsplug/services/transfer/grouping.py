"""Lines that belong together -> one event each: an order's lines, an exported event's lines, or single rows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from opsplug.capture.track import ONCE_PER_TRANSACTION
from opsplug.events import Event, Item
from opsplug.services.transfer.lines import Line, digest
from opsplug.services.transfer.report import ImportReport

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Line).decode


def pack_line(line: Line) -> bytes:
    return _pack(line)


def events_of(packed: Iterable[tuple[tuple[str, int], bytes]], report: ImportReport) -> Iterator[tuple[int, Event]]:
    """(number of its first line, event) of each group. `packed` is sorted by key and line number."""
    for key, pairs in groupby(packed, key=lambda pair: pair[0][0]):
        lines = (_unpack(blob) for _, blob in pairs)
        kind = key.partition(":")[0]
        if kind == "content":
            yield from _single_rows(lines, report)
        elif kind == "skipped":
            for place, line in enumerate(lines):
                report.skip(line.number, line.skipped or "")
                report.repeated += place > 0
        else:
            yield _one_event(kind, list(lines), report)


def _single_rows(lines: Iterable[Line], report: ImportReport) -> Iterator[tuple[int, Event]]:
    """Each row is an event; its place among its equals keeps honest repeats apart and second imports equal."""
    for place, line in enumerate(lines):
        report.repeated += place > 0
        report.took(line.event, 1)
        yield line.number, _event(digest(line.content(), place), [line], line.items)


def _one_event(kind: str, lines: list[Line], report: ImportReport) -> tuple[int, Event]:
    unique = {line.content(): line for line in reversed(lines)}
    repeated = len(lines) - len(unique)
    report.repeated += repeated
    if kind == "event" and repeated:  # the same event twice in the file
        kept = {line.number for line in unique.values()}
        for line in lines:
            if line.number not in kept:
                report.skip(line.number, "the same event_id again")
        lines = [line for line in lines if line.number in kept]
    report.took(lines[0].event, len(lines))
    number = lines[0].number
    lines.sort(key=lambda line: (line.position or 0, line.number))
    items = [item for line in lines for item in line.items]
    event = _event(_event_id(lines), lines, items)
    if kind == "order":
        _complete_order(event, lines)
    return number, event


def _event_id(lines: Sequence[Line]) -> str:
    first = lines[0]
    if first.event_id is not None:
        return first.event_id
    if first.event in ONCE_PER_TRANSACTION:  # as `track` does: an order known from both sides is one
        return f"{first.event}:{first.properties['transaction_id']}"
    return digest(b"".join(sorted(line.content() for line in lines)))


def _complete_order(event: Event, lines: Sequence[Line]) -> None:
    """The order's time is its first line's; later lines keep their distance. Its value, if not given, is the sum."""
    event.timestamp = min(line.timestamp for line in lines)
    seconds = [(line.timestamp - event.timestamp) / 1000 for line in lines for _ in line.items]
    if any(seconds):
        event.properties["line_seconds"] = seconds
    prices = [(item.price, item.quantity) for item in event.items]
    if "value" not in event.properties and prices and all(price is not None for price, _ in prices):
        event.properties["value"] = round(sum((price or 0) * quantity for price, quantity in prices), 4)


def _event(event_id: str, lines: Sequence[Line], items: Sequence[Item]) -> Event:
    first = lines[0]
    properties = {key: value for line in reversed(lines) for key, value in line.properties.items()}
    return Event(
        event_id=event_id,
        event=first.event,
        timestamp=first.timestamp,
        received_at=first.received_at or 0,  # 0: when it will be stored
        source=first.source,
        audience=first.audience,
        anonymous_id=next((line.anonymous_id for line in lines if line.anonymous_id), None),
        user_id=next((line.user_id for line in lines if line.user_id), None),
        session_id=first.session_id,
        page_view_id=first.page_view_id,
        route=first.route,
        items=items,
        properties=properties,
    )
