"""The table of document kinds: all that the code writes or reads, and what retention makes of it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug.store import kinds, open_store, queries
from opsplug.store.kinds import KINDS, living_as_long_as

ROOT = Path(__file__).resolve().parents[2]
NAMES = {kind.name for kind in KINDS}
METHODS = frozenset(
    """put_document add_document get_document documents document_keys documents_since documents_before newest_documents
    delete_document delete_documents""".split()
)


def kinds_in_the_code() -> Iterator[tuple[str, str]]:
    """(file:line, kind) of every call that names a kind by a text or by a constant of its module."""
    for path in (ROOT / "opsplug").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                kind = _value(node.args[0], module) if node.args else None
                if kind is not None:
                    yield f"{path.name}:{node.lineno}", kind


def _value(argument: ast.expr, module: str) -> str | None:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.Name):
        found: Any = getattr(importlib.import_module(module), argument.id, None)
        return found if isinstance(found, str) else None  # a variable: whoever fills it is seen elsewhere
    return None


def test_every_kind_in_the_code_has_a_row() -> None:
    found = list(kinds_in_the_code())
    assert len({kind for _, kind in found}) > 30  # the scan sees them
    assert [entry for entry in found if entry[1] not in NAMES] == []


def test_every_row_is_of_a_kind_in_the_code() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "opsplug").rglob("*.py") if path.name != "kinds.py"
    )
    assert [name for name in NAMES if f'"{name}"' not in text and f"'{name}'" not in text] == []
    assert len(NAMES) == len(KINDS)


def test_a_writer_is_a_module_of_ours() -> None:
    homes = [ROOT / "opsplug", ROOT / "opsplug" / "services"]
    for kind in KINDS:
        first = kind.writer.split(" | ")[0].replace(".", "/")
        assert any((home / f"{first}.py").exists() for home in homes), kind


def test_a_document_of_another_kind_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("sqlite://")
    for write in (
        lambda: store.put_document("no_such_kind", "a", 1, 1),
        lambda: store.add_document("no_such_kind", "a", 1, 1),
        lambda: store.put_documents([("rules", "a", 1), ("no_such_kind", "a", 1)], 1),
    ):
        with pytest.raises(kinds.UnknownKindError):
            write()
    assert store.documents("rules") == []
    monkeypatch.setattr(kinds, "is_strict", False)  # as in a shop
    store.put_document("no_such_kind", "a", 1, 1)
    assert store.get_document("no_such_kind", "a") == 1
    store.close()


def test_what_goes_with_its_visitor_is_what_the_store_forgets() -> None:
    assert living_as_long_as("visitor") == ("visitor",)
    assert "kind = 'visitor'" in queries.FORGET_LINES
    assert set(living_as_long_as("events")) == {
        "chat_unanswered", "knowledge_suggested", "alarm", "note", "alert", "incident",
    }  # fmt: skip
