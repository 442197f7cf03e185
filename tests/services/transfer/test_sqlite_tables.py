"""A shop's own SQLite file: its tables are listed, read row by row, and imported like any other file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opsplug.services.transfer.errors import TransferError
from opsplug.services.transfer.importer import import_items
from opsplug.services.transfer.sqlite_tables import read_table, tables


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "a shop?.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE products (sku INTEGER PRIMARY KEY, title TEXT, net REAL, photo BLOB, note TEXT)"
        )
        connection.execute(
            "INSERT INTO products VALUES (1, 'Blue mug', 9.5, x'00ff', NULL), (2, '茶', 12, NULL, 'new')"
        )
        connection.execute("CREATE VIEW dear AS SELECT sku, title FROM products WHERE net > 10")
        connection.execute("CREATE VIRTUAL TABLE products_fts USING fts5(title)")
    return path


def test_tables_and_views_with_their_columns(shop: Path) -> None:
    assert tables(shop) == {"dear": ["sku", "title"], "products": ["sku", "title", "net", "photo", "note"]}


def test_rows_without_nulls_and_binary_values(shop: Path) -> None:
    assert list(read_table(shop, "products")) == [
        {"sku": 1, "title": "Blue mug", "net": 9.5}, {"sku": 2, "title": "茶", "net": 12.0, "note": "new"},
    ]  # fmt: skip
    columns = {"item_id": "sku", "item_name": "title"}
    assert list(read_table(shop, "dear", columns=columns)) == [{"item_id": 2, "item_name": "茶"}]


def test_reading_changes_nothing(shop: Path) -> None:
    before = shop.read_bytes()
    list(read_table(shop, "products"))
    assert shop.read_bytes() == before and [path.name for path in shop.parent.iterdir()] == [shop.name]


def test_a_table_is_imported_like_a_file(shop: Path) -> None:
    taken: list[Any] = []
    columns = {"item_id": "sku", "item_name": "title", "price": "net"}
    report = import_items(Path(f"{shop}::products"), taken.extend, columns=columns)
    assert report.items == 2
    assert taken == [
        {"item_id": "1", "item_name": "Blue mug", "price": 9.5},
        {"item_id": "2", "item_name": "茶", "price": 12.0, "attributes": {"note": "new"}},
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("{shop}", "name a table as"),
        ("{shop}::product", "no table 'product'; there are dear, products"),
        ("{folder}/none.db::products", "there is no such file"),
        ("{folder}/text.db::products", "this is no SQLite file"),
        ("{folder}/torn.db::products", "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why(shop: Path, name: str, says: str) -> None:
    (shop.parent / "text.db").write_text("sku,title\n")
    (shop.parent / "torn.db").write_bytes(shop.read_bytes()[:20] + b"\xff" * 3000)
    with pytest.raises(TransferError, match=says):
        import_items(Path(name.format(shop=shop, folder=shop.parent)), lambda records: None)


def test_an_unknown_column_names_those_there_are(shop: Path) -> None:
    with pytest.raises(TransferError, match="no column 'name'; it has sku, title"):
        list(read_table(shop, "products", columns={"item_name": "name"}))
