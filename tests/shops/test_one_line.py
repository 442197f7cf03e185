"""One line and browsing each page once: what a shop without markup learns, on both frameworks."""

from pathlib import Path
from typing import Any

import pytest

from tests.shops.designs import BOOTSTRAP, RUSSIAN, TAILWIND, Design
from tests.shops.goods import goods
from tests.shops.served import SERVED, Pages

CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
JSON = Design(
    "json", "en", "/item/<int:id>", "", "<a href='{{ path(good) }}'>{{ good.name }}</a>", "<body>{{ body|safe }}</body>"
)


def browse(engine: Any, get: Any, paths: list[str], **headers: str) -> dict[str, Any]:
    for path in paths:
        assert get(path, **headers).status_code == 200
        if engine.discovery is not None:
            assert engine.discovery.flush(30)  # a queue of 16: a test client is faster than visitors
    return {record["item_id"]: record for record in engine.catalog.all()}


@pytest.mark.parametrize("framework", SERVED)
@pytest.mark.parametrize("design", [BOOTSTRAP, TAILWIND, RUSSIAN], ids=lambda design: design.name)
def test_browsing_once_fills_the_catalogue(framework: str, design: Design, tmp_path: Path) -> None:
    pages = Pages(design, goods(design.language, n=14))
    engine, get = SERVED[framework](pages, tmp_path)
    try:
        found = browse(engine, get, pages.paths)
        names = {record["url"]: record["item_name"] for record in found.values()}
        assert names == {design.path(good): good.name for good in pages.stock}
        prices = {record["url"]: record["price"] for record in found.values()}
        assert prices == {design.path(good): good.price for good in pages.stock}
        [route] = [one for one in engine.catalog.routes() if one["is_product"]]
        assert route["pages"] >= 3
        told = engine.catalog.explain(next(iter(found)))
        assert told["evidence"]["fields"]["item_name"]
    finally:
        engine.close()


@pytest.mark.parametrize("framework", SERVED)
def test_a_shop_drawn_by_scripts_is_learnt_from_its_json(framework: str, tmp_path: Path) -> None:
    pages = Pages(JSON, goods(n=8))
    engine, get = SERVED[framework](pages, tmp_path)
    try:
        found = browse(engine, get, ["/", "/api/products", "/item/101", "/item/102"])
        assert {record["item_id"]: (record["item_name"], record["url"]) for record in found.values()} == {
            str(good.id): (good.name, f"/item/{good.id}") for good in pages.stock
        }
    finally:
        engine.close()


@pytest.mark.parametrize("framework", SERVED)
def test_a_page_that_is_gone_takes_its_item_along(framework: str, tmp_path: Path) -> None:
    pages = Pages(BOOTSTRAP, goods(n=6))
    engine, get = SERVED[framework](pages, tmp_path)
    try:
        assert "103" in browse(engine, get, pages.paths)
        engine.catalog.upsert([{"item_id": "104", "price": 1}])
        pages.gone |= {103, 104}
        for item_id in (103, 104):
            assert get(f"/product/{item_id}").status_code == 404
        assert engine.discovery.flush(30)
        left = {record["item_id"] for record in engine.catalog.all()}
        assert "103" not in left
        assert "104" in left  # the shop itself said so
    finally:
        engine.close()


@pytest.mark.parametrize("framework", SERVED)
@pytest.mark.parametrize("headers", [{"User-Agent": CRAWLER}, {"user-agent": CRAWLER, "Sec-Purpose": "prefetch"}])
def test_programs_teach_nothing(framework: str, headers: dict[str, str], tmp_path: Path) -> None:
    pages = Pages(BOOTSTRAP, goods(n=6))
    engine, get = SERVED[framework](pages, tmp_path)
    try:
        named = {name.lower() if framework == "starlette" else name.title(): value for name, value in headers.items()}
        assert browse(engine, get, pages.paths, **named) == {}
        assert browse(engine, get, [f"{path}?utm=1" for path in pages.paths]) == {}
    finally:
        engine.close()


def test_a_host_that_few_ask_for_teaches_nothing(tmp_path: Path) -> None:
    pages = Pages(BOOTSTRAP, goods(n=6))
    engine, get = SERVED["flask"](pages, tmp_path)
    try:
        assert get("/", Host="shop.example").status_code == 200
        assert browse(engine, get, pages.paths, Host="evil.example") == {}
    finally:
        engine.close()
