"""Writes the pages of docs/ that are made from a table of the code: `python tools/build_pages.py`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from opsplug import reasons
from opsplug.store.kinds import KINDS

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
    meaning, remedy = (reasons.marked(row.name, part, "en") for part in ("meaning", "remedy"))
    return f"| `{row.name}` | {row.severity} | {meaning} | {remedy} |"


_DOCUMENTS: Final = """# Documents

Besides events, catalogue, leases and counters the store keeps JSON values by kind and key (table `documents`). These
are all kinds. *Goes*: with the **events** of its time (`retention_days`); with its **conversation**; when its
**visitor** refuses to be recognised; when the **shop** removes it; or by its **writer**'s own doing, who keeps a few or
overwrites the only one. *Of a person*: whether it says something of one person, and by which key; `masked` texts name
nobody.

Made from `opsplug/store/kinds.py` by `python tools/build_pages.py`; a test fails where the two differ.

| kind | holds | key | written by | goes | of a person |
|---|---|---|---|---|---|
"""


def documents_page() -> str:
    return _DOCUMENTS + "".join(
        f"| `{kind.name}` | {kind.holds} | `{kind.key.replace('|', 'or')}` | {kind.writer.replace('|', 'or')} | "
        f"{kind.lifetime} | {kind.personal} |\n"
        for kind in KINDS
    )


PAGES: Final[dict[str, Callable[[], str]]] = {"documents.md": documents_page, "reasons.md": reasons_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
