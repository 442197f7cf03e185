"""The public names say what they take, with shapes and units, what they give, and what they raise."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from tests.support.public_names import FUNCTIONS, LITERATURE, RESULTS

NO_TEXT = ("array_like", "ndarray")  # what needs a shape


def named(address: str) -> Any:
    module, _, path = address.partition(":")
    found = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def sections(thing: Any) -> dict[str, list[str]]:
    """Heading -> lines of a numpy-style docstring."""
    text = inspect.getdoc(thing) or ""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    return {"": parts[0].splitlines()} | {
        heading: body.rstrip().splitlines() for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def entries(lines: list[str]) -> set[str]:
    """Names at the margin: `a, b : int` -> {a, b}."""
    margins = [line.split(":")[0] for line in lines if line and not line.startswith(" ")]
    return {name.strip().lstrip("*") for margin in margins for name in margin.split(",")}


def taken(thing: Callable[..., Any]) -> set[str]:
    parameters = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing).parameters
    return {name for name in parameters if name != "self"}


@pytest.mark.parametrize("address", FUNCTIONS)
def test_a_function_describes_every_parameter_its_result_and_its_errors(address: str) -> None:
    thing = named(address)
    found = sections(thing)
    assert found[""][0].endswith("."), "the first line is one sentence"
    told = entries(found.get("Parameters", []))
    if "keywords" in taken(thing) or "settings" in taken(thing):
        told |= {"keywords", "settings"} & taken(thing)
    assert told == taken(thing)
    gives = None if inspect.isclass(thing) else inspect.signature(thing).return_annotation
    assert ("Returns" in found) == (gives not in (None, "None"))
    source = inspect.getsource(thing.__init__ if inspect.isclass(thing) else thing)
    if "raise " in source:
        assert "Raises" in found
    for kind in NO_TEXT:
        for line in (*found.get("Parameters", ()), *found.get("Returns", ())):
            assert kind not in line or "shape" in line, line


@pytest.mark.parametrize("address", RESULTS)
def test_a_result_describes_every_field(address: str) -> None:
    thing = named(address)
    fields = set(getattr(thing, "_fields", ()) or getattr(thing, "__struct_fields__", ()) or thing.__dataclass_fields__)
    assert entries(sections(thing)["Attributes"]) == fields


@pytest.mark.parametrize("address", LITERATURE)
def test_a_method_names_where_it_comes_from(address: str) -> None:
    assert any(line.startswith(".. [1]") for line in sections(named(address))["References"])


def test_they_are_the_about_forty_public_names() -> None:
    assert 40 <= len(FUNCTIONS) <= 60
