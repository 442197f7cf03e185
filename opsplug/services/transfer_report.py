"""What became of a file, line by line: every line is counted exactly once under `taken` or `skipped`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from opsplug.services.transfer_rows import Line

SHOWN = 20


@dataclass
class ImportReport:
    """`lines` = the sum of `taken` (lines by event) and of `skipped` (lines by reason).

    `seen` counts traits of lines, which overlap: guests, repeated, cancelled, returned, without a positive price.
    `events` were made of the lines taken; `stored` of them were new, the others known already.
    """

    lines: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    events: int = 0
    stored: int = 0
    items: int = 0
    guests: int = 0
    repeated: int = 0
    cancelled: int = 0
    returned: int = 0
    unpaid: int = 0
    unused_columns: list[str] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    on_skip: Callable[[int, str, str], None] | None = None

    def took(self, event: str, lines: int) -> None:
        self.taken[event] += lines

    def skip(self, number: int, reason: str, detail: str = "") -> None:
        """A good line that becomes no event."""
        self.skipped[reason] += 1
        if self.on_skip is not None:
            self.on_skip(number, reason, detail)

    def reject(self, number: int, reason: str, detail: str) -> None:
        """A line that does not fit: the first ones are kept by number."""
        self.skip(number, reason, detail)
        if len(self.bad) < SHOWN:
            self.bad.append((number, detail))

    def see(self, line: Line) -> None:
        """Count the traits of a line, whatever becomes of it."""
        self.guests += line.user_id is None
        self.cancelled += line.cancelled
        self.returned += line.returned
        price = line.items[0].price if line.items else None
        self.unpaid += price is not None and price <= 0

    @property
    def adds_up(self) -> bool:
        return self.lines == self.taken.total() + self.skipped.total()

    def to_dict(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "taken": dict(self.taken),
            "skipped": dict(self.skipped),
            "seen": {
                "guests": self.guests,
                "repeated": self.repeated,
                "cancelled": self.cancelled,
                "returned": self.returned,
                "without a positive price": self.unpaid,
            },
            "events": self.events,
            "stored": self.stored,
            "known already": self.events - self.stored,
            "items": self.items,
            "unused_columns": self.unused_columns,
            "bad": [{"line": number, "why": why} for number, why in self.bad],
        }
