import re
from pathlib import Path

import pytest

from opsplug.demo.catalogue import DATA, Catalogue, sort_items, stems

MOST_BYTES = 4_000_000


def test_the_package_ships_at_most_four_megabytes() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < MOST_BYTES
    assert "CC BY 4.0" in (DATA / "ATTRIBUTION").read_text()


def test_items_are_goods_with_readable_names_and_prices(catalogue: Catalogue) -> None:
    assert len(catalogue.items) > 1500
    for item in catalogue.items:
        assert re.fullmatch(r"\d{5}[A-Z]{0,2}", item.item_id), item
        assert item.price > 0
        assert item.name == " ".join(item.name.split())
        assert not re.search(r"\b[A-Z]{4,}\b|[,\"]|\?", item.name), item
    names = [item.name for item in catalogue.items]
    assert len(names) == len(set(names))


def test_every_category_has_a_choice_and_none_is_a_dumping_ground(catalogue: Catalogue) -> None:
    sizes = {slug: len(catalogue.in_category(slug)) for slug in catalogue.categories}
    assert sum(sizes.values()) == len(catalogue.items)
    assert min(sizes.values()) >= 30
    assert max(sizes.values()) < len(catalogue.items) / 5


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Regency Cake Stand 3 Tier", "tea"),
        ("Set of 3 Cake Tins Pantry Design", "kitchen"),
        ("Lunch Bag Red Retrospot", "bags"),
        ("Spaceboy Birthday Card", "stationery"),
        ("Woodland Party Bag & Sticker Set", "party"),
        ("Doormat Fairy Cake", "storage"),
        ("White Hanging Heart T-Light Holder", "candles"),
        ("Please One Person Metal Sign", "home"),
        ("Christmas Lights 10 Reindeer", "christmas"),
    ],
)
def test_the_noun_decides_the_category(catalogue: Catalogue, name: str, category: str) -> None:
    assert next(item for item in catalogue.items if item.name == name).category.slug == category


def test_search_wants_all_words_in_any_number(catalogue: Catalogue) -> None:
    found = [item.name for item in catalogue.search("Red MUGS")]
    assert "Red Retrospot Mug" in found
    assert all("red" in name.lower() and "mug" in name.lower() for name in found)
    assert catalogue.search("teapot zebra") == []
    assert catalogue.search("  !? ") == []


def test_search_finds_beginnings_after_whole_words(catalogue: Catalogue) -> None:
    names = [item.name for item in catalogue.search("cup")]
    whole = ["cup" in stems(name) for name in names]
    assert whole == sorted(whole, reverse=True)
    assert any("Cupcake" in name for name in names)


def test_sorting_leaves_the_popular_order_alone_unless_it_knows_the_order(catalogue: Catalogue) -> None:
    items = catalogue.in_category("tea")
    assert [item.price for item in sort_items(items, "price_up")] == sorted(item.price for item in items)
    assert sort_items(items, "price_down")[0].price == max(item.price for item in items)
    assert sort_items(items, "by magic") == items


def test_the_builder_and_its_rules_are_at_hand() -> None:
    tools = Path(__file__).resolve().parents[2] / "tools"
    assert (tools / "build_demo_data.py").exists()
