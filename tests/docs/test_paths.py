"""Every file and folder that the documentation names is there, and so is every module and setting."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from opsplug.cli.app import group
from opsplug.settings import Settings
from tests.support.markdown import PAGES, ROOT

TOP = r"(?:opsplug|adapters|js_snippet|migrations|tests|benchmarks|docs|tools|\.ci)"
NAMED = re.compile(rf"`({TOP}/[\w./<>*{{}},-]*)`")
MODULE = re.compile(r"`(opsplug(?:_flask|_starlette)?(?:\.[a-z_]\w*){2,})[`(]")
SHORT = re.compile(r"`((?:capture|store|features|models|services|training|web|engine)(?:\.[a-z_]\w*)+)[`(]")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
ROOTS = (ROOT, ROOT / "adapters" / "flask", ROOT / "adapters" / "starlette")
SHOWN = [page for page in PAGES if page.name != "CHANGELOG.md"]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_paths_are_there(page: Path) -> None:
    for name in NAMED.findall(page.read_text(encoding="utf-8")):
        pattern = re.sub(r"<\w+>|NNNN[\w-]*|\.\.\.", "*", name.rstrip("/"))
        assert any(ROOT.glob(pattern)), f"{name} is not there"


@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_modules_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    short = SHORT.findall(text) if page.name in ("architecture.md", "CONTRIBUTING.md") else []
    for name in [*MODULE.findall(text), *(f"opsplug.{name}" for name in short)]:
        parts = name.split(".")
        places = [base.joinpath(*parts[:n]) for n in range(len(parts), 0, -1) for base in ROOTS]
        found = next((place for place in places if place.is_dir() or place.with_suffix(".py").exists()), None)
        assert found is not None, name
        rest = parts[
            len(
                found.relative_to(next(b for b in ROOTS if found.is_relative_to(b) and (b / parts[0]).exists())).parts
            ) :
        ]
        if rest:
            text = (
                found.with_suffix(".py") if found.with_suffix(".py").exists() else found / "__init__.py"
            ).read_text()
            assert re.search(rf"\b{rest[0]}\b", text), name


def test_every_command_is_described() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in group.list_commands(click.Context(group)) if f"`opsplug {name}" not in text] == []


def test_variables_of_the_environment_are_settings() -> None:
    others = {"OPSPLUG_SOAK", "OPSPLUG_NAME"}
    known = {f"OPSPLUG_{name.upper()}" for name in Settings.__dataclass_fields__}
    for page in SHOWN:
        named = set(re.findall(r"\bOPSPLUG_[A-Z_]+\b", page.read_text(encoding="utf-8")))
        assert named <= known | others, page.name
