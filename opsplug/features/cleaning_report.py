"""What cleaning found, changed and kept out, so that every line read is accounted for."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from opsplug import reasons

PREFIX: Final = "cleaning."  # of the rules' rows in the table of reasons


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
            rows.append(f"{rule}: {count:,} found{''.join(', ' + part for part in done)} ({why(rule)})")
        return rows


def why(rule: str) -> str:
    """A rule in words, as part of a sentence."""
    text = reasons.meaning(f"{PREFIX}{rule}", "en")
    return f"{text[:1].lower()}{text[1:].rstrip('.')}"
