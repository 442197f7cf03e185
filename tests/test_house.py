"""The rules of the house that a machine can check."""

import ast
import re
from pathlib import Path

from opsplug.cli.app import _COMMANDS
from opsplug.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = [path for folder in ("opsplug", "adapters") for path in (ROOT / folder).rglob("*.py")]
SQL = re.compile(r"[\"'](?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE)\b")
LENGTH = re.compile(r"\b(?:86_?400(?:_?000)?|604_?800|3_?600(?:_?000)?)\b")  # a day, a week, an hour
MARKUP = re.compile(r"[\"']\s*<(?:!doctype|html|div|span|p|a|ul|li|script|section|table|svg)\b", re.IGNORECASE)


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_sql_stands_in_one_place() -> None:
    found = [path for path in PRODUCT if SQL.search(path.read_text(encoding="utf-8"))]
    assert [name for name in names(found) if not name.startswith("opsplug/store/")] == []


def test_markup_stands_in_templates() -> None:
    found = [path for path in PRODUCT if MARKUP.search(path.read_text(encoding="utf-8"))]
    assert [name for name in names(found) if name != "opsplug/web/pages.py"] == []  # which reads pages, and writes none


def test_the_snippet_builds_its_elements() -> None:
    sources = (ROOT / "js_snippet" / "src").rglob("*.ts")
    assert [path.name for path in sources if "innerHTML" in path.read_text(encoding="utf-8")] == []


def test_lengths_of_time_stand_in_one_place() -> None:
    found = [path for path in PRODUCT if LENGTH.search(path.read_text(encoding="utf-8"))]
    # SQL reads no constants of Python
    assert [name for name in names(found) if name not in ("opsplug/units.py", "opsplug/store/queries.py")] == []


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == __version__


def test_every_command_is_documented() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in _COMMANDS if f"opsplug {name}" not in commands] == []


def test_every_sub_package_is_in_the_wheel() -> None:
    listed = (ROOT / "setup.cfg").read_text()
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "opsplug").rglob("__init__.py")}
    assert [name for name in sorted(packages) if f"    {name}\n" not in listed] == []


def test_no_test_imports_another_test() -> None:
    """What two tests share stands in tests/support/ or is a contract."""
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [
                f"{path.relative_to(ROOT)}: {name}" for name in names if re.search(r"^tests\..*(test_|conftest)", name)
            ]
    assert found == []


CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff01-\uffef]")
LANGUAGE = re.compile(r"""==\s*["'](?:zh|en)["']|["'](?:zh|en)["']\s+if\b|isChinese""")
# What reads Chinese, and says none: lexicons and patterns by which texts are understood, masked or split.
READERS = (
    "opsplug/models/text/", "opsplug/services/chat/understanding/", "opsplug/services/chat/knowledge/",
    "opsplug/privacy/", "opsplug/features/items.py", "opsplug/values.py", "opsplug/services/transfer/cells.py",
    "js_snippet/src/ux/isInnocent.ts", "opsplug/capture/discovery/",
)  # fmt: skip
DEMO = "opsplug/demo/"  # a shop, with texts of its own
# Whose method is another for Chinese, which has no spaces between words.
METHODS = ("opsplug/models/text/", "opsplug/models/sentiment.py", "opsplug/training/sentiment.py")


def sources() -> list[Path]:
    """All that a person's language could be decided in: code, templates and the snippet."""
    snippet = ROOT / "js_snippet" / "src"
    return [*PRODUCT, *(ROOT / "opsplug").rglob("*.html"), *snippet.rglob("*.ts"), *snippet.rglob("*.css")]


def test_texts_that_a_person_reads_stand_in_locales() -> None:
    found = [path for path in sources() if CHINESE.search(path.read_text(encoding="utf-8"))]
    assert [name for name in names(found) if not name.startswith((*READERS, DEMO))] == []


def test_no_code_asks_which_language_it_speaks() -> None:
    found = [path for path in sources() if LANGUAGE.search(path.read_text(encoding="utf-8"))]
    assert [name for name in names(found) if not name.startswith((*METHODS, DEMO))] == []
