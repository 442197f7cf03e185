"""The setting `catalog=`: every way to say where the products are, and what happens when it goes wrong."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import flask
import pytest
from sqlalchemy import ForeignKey, Numeric, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

from opsplug import Engine
from opsplug_flask import OpsPlug

MUG = {
    "id": 1,
    "name": "Mug",
    "price": Decimal("9.90"),
    "image": "/i/1.jpg",
    "category": "Kitchen > Mugs",
    "in_stock": True,
}
LAMP = {"id": 2, "name": "Lamp", "price": "24,50 €", "image": "/i/2.jpg", "category": "Light", "in_stock": False}
Make = Callable[..., Engine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Engine] = []

    def build(source: Any, **settings: Any) -> Engine:
        made.append(Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True, catalog=source, **settings))
        return made[-1]

    yield build
    for engine in made:
        engine.close()


def items(engine: Engine) -> dict[str, dict[str, Any]]:
    assert engine.catalog_source is not None
    engine.catalog_source.refresh()
    return {record["item_id"]: record for record in engine.catalog.all()}


@dataclass
class Product:
    id: UUID
    title: str
    price: float


async def later() -> list[dict[str, Any]]:
    return [MUG, LAMP]


async def stream() -> AsyncIterator[dict[str, Any]]:
    for row in (MUG, LAMP):
        yield row


def in_csv(folder: Path) -> str:
    path = folder / "feed.csv"
    path.write_text("id;title;price;link\n1;Mug;9,90 EUR;/p/1\n2;Lamp;24,50 EUR;/p/2\n", "utf-8")
    return str(path)


def in_feed(folder: Path) -> str:
    path = folder / "feed.xml"
    rows = "".join(
        f"<item><g:id>{n}</g:id><title>{name}</title><g:price>{price} EUR</g:price><g:image_link>/i/{n}.jpg</g:image_link>"
        f"<g:availability>in_stock</g:availability><g:product_type>A &gt; B</g:product_type></item>"
        for n, name, price in ((1, "Mug", "9.90"), (2, "Lamp", "24.50"))
    )
    path.write_text(f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{rows}</channel></rss>', "utf-8")
    return str(path)


def in_json(folder: Path) -> str:
    path = folder / "feed.json"
    path.write_text(json.dumps({"products": [{**MUG, "price": 9.9}, LAMP]}), "utf-8")
    return str(path)


def in_sqlite(folder: Path) -> str:
    path = folder / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (id, name)")
        connection.execute("CREATE TABLE product (id INTEGER, name TEXT, price REAL)")
        connection.executemany("INSERT INTO product VALUES (?, ?, ?)", [(1, "Mug", 9.9), (2, "Lamp", 24.5)])
    connection.close()
    return str(path)


@pytest.mark.parametrize(
    "source",
    [lambda: [MUG, LAMP], lambda: iter((MUG, LAMP)), later, stream, lambda: {"1": MUG, "2": LAMP},
     lambda: {"products": [MUG, LAMP]}, [MUG, LAMP]],
)  # fmt: skip
def test_callables_of_every_kind(make: Make, source: Any) -> None:
    found = items(make(source))
    assert found["1"] == {
        "item_id": "1", "item_name": "Mug", "price": 9.9, "image_url": "/i/1.jpg", "item_category": "Kitchen",
        "item_category2": "Mugs", "availability": "in_stock",
    }  # fmt: skip
    assert (found["2"]["price"], found["2"]["currency"], found["2"]["availability"]) == (24.5, "EUR", "out_of_stock")


@pytest.mark.parametrize("write", [in_csv, in_feed, in_json, in_sqlite])
def test_files_of_every_kind(make: Make, write: Callable[[Path], str], tmp_path: Path) -> None:
    found = items(make(write(tmp_path)))
    assert {one: (record["item_name"], record["price"]) for one, record in found.items()} == {
        "1": ("Mug", 9.9), "2": ("Lamp", 24.5),
    }  # fmt: skip


def test_objects_and_names_of_the_shops_own(make: Make) -> None:
    rows = [Product(UUID(int=n), f"Thing {n}", n) for n in range(3)]
    found = items(make(lambda: rows))
    assert found[str(UUID(int=2))]["item_name"] == "Thing 2"
    engine = make(lambda: [{"nummer": "a", "name": "Tasse"}], catalog_fields={"item_id": "nummer"})
    assert items(engine)["a"]["item_name"] == "Tasse"


def test_what_the_source_gives_no_more_goes_and_what_the_shop_upserted_stays(make: Make) -> None:
    rows = [MUG, LAMP]
    engine = make(lambda: rows)
    items(engine)
    engine.catalog.upsert([{"item_id": "3", "item_name": "Own"}])
    rows.remove(LAMP)
    assert set(items(engine)) == {"1", "3"}


def test_an_upsert_of_a_price_keeps_name_category_and_url(make: Make) -> None:
    engine = make(lambda: [MUG])
    items(engine)
    engine.catalog.upsert([{"item_id": "1", "item_name": "Mug", "url": "/mug", "item_category": "Cups"}])
    engine.catalog.upsert([{"item_id": "1", "price": 8}])
    record = items(engine)["1"]
    assert (record["price"], record["item_name"], record["url"], record["item_category"]) == (8, "Mug", "/mug", "Cups")
    assert "item_category2" not in record  # levels belong together
    assert record["image_url"] == "/i/1.jpg"  # what the shop did not say is the source's


def test_a_page_adds_what_nobody_else_says(make: Make) -> None:
    engine = make(lambda: [{"id": 1, "name": "Mug"}])
    items(engine)
    engine.catalog.upsert([{"item_id": "1", "item_name": "wrong", "image_url": "/p.jpg", "url": "/p/1"}], origin="page")
    record = items(engine)["1"]
    assert (record["item_name"], record["image_url"], record["url"]) == ("Mug", "/p.jpg", "/p/1")


def broken() -> Any:
    raise OSError("the database is away")


@pytest.mark.parametrize(
    "bad", [broken, lambda: None, lambda: 5, lambda: [], lambda: [{"name": "no id"}], lambda: [object()]]
)
def test_whatever_goes_wrong_the_last_good_catalogue_stays(make: Make, bad: Any) -> None:
    turn = [lambda: [{**MUG, "id": n} for n in range(30)], bad]
    engine = make(lambda: turn[0]())
    assert len(items(engine)) == 30
    turn.reverse()
    assert engine.catalog_source is not None
    status = engine.catalog_source.refresh()
    assert status["error"]
    assert len(engine.catalog.all()) == 30
    assert engine.store.get_document("catalog_source", "last")["error"] == status["error"]


def test_half_a_catalogue_is_believed_when_it_comes_twice(make: Make) -> None:
    rows = [{**MUG, "id": n} for n in range(40)]
    engine = make(lambda: rows)
    items(engine)
    del rows[10:]
    assert len(items(engine)) == 40
    assert len(items(engine)) == 10


def test_duplicates_odd_rows_and_unknown_fields_are_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    rows = [MUG, {**MUG, "name": "Mug 2"}, {**LAMP, "availability": "perhaps", "pirce": 3}]
    engine = make(lambda: rows)
    assert engine.catalog_source is not None
    status = engine.catalog_source.refresh()
    assert (status["rows"], status["items"], status["duplicates"]) == (3, 2, 1)
    assert status["unknown"] == {"pirce": "price"}
    assert "pirce (price?)" in caplog.text


def test_a_hundred_thousand_rows(make: Make) -> None:
    engine = make(lambda: ({"id": n, "name": f"Thing {n}", "price": 1} for n in range(100_000)))
    assert len(items(engine)) == 100_000


def test_fields_of_an_upsert_are_guessed_and_named(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    engine = make(None)
    engine.catalog.upsert([{"item_id": "a", "name": "Mug", "image": "/i.jpg", "in_stock": False, "itm_brand": "x"}])
    record = engine.catalog.get("a")
    assert record == {"item_id": "a", "item_name": "Mug", "image_url": "/i.jpg", "availability": "out_of_stock"}
    assert "did you mean 'item_brand'" in caplog.text


def test_models_sessions_and_addresses_of_sqlalchemy(make: Make, tmp_path: Path) -> None:
    class Base(DeclarativeBase):
        pass

    class Category(Base):
        __tablename__ = "category"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Product(Base):
        __tablename__ = "product"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
        category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
        category: Mapped[Category] = relationship()

    url = f"sqlite:///{tmp_path}/shop.db"
    database = create_engine(url)
    Base.metadata.create_all(database)
    session = sessionmaker(database)
    with session() as opened:
        opened.add(Product(id=1, title="Mug", price=Decimal("9.90"), category=Category(id=1, name="Kitchen")))
        opened.commit()
    mug = {"item_id": "1", "item_name": "Mug", "price": 9.9}
    assert items(make((session, Product))) == {"1": {**mug, "item_category": "Kitchen"}}
    assert items(make(lambda: session().scalars(select(Product))))["1"]["item_category"] == "Kitchen"
    assert items(make(lambda: session().execute(select(Product.id, Product.title))))["1"]["item_name"] == "Mug"
    assert items(make(f"{url}#product"))["1"]["price"] == 9.9
    for engine in (make(f"{url}#nothing"), make(Product)):
        assert engine.catalog_source is not None
        assert "catalog: " in engine.catalog_source.refresh()["error"]
    database.dispose()


def test_the_apps_context_is_there(tmp_path: Path) -> None:
    app = flask.Flask("shop", instance_path=str(tmp_path))
    app.config["PRODUCTS"] = [MUG]
    plug = OpsPlug(
        app, testing=True, store=f"sqlite:///{tmp_path}/o.db", catalog=lambda: flask.current_app.config["PRODUCTS"]
    )
    assert set(items(plug.engine)) == {"1"}
    plug.engine.close()
