"""What contributors are told to use is there and says the same: hooks, editor, make, recipes."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MAKE = (ROOT / "Makefile").read_text(encoding="utf-8")
HOOKS = [
    hook for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"] for hook in repo["hooks"]
]  # fmt: skip
RECIPES = ("recommender", "page", "event field", "setting", "language", "store", "background job", "framework adapter")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_calls_a_tool_that_make_installs(hook: dict[str, str]) -> None:
    words = hook["entry"].split()
    if words[0] == "npm":
        scripts = json.loads((ROOT / "js_snippet" / "package.json").read_text(encoding="utf-8"))["scripts"]
        assert words[-1] in scripts
    else:
        tool = words[0].removeprefix(".venv/bin/")
        assert f"$(BIN)/{tool}" in MAKE


def test_hooks_cover_style_types_layers_and_the_snippet() -> None:
    assert {hook["id"] for hook in HOOKS} >= {"ruff", "ruff-format", "mypy", "import-layers", "tsc", "snippet-lint"}


def test_editors_wrap_where_ruff_does() -> None:
    config = configparser.ConfigParser()
    config.read_string("[top]\n" + (ROOT / ".editorconfig").read_text(encoding="utf-8"))
    line = tomllib.loads((ROOT / "ruff.toml").read_text(encoding="utf-8"))["line-length"]
    assert config["*"]["max_line_length"] == str(line)


def test_make_test_runs_every_part() -> None:
    needs = re.search(r"^test: (.*)$", MAKE, re.MULTILINE)
    assert needs and set(needs[1].split()) >= {"lint", "types", "snippet", "browser"}
    check = json.loads((ROOT / "js_snippet" / "package.json").read_text(encoding="utf-8"))["scripts"]["check"]
    assert all(f"run --silent {part}" in check for part in ("types", "lint", "test"))


def test_there_is_a_recipe_for_each_kind_of_change() -> None:
    titles = re.findall(r"^## An? (.*)$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(titles) >= set(RECIPES)


def test_decisions_are_numbered_and_listed() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    listed = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert f"({page.name})" in listed
        assert all(f"## {part}\n" in text for part in ("Why", "What", "What follows"))
