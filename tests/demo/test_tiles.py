import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

from opsplug.demo.catalogue import DATA, Catalogue
from opsplug.demo.http import Page
from opsplug.demo.tiles import tile

DRAWINGS = json.loads((DATA / "tiles.json").read_text())
COLOUR = re.compile(r"#[0-9a-f]{6}")
PATH = re.compile(r"[MmLlHhVvAaCcSsZz0-9 .,-]*")


def test_words_lead_to_drawings_that_exist(catalogue: Catalogue) -> None:
    assert set(DRAWINGS["nouns"]) <= set(DRAWINGS["shapes"])
    assert set(DRAWINGS["colours"]) == set(DRAWINGS["paints"])
    assert set(DRAWINGS["palettes"]) == set(catalogue.categories)
    assert {palette["shape"] for palette in DRAWINGS["palettes"].values()} <= set(DRAWINGS["shapes"])


def test_every_item_has_a_drawing_of_known_parts(catalogue: Catalogue, render: Callable[[Page], str]) -> None:
    seen = set()
    for item in catalogue.items:
        drawn = tile(item)
        for colour in (drawn.ground, drawn.spot, drawn.paint, drawn.accent_paint, drawn.ink):
            assert COLOUR.fullmatch(colour), item
        for path in (drawn.body, drawn.accent, drawn.detail):
            assert PATH.fullmatch(path), item
        assert drawn.initial in item.name.upper()
        seen.add(drawn)
    assert len(seen) > len(catalogue.items) / 4  # a shelf of one and the same drawing would look broken
    for drawn in sorted(seen, key=repr)[:200]:
        ElementTree.fromstring(render(Page("tile.svg", {"tile": drawn})))


def test_a_drawing_shows_what_the_name_says(catalogue: Catalogue) -> None:
    items = {item.name: item for item in catalogue.items}
    red_mug = tile(items["Red Retrospot Mug"])
    assert red_mug.body == DRAWINGS["shapes"]["mug"]["body"]
    assert red_mug.paint == DRAWINGS["paints"]["red"]
    assert red_mug.pattern == "dots"
    assert tile(items["Set of 3 Cake Tins Pantry Design"]).body == DRAWINGS["shapes"]["tin"]["body"]
