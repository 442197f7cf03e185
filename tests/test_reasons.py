"""The table of reasons: whole, spoken in both languages, used by the code, and shown by the page made from it."""

import ast
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug import locales, reasons
from opsplug.capture.counters import MAX_DETAILS, Counters
from tools import build_pages

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = [path for folder in ("opsplug", "adapters") for path in (ROOT / folder).rglob("*.py")]
# Who counts: counters.add(name), counters.note(name, ...), guard(hook), guard.swallowed(hook, ...).
COUNTING = {"add": "", "note": "", "_count": "", "count": "", "swallowed": "errors."}


def counted_names() -> Iterator[tuple[str, str]]:
    """(file:line, name) of every counter whose name stands in the code; an f-string gives what it begins with."""
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and (prefix := _prefix(node.func)) is not None:
                for name in _texts(node.args[0]):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", f"{prefix}{name}"


def _prefix(function: ast.expr) -> str | None:
    text = ast.unparse(function)
    if re.search(r"(^|[._])guard$", text):
        return "errors."
    last = text.rpartition(".")[2]
    if last == "note" and text.startswith(("note", "self._counters", "counters")):
        return ""
    if last in COUNTING and re.search(r"(counters?|guard|self)\._?\w+$", text) and last != "note":
        return COUNTING[last]
    return None


def _texts(value: ast.expr) -> list[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.IfExp):
        return _texts(value.body) + _texts(value.orelse)
    if isinstance(value, ast.JoinedStr):
        first = value.values[0]
        return [f"{first.value}*"] if isinstance(first, ast.Constant) else []
    return []


def test_every_counter_in_the_code_has_a_row() -> None:
    found = list(counted_names())
    assert len({name for _, name in found}) > 50  # the scan sees them
    assert [entry for entry in found if not _has_row(entry[1])] == []


def _has_row(name: str) -> bool:
    if name.endswith("*"):
        return any(row.name.startswith(name[:-1]) for row in reasons.REASONS)
    return reasons.find(name) is not None


@pytest.mark.parametrize("language", locales.languages())
def test_every_row_has_a_meaning_and_every_serious_one_a_remedy(language: str) -> None:
    silent = [row.name for row in reasons.REASONS if not reasons.meaning(row.name, language)]
    helpless = [
        row.name for row in reasons.REASONS if row.severity != "info" and not reasons.remedy(row.name, language)
    ]
    assert (silent, helpless) == ([], [])


def test_names_are_told_once_and_texts_belong_to_a_row() -> None:
    names = [row.name for row in reasons.REASONS]
    assert len(names) == len(set(names))
    assert set(locales.words("reasons", "en")) == set(names)  # and so in every language: see tests/locales
    assert {row.gate for row in reasons.REASONS} - {""} <= set(reasons.GATES)


def test_a_family_stands_for_all_that_begin_so() -> None:
    row = reasons.find("errors.job.forecasts")
    assert row is not None and row.name == "errors.job.*"
    assert reasons.detail("errors.job.forecasts") == "forecasts"
    assert reasons.find("errors.nobody_wrote_this") is None


def test_a_counter_without_a_row_cannot_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(reasons.UnknownReasonError, match="no_such_reason"):
        Counters().add("no_such_reason")
    monkeypatch.setattr(reasons, "is_strict", False)  # as in a shop: counted, and nobody is harmed
    counters = Counters()
    counters.add("no_such_reason")
    assert counters.get("no_such_reason") == 1


def test_names_that_pages_choose_stay_few_and_say_nothing_of_people() -> None:
    counters = Counters()
    for name in ("colour", "colour", "4915112345678", "ada@post.example", "phone_4915112345678", "<b>", "x" * 41):
        counters.note("properties_unknown.*", name)
    assert counters.unsaved() == {"properties_unknown.colour": 2, "properties_unknown.other": 5}
    for number in range(200):
        counters.note("properties_unknown.*", f"name_{number}")
    assert len(counters.unsaved()) == MAX_DETAILS + 1
    assert sum(counters.unsaved().values()) == 207


def test_names_that_the_store_has_take_the_places_of_new_ones() -> None:
    counters = Counters()
    counters.know([f"properties_unknown.old_{number}" for number in range(MAX_DETAILS)])
    counters.note("properties_unknown.*", "old_3")
    counters.note("properties_unknown.*", "new")
    assert counters.unsaved() == {"properties_unknown.old_3": 1, "properties_unknown.other": 1}


def test_the_first_counts_of_many_threads_are_exact() -> None:
    for _ in range(50):
        counters, start = Counters(), threading.Barrier(4)

        def add(counters: Counters = counters, start: threading.Barrier = start) -> None:
            start.wait()
            counters.add("requests")

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counters.get("requests") == 4


def test_the_gravest_counters_come_first() -> None:
    counts = {"requests": 9, "rate_limited": 1, "events_lost": 2, "errors.price": 3, "events_dropped": 0}
    assert [name for name, _ in reasons.worth_a_look(counts)] == ["events_lost", "errors.price", "rate_limited"]
    assert [name for name, _ in reasons.gravest_first(counts)][-1] == "requests"


@pytest.mark.parametrize("name", sorted(build_pages.PAGES))
def test_a_page_is_what_its_table_says(name: str) -> None:
    written = (build_pages.DOCS / name).read_text(encoding="utf-8")
    assert written == build_pages.PAGES[name](), "run: python tools/build_pages.py"
