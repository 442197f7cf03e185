"""What became of a file, line by line: every line is counted exactly once under `taken` or `skipped`."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, Final

from opsplug import reasons
from opsplug.services.transfer.lines import Line

SHOWN: Final = 20
PREFIX: Final = "import."  # of the rows in the table of reasons
POLICY: Final = frozenset(("no positive price", "the same event_id again"))  # good lines that become no event


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
        reasons.require(f"{PREFIX}{reason}")
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


def sentences(report: ImportReport, what: str) -> list[str]:
    """The report for people: what was taken, what was left out and why, and that it adds up."""
    taken = ", ".join(f"{count:,} as {event}" for event, count in sorted(report.taken.items())) or "none"
    rows = [f"{what}: {report.lines:,} lines read; taken {taken}"]
    rows += [f"  left out: {count:,} lines, {reason}" for reason, count in report.skipped.most_common()]
    rows.append(
        f"  {report.lines:,} = {report.taken.total():,} taken + {report.skipped.total():,} left out"
        + ("" if report.adds_up else "  DOES NOT ADD UP: please report this as a bug of opsplug")
    )
    traits = ", ".join(f"{count:,} {trait}" for trait, count in report.to_dict()["seen"].items() if count)
    if traits:
        rows.append(f"  seen among all lines (these overlap): {traits}")
    if report.events:
        known = report.events - report.stored
        rows.append(f"  {report.events:,} events made: {report.stored:,} new, {known:,} known already")
    if report.items and what == "events":
        rows.append(f"  {report.items:,} items added to the catalogue")
    if report.unused_columns:
        rows.append(f"  columns not used: {', '.join(report.unused_columns)}")
    rows += [f"  line {number}: {why}" for number, why in report.bad]
    rejected = sum(count for reason, count in report.skipped.items() if reason not in POLICY)
    if rejected > len(report.bad):
        rows.append(f"  and {rejected - len(report.bad):,} more bad lines; --report FILE names them all")
    return rows


def skip_writer(stream: IO[str]) -> Callable[[str, int, str, str], None]:
    """Writes lines that were left out as CSV rows: file, line, reason, detail."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("file", "line", "reason", "detail"))
    return lambda file, number, reason, detail: writer.writerow((file, number, reason, detail))
