"""What cleaning found, changed and kept out, so that every line read is accounted for."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

WHY: Final = {
    "burst": "more moments with events of one visitor in a minute than a person has",
    "double event": "the same thing by the same visitor at the same moment, from two sources or twice in a file",
    "double order": "a second purchase event with the same transaction id",
    "no positive price": "an order line for nothing or less: a write-off or a test, not a sale",
    "repeated line": "a line that stands twice in one order, equal in everything",
    "stale": "reported by a browser more than 30 days after it happened",
    "program": "a visitor that loads page after page and never runs the snippet",
    "refund": "taken back: kept, and counted against its purchase",
    "clock skew": "said to happen after it was received: moved to its receipt",
    "other currency": "not the shop's currency: its prices were left out, the behaviour kept",
    "impossible price": "20 times over or under what the item costs: replaced by the catalogue's price",
    "filled": "name, category, brand or price taken from the catalogue",
    "normalised": "item id, currency or category written as the catalogue writes it",
}


@dataclass
class CleaningReport:
    """Lines are items of events (an event without items counts as one line).

    `lines` = `kept` + the sum of `removed`. `found` counts every line that a rule recognised, which may overlap;
    `changed` counts lines that were corrected and kept.
    """

    events: int = 0
    lines: int = 0
    kept: int = 0
    found: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        return self.lines == self.kept + self.removed.total()

    def to_dict(self) -> dict[str, Any]:
        """For the stats page and for machines."""
        return {
            "events": self.events,
            "lines": self.lines,
            "kept": self.kept,
            "found": dict(self.found),
            "removed": dict(self.removed),
            "changed": dict(self.changed),
        }

    def sentences(self) -> list[str]:
        """One line a rule for people, the largest first."""
        rows = []
        for rule, count in sorted(self.found.items(), key=lambda pair: (-pair[1], pair[0])):
            done = [f"{self.removed[rule]:,} kept out"] if self.removed[rule] else []
            done += [f"{self.changed[rule]:,} corrected"] if self.changed[rule] else []
            rows.append(f"{rule}: {count:,} found{''.join(', ' + part for part in done)} ({WHY[rule]})")
        return rows
