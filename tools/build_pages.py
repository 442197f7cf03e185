"""Writes the pages of docs/ that are made from a table of the code: `python tools/build_pages.py`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from opsplug import reasons

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
_REASONS: Final = """# Reasons

Nothing that opsplug is given disappears without a reason. What is counted, repaired, dropped, refused or has failed
has a row here; the counters are on the stats page *Health* and in `opsplug status`, and `opsplug doctor` says the
remedy for each that costs something. `opsplug why` traces one event through everything that could happen to it
([commands](commands.md)). A name that ends in `*` stands for all that begin so.

Made from `opsplug/reasons.py` by `python tools/build_pages.py`; a test fails where the two differ.
"""


def reasons_page() -> str:
    sections = [_REASONS]
    for outcome in ("refused", "dropped", "failed", "repaired", "counted"):
        rows = [row for row in reasons.REASONS if row.outcome == outcome]
        lines = [_line(row) for row in sorted(rows, key=lambda row: reasons.GRAVEST_FIRST.index(row.severity))]
        head = "| reason | severity | meaning | remedy |\n|---|---|---|---|"
        sections.append("\n".join([f"## {outcome.capitalize()}\n", head, *lines, ""]))
    return "\n".join(sections)


def _line(row: reasons.Reason) -> str:
    return f"| `{row.name}` | {row.severity} | {reasons.meaning(row.name, 'en')} | {reasons.remedy(row.name, 'en')} |"


PAGES: Final[dict[str, Callable[[], str]]] = {"reasons.md": reasons_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
