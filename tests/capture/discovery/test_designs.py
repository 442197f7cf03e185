"""Products of pages without markup: as many shops as there are ways to write a page, each browsed once."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from opsplug.capture.discovery.learner import Learner, Sight
from tests.shops.designs import BOOTSTRAP, DESIGNS, TAILWIND, Design
from tests.shops.goods import Good, goods

GOAL = {"item_name": 0.95, "image_url": 0.95, "price": 0.92, "item_category": 0.80}


class Catalogue:
    """What was learnt, as the store would have it."""

    def __init__(self, **options: Any) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.evidence: dict[str, Any] = {}
        self.notes: list[str] = []
        self.learner = Learner(self._put, self._remove, self._explain, note=self.notes.append, **options)

    def _put(self, records: Sequence[Mapping[str, Any]]) -> None:
        self.items.update({record["item_id"]: dict(record) for record in records})

    def _remove(self, ids: Sequence[str]) -> None:
        for item_id in ids:
            self.items.pop(item_id, None)

    def _explain(self, pairs: Sequence[tuple[str, Any]]) -> None:
        self.evidence.update(pairs)

    def see(self, path: str, html: str, route: str, params: Mapping[str, Any], media: str = "html") -> None:
        self.learner.see(Sight(path, route, params, media, html.encode(), "shop.example"))


def browse(catalogue: Catalogue, design: Design, stock: list[Good], *, lists: bool = True) -> None:
    if lists:
        catalogue.see("/", design.list_page("Home", stock, stock[:6]), "/", {})
        for slug, name in {good.category_slug: good.category for good in stock}.items():
            shown = [good for good in stock if good.category == name]
            catalogue.see(f"/category/{slug}", design.list_page(name, stock, shown), "/category/<name>", {"name": slug})
    for good in stock:
        look_at(catalogue, design, good, stock)


def look_at(catalogue: Catalogue, design: Design, good: Good, stock: list[Good]) -> None:
    catalogue.see(design.path(good), design.product_page(good, stock), design.product_rule, design.params(good))


def item_id(design: Design, good: Good) -> str:
    return str(good.id) if "<int:id>" in design.product_rule else good.slug


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_products_are_learnt_by_comparing_pages(design: Design) -> None:
    stock = goods(design.language)
    catalogue = Catalogue()
    browse(catalogue, design, stock)
    truths = {
        item_id(design, good): {
            "item_name": good.name, "price": good.price, "image_url": design.image_host + good.image,
            "item_category": good.category, "url": design.path(good),
        }
        for good in stock
    }  # fmt: skip
    assert set(catalogue.items) <= set(truths)
    for field, goal in GOAL.items():
        shown = [(record.get(field), truths[one][field]) for one, record in catalogue.items.items()]
        right = sum(given == truth for given, truth in shown)
        wrong = [pair for pair in shown if pair[0] is not None and pair[0] != pair[1]]
        assert right >= goal * len(stock), (field, shown)
        assert len(wrong) <= 0.01 * len(stock), (field, wrong)
    assert all(record["url"] == truths[one]["url"] for one, record in catalogue.items.items())
    sold_out = {item_id(design, good) for good in stock if not good.stock}
    said = {one for one, record in catalogue.items.items() if record.get("availability") == "out_of_stock"}
    assert said == sold_out


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_few_pages_are_enough_and_order_does_not_matter(design: Design) -> None:
    stock = goods(design.language, seed=3)
    catalogue = Catalogue()
    browse(catalogue, design, list(reversed(stock))[:5], lists=False)
    names = {item_id(design, good): good.name for good in stock}
    assert all(record["item_name"] == names[one] for one, record in catalogue.items.items())
    assert len(catalogue.items) >= 4


def test_two_pages_teach_nothing() -> None:
    catalogue = Catalogue()
    browse(catalogue, BOOTSTRAP, goods()[:2])
    assert catalogue.items == {}


def test_a_list_tells_of_products_that_nobody_opened() -> None:
    stock = goods()
    catalogue = Catalogue()
    browse(catalogue, BOOTSTRAP, stock[:8], lists=False)
    catalogue.see("/all", BOOTSTRAP.list_page("All", stock, stock), "/all", {})
    found = {good.id: catalogue.items.get(str(good.id)) for good in stock}
    assert all(record and record["item_name"] for record in found.values())
    assert [found[good.id]["price"] for good in stock] == [good.price for good in stock]  # type: ignore[index]
    assert catalogue.evidence[str(stock[-1].id)]["origin"] == "a list"


def test_each_field_has_its_evidence() -> None:
    stock = goods()
    catalogue = Catalogue()
    browse(catalogue, TAILWIND, stock)
    why = catalogue.evidence[stock[0].slug]
    assert why["page"] == TAILWIND.path(stock[0])
    assert why["confidence"] > 0.9
    assert set(why["fields"]) >= {"item_name", "price", "image_url", "item_category"}
    assert "h1" in why["fields"]["item_name"]


def test_a_new_theme_is_learnt_and_the_old_catalogue_stays_meanwhile() -> None:
    stock = goods()
    catalogue = Catalogue()
    browse(catalogue, BOOTSTRAP, stock)
    before = dict(catalogue.items)
    themed = Design("other", "en", BOOTSTRAP.product_rule, TAILWIND.product, TAILWIND.card, BOOTSTRAP.page)
    for good in stock[:2]:
        look_at(catalogue, themed, good, stock)
    assert len(catalogue.items) >= len(before) - 2
    for good in stock:
        look_at(catalogue, themed, good, stock)
    assert {one: record["item_name"] for one, record in catalogue.items.items()} == {
        str(good.id): good.name for good in stock
    }


def test_what_is_gone_is_removed_at_once_but_not_everything_at_once() -> None:
    stock = goods()
    catalogue = Catalogue()
    browse(catalogue, BOOTSTRAP, stock)
    catalogue.see("/product/101", "", "/product/<int:id>", {"id": 101}, media="gone")
    assert "101" not in catalogue.items
    look_at(catalogue, BOOTSTRAP, stock[1], stock)
    for good in stock[1:]:  # a shop under maintenance sends everybody elsewhere
        catalogue.see(BOOTSTRAP.path(good), "", BOOTSTRAP.product_rule, {}, media="gone")
    assert len(catalogue.items) >= len(stock) - 7
    assert "catalogue_pages_kept" in catalogue.notes


def test_a_soft_not_found_is_no_product() -> None:
    stock = goods()
    catalogue = Catalogue()
    browse(catalogue, BOOTSTRAP, stock)
    missing = BOOTSTRAP.list_page("Sorry", stock, []).replace("</h1>", "</h1><h2>Product not found</h2><p>$0.00</p>")
    for n in range(900, 930):
        catalogue.see(f"/product/{n}", missing, BOOTSTRAP.product_rule, {"id": n})
    assert not [one for one in catalogue.items if int(one) >= 900]
    assert len(catalogue.items) >= len(stock) - 1


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (
            "/blog/<slug>",
            "<h1>Why we love mugs {n}</h1><img src='/i/{n}.jpg'><p>Posted on 2026-01-{n}</p><p>We paid $5</p>",
        ),
        ("/calendar/<day>", "<h1>Day {n}</h1><table><tr><td>{n}</td><td>{n}0</td></tr></table>"),
        ("/author/<slug>", "<h1>Writer number {n}</h1><img src='/a/{n}.png'><p>{n} books</p>"),
        ("/find/<term>", "<h1>Results for term{n}</h1><p>{n} results</p>"),
    ],
)
def test_other_pages_are_no_products(route: str, body: str) -> None:
    catalogue = Catalogue()
    for n in range(10, 40):
        html = f"<html><head><title>Page {n}</title></head><body>{body.replace('{n}', str(n))}</body></html>"
        catalogue.see(route.replace("<slug>", f"s{n}").replace("<day>", str(n)).replace("<term>", f"t{n}"), html, route,
                      {"slug": f"s{n}"})  # fmt: skip
    assert catalogue.items == {}


def test_the_shops_word_makes_a_route_of_products() -> None:
    catalogue = Catalogue(product_routes=["GET /course/{id}"])
    for n in range(6):
        html = f"<html><head><title>Course {n}: {'abcdef'[n]}x | School</title></head><body><h1>Course {n}: {'abcdef'[n]}x</h1></body></html>"
        catalogue.see(f"/course/{n}", html, "/course/<int:number>", {"number": n})
    assert catalogue.items["3"] == {"item_id": "3", "item_name": "Course 3: dx", "url": "/course/3"}


def test_a_review_does_not_become_the_pages_product() -> None:
    stock = goods()
    catalogue = Catalogue()
    evil = '<div class="review" itemscope itemtype="https://schema.org/Product"><b itemprop="name">EVIL</b><i itemprop="sku">e1</i></div>'
    for number, good in enumerate(stock):
        html = BOOTSTRAP.product_page(good, stock)
        catalogue.see(BOOTSTRAP.path(good), html.replace("</main>", (evil if number == 7 else "") + "</main>"),
                      BOOTSTRAP.product_rule, BOOTSTRAP.params(good))  # fmt: skip
    assert "e1" not in catalogue.items
    assert catalogue.items[str(stock[7].id)]["item_name"] == stock[7].name


ANSWERS = [
    '[{"id": 1, "name": "Mug", "price": 9.9, "image": "/i/1.jpg", "category": {"name": "Kitchen"}, "stock": 3},'
    ' {"id": 2, "title": "Lamp", "price": "24,50", "thumbnail": "https://shop.example/i/2.jpg", "in_stock": false}]',
    '{"data": {"products": [{"_id": "1", "name": "Mug", "price_cents": 990, "images": [{"url": "/i/1.jpg"}], "category": "Kitchen"},'
    ' {"_id": "2", "name": "Lamp", "price": {"amount": 24.5, "currency": "EUR"}, "image": "/i/2.jpg", "available": false}]}}',
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_shops_own_json_is_read_where_scripts_draw_the_pages(answer: str) -> None:
    catalogue = Catalogue()
    shell = (
        '<html><head><title>Shop</title></head><body><div id="app"></div><script src="/app.js"></script></body></html>'
    )
    catalogue.see("/api/products", answer, "/api/products", {}, media="json")
    for n in (1, 2):
        catalogue.see(f"/item/{n}", shell, "/item/<int:id>", {"id": n})
    mug, lamp = catalogue.items["1"], catalogue.items["2"]
    assert (mug["item_name"], mug["price"], mug["image_url"], mug["item_category"]) == (
        "Mug",
        9.9,
        "/i/1.jpg",
        "Kitchen",
    )
    assert (lamp["price"], lamp["image_url"], lamp["availability"]) == (24.5, "/i/2.jpg", "out_of_stock")
    assert (mug["url"], lamp["url"]) == ("/item/1", "/item/2")


@pytest.mark.parametrize(
    "answer",
    [
        '{"items": [{"product_id": 1, "name": "Mug", "price": 9.9, "quantity": 2}, {"product_id": 2, "name": "L", "price": 1, "quantity": 1}]}',
        '{"orders": [{"id": 1, "name": "Ada", "price": 9.9}, {"id": 2, "name": "Bob", "price": 1}]}',
        "[1, 2", '"text"', "[]", '{"a": ' * 300 + "1" + "}" * 300,
    ],
)  # fmt: skip
def test_carts_orders_and_nonsense_are_no_catalogue(answer: str) -> None:
    catalogue = Catalogue()
    catalogue.see("/api/things", answer, "/api/things", {}, media="json")
    for n in (1, 2):
        catalogue.see(f"/item/{n}", "<p>x</p>", "/item/<int:id>", {"id": n})
    assert catalogue.items == {}
