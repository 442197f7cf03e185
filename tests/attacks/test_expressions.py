"""Every regular expression that sees what comes from outside takes time that grows with the text, not with its square.

The expressions are found in the sources, so a new one is tried without being listed. Each is tried with texts made of
what it looks for, as long as it is ever given: 64 KB, which is the most that a header, an address or a body may have,
or less where the code cuts before (`LONGEST`).
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import opsplug
from opsplug import locales
from opsplug.services.chat.understanding import phrases

ROOT = Path(opsplug.__file__).parent
FUNCTIONS = frozenset(("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"))
LARGEST = 64 * 1024  # characters
ATTEMPTS = 3  # things whose repetition is tried at full length, of each expression
# Packages whose expressions see requests, pages with visitors' words on them, messages, or answers of other servers.
EXPOSED = ("capture", "web", "privacy", "services.chat", "models", "features")
# These see what the shop itself has written: files it imports, its settings.
TRUSTED = ("chat.knowledge.importing", "chat.desk.opening_hours", "web.admin.figures")
# Where the code cuts a text before it is looked at.
LONGEST = {
    "traffic_class._PROGRAM": 1000,
    "sanitize._ID": 200,
    "prices._WITH_SIGN": 500,  # of a text on a page, `discovery.dom`
    "entities._ABOVE": 2000,  # of a message, `services.chat.conversation.chat`
    "entities._BELOW": 2000,
    "entities._BETWEEN": 2000,
    "OUT_OF_STOCK": 500,
    "IN_STOCK": 500,
}


# Functions that put an expression together; what they give is a constant of a module, or made of the shop's own routes.
BUILT = (
    "discovery.words._any", "discovery.learner.pattern_of", "remarks._named", "remarks.found", "phrases._patterns",
)  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A regular expression, where it stands, and how the code uses it."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]

    @property
    def longest(self) -> int:
        return next((length for name, length in LONGEST.items() if self.where.endswith(name)), LARGEST)

    def time(self, text: str) -> float:
        given: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        began = time.thread_time()  # of this thread alone, however busy the machine is
        for method in self.methods:
            if method == "finditer":
                for _ in self.pattern.finditer(given):
                    pass
            elif method in ("sub", "subn"):
                getattr(self.pattern, method)(given[:0], given)
            else:
                getattr(self.pattern, method)(given)
        return time.thread_time() - began


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text())


def is_exposed(module: str) -> bool:
    return module.startswith(EXPOSED) and not any(name in module for name in TRUSTED)


def expressions(built: set[str]) -> list[Expression]:
    """What `re` is asked in the exposed modules, with the values that the names in it have there; into `built`, which
    functions ask it what only they know."""
    trees = dict(sources())
    used: defaultdict[str, set[str]] = defaultdict(set)  # name of an expression -> methods called on it
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
                name = getattr(node.value, "id", getattr(node.value, "attr", ""))
                used[f"{module}.{name}" if name.startswith("_") else name].add(node.attr)
    found: list[Expression] = []
    for module, tree in trees.items():
        if is_exposed(module):
            for name, call in _calls(tree):
                try:
                    found.append(_read(module, call, name, used))
                except NameError:  # of a function's own
                    built.add(f"{module}.{name}")
            constants = vars(importlib.import_module(f"opsplug.{module}"))
            known = {expression.pattern.pattern for expression in found}
            for name, value in constants.items():
                if isinstance(value, re.Pattern) and value.pattern not in known:
                    found.append(Expression(f"{module}.{name}", value, frozenset(used.get(name) or {"search"})))
    spoken = phrases._patterns(locales.languages())  # made of the texts of all languages
    return found + [Expression(f"phrases.{kind}", pattern, frozenset(("search",))) for kind, pattern in spoken]


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.FunctionDef):
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        name = getattr(target, "id", getattr(statement, "name", ""))
        for node in ast.walk(statement):
            function = node.func if isinstance(node, ast.Call) else None
            if not isinstance(function, ast.Attribute) or function.attr not in FUNCTIONS:
                continue
            if getattr(function.value, "id", "") == "re":
                assert isinstance(node, ast.Call)
                yield name, node


def _read(module: str, call: ast.Call, name: str, used: dict[str, set[str]]) -> Expression:
    names = vars(importlib.import_module(f"opsplug.{module}"))
    value: Callable[[ast.expr], Any] = lambda node: eval(compile(ast.Expression(node), module, "eval"), names)  # noqa: E731
    assert isinstance(call.func, ast.Attribute)
    flags = [value(argument) for argument in call.args[1:2] if call.func.attr == "compile"]
    flags += [value(keyword.value) for keyword in call.keywords if keyword.arg == "flags"]
    methods = (
        used.get(f"{module}.{name}") or used.get(name) or {"search"}
        if call.func.attr == "compile"
        else {call.func.attr}
    )
    return Expression(f"{module}.{name}", re.compile(value(call.args[0]), *flags), frozenset(methods))


BUILDERS: set[str] = set()
EXPRESSIONS = expressions(BUILDERS)


def characters(parsed: Any, found: list[str]) -> list[str]:
    """One of each kind of character that an expression looks for."""
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            found.append(chr(argument))
        elif name == "NOT_LITERAL":
            found.append("b" if argument == ord("a") else "a")
        elif name == "IN":
            kinds = {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
            found += [
                chr(value)
                if str(kind) == "LITERAL"
                else chr(value[0])
                if str(kind) == "RANGE"
                else kinds.get(str(value), "-")
                for kind, value in argument
            ]
        elif name == "BRANCH":
            for branch in argument[1]:
                characters(branch, found)
        elif name.endswith("_REPEAT"):
            characters(argument[2], found)
        elif name == "SUBPATTERN":
            characters(argument[3], found)
        elif name.startswith("ASSERT"):
            characters(argument[1], found)
    return found


def words(parsed: Any) -> Iterator[str]:
    """Runs of literal characters, such as `<script`."""
    run = ""
    for operation, argument in [*parsed, ("END", None)]:
        if str(operation) == "LITERAL":
            run += chr(argument)
            continue
        if len(run) > 1:
            yield run
        run = ""
        if str(operation) == "BRANCH":
            for branch in argument[1]:
                yield from words(branch)
        elif str(operation).endswith("_REPEAT"):
            yield from words(argument[2])
        elif str(operation) == "SUBPATTERN":
            yield from words(argument[3])


def attacks(expression: Expression) -> list[tuple[str, str, str]]:
    """(begin, what is repeated, end) of texts that an expression takes longest to look through."""
    source = expression.pattern.pattern
    parsed = _parser.parse(source.decode("latin-1") if isinstance(source, bytes) else source)
    kinds = list(dict.fromkeys(["a", "0", " ", "-", ".", "@", "\n", *characters(parsed, [])]))[:24]
    repeated = [*kinds, *(one + other for one in kinds for other in kinds if one != other), *words(parsed)]
    slowest = sorted(repeated, key=lambda unit: -expression.time(text_of(("x", unit, "\x00"), 256)))
    return [(begin, unit, end) for unit in slowest[:ATTEMPTS] for begin in ("", "x") for end in ("", "\x00")]


def text_of(attack: tuple[str, str, str], length: int) -> str:
    begin, unit, end = attack
    return begin + unit * ((length - 2) // len(unit)) + end


def test_they_are_found() -> None:
    names = {expression.where.rpartition(".")[0].rpartition(".")[2] for expression in EXPRESSIONS}
    assert len(EXPRESSIONS) > 60
    assert names >= {
        "identity",
        "traffic_class",
        "records",
        "pages",
        "static",
        "masking",
        "identity_numbers",
        "free_text",
        "language",
    }
    unknown = [name for name in BUILDERS if not name.endswith(BUILT)]
    assert unknown == [], "say in BUILT what these give, or bound it"
    for name in LONGEST:
        assert any(expression.where.endswith(name) for expression in EXPRESSIONS), f"{name} is not there any more"


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[expression.where for expression in EXPRESSIONS])
def test_its_time_grows_with_the_text_alone(expression: Expression) -> None:
    for attack in attacks(expression):
        eighth, whole = (text_of(attack, length) for length in (expression.longest // 8, expression.longest))
        took = min(expression.time(eighth) for _ in range(3))
        # Eight times the text: eight times the time, sixty-four times if it is quadratic, which at this length are seconds.
        assert took < 0.05, f"{attack!r}: {took * 1000:.0f} ms for an eighth"
        most = 0.02 if took < 0.02 / 24 else min(24 * took, 0.1)
        assert min(expression.time(whole) for _ in range(2)) <= most, f"{attack!r} takes more than its share"
