"""Every block of code in the documentation is run, or put before the program that would read it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import click
import jinja2
import pytest
from flask import Flask
from starlette.applications import Starlette

from opsplug import Engine
from opsplug.cli.app import group
from opsplug.models.forecast import forecast
from opsplug.services.transfer.analysis_copy import write_analysis_copy
from opsplug_flask import OpsPlug, current_engine
from tests.support.markdown import ROOT, Block, blocks

LANGUAGES = {"", "python", "json", "html", "jinja", "js"}
COMMANDS = {"opsplug", "make", "pip", "datasette", "jq", "openssl", "gunicorn", "uvicorn", "git", "export"}
GOODS = [
    {"item_id": f"sku{n}", "item_name": f"Red mug {n}", "item_category": "Kitchen", "price": 9.9} for n in range(9)
]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the pages speak of: an app, an engine with goods, a shop's own file and functions."""
    monkeypatch.chdir(tmp_path)
    engine = Engine(store=f"sqlite:///{tmp_path}/docs.db", testing=True)
    engine.catalog.upsert(GOODS)
    with closing(sqlite3.connect("shop.db")) as own, own:
        own.execute("CREATE TABLE products (sku TEXT, title TEXT)")
        own.execute("INSERT INTO products VALUES ('mug', 'Mug')")
    write_analysis_copy(engine.store, Path("shop-analysis.db"))
    week = [5, 6, 7, 6, 8, 12, 11]
    days = [f"2026-{month:02d}-{day:02d}" for month in range(1, 5) for day in range(1, 29)]
    yield {
        "engine": engine, "values": week * 14, "past_days": days[:98], "coming_days": days[98:112], "holidays": {days[3]},
        "timestamp": 1_790_000_000.0, "value": 3.0, "finding": None, "Product": MagicMock(), "Session": MagicMock(), "prices_of": dict,
        "order": SimpleNamespace(id="1001", total=9.9), "lines": [{"item_id": "sku1", "price": 9.9}],
        "current_engine": current_engine, "is_support": bool, "current_user": SimpleNamespace(is_admin=True), "request": None,
    }  # fmt: skip
    engine.close()


def in_a_shop(source: str, names: dict[str, Any]) -> None:
    """Run a block as a shop would: with an app of the framework it names, inside a request of Flask."""
    plugged, flask = Flask("shop"), Flask("docs")
    plugged.testing = flask.testing = True
    plug = OpsPlug(plugged, testing=True, store=names["engine"].settings.store)
    app = Starlette() if "add_middleware" in source else flask
    # A block may show several ways to begin: each is a shop of its own.
    begin = lambda _, **settings: OpsPlug(Flask("docs"), testing=True, **settings)  # noqa: E731
    named = {"app": app, "OpsPlug": begin, "__name__": "shop_of_the_docs", **names}
    with plugged.test_request_context("/"):
        exec(compile(source, "block", "exec"), named)
    plug.engine.close()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_runs(block: Block, shop: dict[str, Any], recwarn: pytest.WarningsRecorder) -> None:
    shop |= {"forecast": forecast} | {name: forecast(shop["values"], 7, 7) for name in ("f1", "f2", "f3")}
    if "findings" in block.text:
        shop["engine"].insight.findings = list  # of a shop that has run for weeks; sentences have their own tests
        source = re.sub(r"^.*sentences\(.*$", "", block.text, flags=re.MULTILINE)
    else:
        source = block.text
    in_a_shop(source, shop)


def commands(block: Block) -> list[list[str]]:
    """The command lines of a block without a language, which may hold output or a drawing as well."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.split(" ")[0] in COMMANDS]


SHELL = [block for block in blocks("", "sh", "bash", "console") if commands(block)]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_are_understood(block: Block) -> None:
    for words in commands(block):
        if words[0] == "opsplug":
            understood(group, words[1:], None)
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), words
        elif words[0] == "pip":
            for extra in re.findall(r"\[([\w,]+)\]", " ".join(words)):
                for name in extra.split(","):
                    assert re.search(rf"^{name} =", (ROOT / "setup.cfg").read_text(), re.MULTILINE), name


def understood(command: click.Command, words: list[str], parent: click.Context | None) -> None:
    """Parse as the command line would, down to the command that would run; files need not be there."""
    try:
        context = command.make_context(command.name or "opsplug", list(words), parent=parent)
    except click.BadParameter as error:
        assert "does not exist" in str(error), error
        return
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, below, more = command.resolve_command(context, rest)
        assert below is not None, name
        understood(below, more, context)


def test_a_wrong_option_would_be_seen() -> None:
    with pytest.raises(click.NoSuchOption):
        understood(group, ["import", "--evnts", "x.csv"], None)
    with pytest.raises(click.UsageError):
        understood(group, ["imprt"], None)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), dict | list)


@pytest.mark.parametrize("block", blocks("jinja"), ids=str)
def test_templates_compile(block: Block) -> None:
    jinja2.Environment().from_string(block.text).render(opsplug=MagicMock(), product=MagicMock())


@pytest.mark.parametrize("block", blocks("html"), ids=str)
def test_elements_and_attributes_are_those_of_the_snippet(block: Block) -> None:
    built = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "js_snippet" / "dist").glob("*.js"))
    served = built + "".join(path.read_text(encoding="utf-8") for path in (ROOT / "opsplug" / "web").glob("*.py"))
    names = {*re.findall(r"</?(opsplug-[\w-]+)", block.text), *re.findall(r"(data-opsplug-[\w-]+)", block.text)}
    for name in names:
        key = name.removeprefix("data-opsplug-").replace("-", "_")  # the script puts attributes together from events
        assert name in served or key in served, name


@pytest.mark.parametrize("block", blocks("js"), ids=str)
def test_scripts_parse(block: Block, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: scripts of the documentation were not parsed")
    (tmp_path / "block.mjs").write_text(block.text)
    done = subprocess.run([node, "--check", tmp_path / "block.mjs"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_block_is_of_an_unknown_kind() -> None:
    for page in {block.page for block in blocks(*LANGUAGES)}:
        for language in re.findall(r"^```(\w+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE):
            assert language in LANGUAGES, f"{page}: no test runs a block of {language}"
