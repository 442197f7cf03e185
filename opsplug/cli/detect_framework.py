"""`opsplug init`: which framework the shop in a folder uses, and the lines that add opsplug to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

_MOST_FILES: Final = 500
_PASSED_OVER: Final = frozenset(
    (".git", ".venv", "venv", "env", "node_modules", "site-packages", "tests", "__pycache__")
)
_CALL: Final = re.compile(r"^\s*(?:(\w+)\s*(?::[^=\n]+)?=\s*)?(?:\w+\.)?(Flask|FastAPI|Starlette)\(", re.MULTILINE)
LINES: Final = {
    "flask": "from opsplug_flask import OpsPlug\nOpsPlug({app})",
    "starlette": "from opsplug_starlette import OpsPlugMiddleware\n{app}.add_middleware(OpsPlugMiddleware)",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """`file` is where the app is made, relative to the folder; `app` its name there."""

    framework: str
    file: str
    app: str

    @property
    def lines(self) -> str:
        return LINES[self.framework].format(app=self.app)


def detect(folder: Path) -> list[Shop]:
    """The apps made in the Python files of a folder, nearest first; reads at most 500 files."""
    found = []
    for path in islice(_python_files(folder), _MOST_FILES):
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        for call in _CALL.finditer(text):
            framework = "flask" if call[2] == "Flask" else "starlette"
            shop = Shop(framework, str(path.relative_to(folder)), call[1] or "app")
            if shop not in found:
                found.append(shop)
    return found


def _python_files(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        here = waiting.pop(0)
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                if entry.name not in _PASSED_OVER and not entry.name.startswith("."):
                    waiting.append(entry)
            elif entry.suffix == ".py":
                yield entry
