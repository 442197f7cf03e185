"""What stands beside the demo shop in its tests: a list of what was tracked, and a helper that marks its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from opsplug.demo.http import Page, Redirect

DEMO = Path(__file__).resolve().parents[2] / "opsplug" / "demo"


class Engine:
    def __init__(self) -> None:
        self.tracked: list[tuple[str, dict[str, Any]]] = []

    def track(self, event: str, **values: Any) -> str:
        self.tracked.append((event, values))
        return "id"


class Helpers:
    def recommendations(self, placement: str, **values: Any) -> Markup:
        return Markup('<i data-placement="{}" data-language="{}"></i>').format(placement, values["language"])

    def chat(self, **values: Any) -> Markup:
        return Markup("")


Visit = Callable[..., Page | Redirect]
