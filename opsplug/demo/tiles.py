"""The drawing that stands for an item's picture, since the data have none: its shape, colours and pattern."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from opsplug.demo.catalogue import DATA, Item


@dataclass(frozen=True)
class Tile:
    """Colours are #rrggbb. `body` is filled, `accent` is filled in the second colour, `detail` is a line."""

    ground: str
    spot: str
    paint: str
    accent_paint: str
    ink: str
    body: str
    accent: str
    detail: str
    pattern: str
    initial: str


@cache
def _drawings() -> dict[str, Any]:
    drawings: dict[str, Any] = json.loads((DATA / "tiles.json").read_text(encoding="utf-8"))
    return drawings


def tile(item: Item) -> Tile:
    drawings = _drawings()
    name = item.name.lower()
    palette = drawings["palettes"][item.category.slug]
    shape = drawings["shapes"][_first(drawings["nouns"], name) or palette["shape"]]
    paint = drawings["paints"].get(_first(drawings["colours"], name) or "", palette["paint"])
    return Tile(
        ground=palette["ground"],
        spot=palette["spot"],
        paint=paint,
        accent_paint=palette["ink"] if paint == palette["paint"] else palette["paint"],
        ink=palette["ink"],
        body=shape["body"],
        accent=shape.get("accent", ""),
        detail=shape.get("detail", ""),
        pattern=_first(drawings["patterns"], name) or "",
        initial=next(letter for letter in item.name if letter.isalpha()).upper(),
    )


def _first(words: dict[str, str], name: str) -> str | None:
    """The first entry whose expression occurs in the name."""
    return next((key for key, expression in words.items() if re.search(rf"\b(?:{expression})\b", name)), None)
