"""What each page shows and does, whichever framework carries it."""

import json
import re
from typing import Any

import pytest

from opsplug.demo.buying import SAMPLE_ADDRESS
from opsplug.demo.catalogue import Catalogue
from opsplug.demo.http import Page, Redirect
from opsplug.demo.pages import PER_PAGE
from opsplug.demo.shop import CUSTOMERS, Shop
from tests.support.demo_shop import DEMO, Engine, Visit


@pytest.fixture
def item_id(catalogue: Catalogue) -> str:
    return next(item.item_id for item in catalogue.items if item.in_stock)


@pytest.fixture
def sold_out(catalogue: Catalogue) -> str:
    return next(item.item_id for item in catalogue.items if not item.in_stock)


def buy(visit: Visit, item_id: str, quantity: str = "2") -> str:
    """Through the whole checkout; gives the order's number."""
    visit("add_to_cart", form={"item_id": item_id, "quantity": quantity})
    visit("take_address", form=dict.fromkeys(("name", "street", "town", "postcode", "country"), "x"))
    visit("take_delivery", form={"delivery": "collect"})
    visit("payment")
    answer = visit("take_payment", form={"payment": "card"})
    assert isinstance(answer, Redirect)
    return answer.location.removeprefix("/order/")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("root", ["", "/mounted"])
def test_every_page_renders_in_both_languages_wherever_the_shop_is_mounted(
    visit: Visit, render: Any, session: dict[str, Any], item_id: str, language: str, root: str
) -> None:
    session["language"] = language
    session["customer"] = "14282"
    number = buy(visit, item_id)
    visit("add_to_cart", form={"item_id": item_id})
    session.update(address=SAMPLE_ADDRESS, delivery="standard")
    places: list[tuple[str, dict[str, Any]]] = [
        ("home", {}),
        ("category", {"slug": "tea"}),
        ("search", {"query": {"q": "mug"}}),
        ("search", {"query": {"q": "zzzz"}}),
        ("search", {}),
        ("product", {"item_id": item_id}),
        ("product", {"item_id": "nothing"}),
        ("help", {}),
        ("cart", {}),
        ("address", {}),
        ("delivery", {}),
        ("payment", {}),
        ("order", {"number": number}),
        ("account", {}),
        ("login", {}),
    ]
    for name, values in places:
        page = visit(name, root=root, **values)
        assert isinstance(page, Page), name
        html = render(page)
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in html
        assert html.count("<h1") == 1, name
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', html):
            assert link.startswith(root + "/"), (name, link)


def test_templates_carry_no_inline_style_or_script_and_nothing_from_elsewhere() -> None:
    for path in (DEMO / "templates").iterdir():
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son\w+=", text), path.name
        assert not re.search(r"<script(?! type=\"application/ld\+json\")", text), path.name
        assert not re.search(r'(?:src|<link[^>]*href)="(?:https?:)?//', text), path.name
    assert not re.search(r"url\(\"?(?:https?:)?//|@import", (DEMO / "static" / "shop.css").read_text())


def test_what_is_searched_for_is_shown_as_text(visit: Visit, render: Any) -> None:
    html = render(visit("search", query={"q": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_a_category_is_paged_and_odd_page_numbers_do_no_harm(visit: Visit, catalogue: Catalogue) -> None:
    size = len(catalogue.in_category("tea"))
    last = -(-size // PER_PAGE)
    pages = {
        asked: visit("category", slug="tea", query={"page": asked}) for asked in ("1", "2", "999", "-1", "x", "9" * 40)
    }
    assert len(pages["1"].context["items"]) == PER_PAGE
    assert pages["1"].context["items"] != pages["2"].context["items"]
    assert [pages[asked].context["number"] for asked in ("999", "-1", "x", "9" * 40)] == [last, 1, 1, 1]


def test_the_search_narrows_by_category_and_counts_each(visit: Visit) -> None:
    every = visit("search", query={"q": "red"}).context
    tea = visit("search", query={"q": "red", "category": "tea"}).context
    assert sum(every["facets"].values()) == every["count"] == every["found"]
    assert tea["count"] == every["facets"]["tea"] < every["count"]


def test_a_product_describes_itself_to_machines(visit: Visit, render: Any, catalogue: Catalogue, item_id: str) -> None:
    html = render(visit("product", item_id=item_id))
    found = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html)[1])  # type: ignore[index]
    item = catalogue.get(item_id)
    assert item
    assert (found["@type"], found["sku"], found["name"]) == ("Product", item_id, item.name)
    assert (found["offers"]["price"], found["offers"]["priceCurrency"]) == (f"{item.price:.2f}", "GBP")
    assert f'data-opsplug-add-to-cart="{item_id}"' in html
    assert 'data-placement="item"' in html


def test_a_sold_out_product_cannot_be_put_into_the_cart(
    visit: Visit, render: Any, session: dict[str, Any], sold_out: str
) -> None:
    assert "data-opsplug-add-to-cart" not in render(visit("product", item_id=sold_out))
    visit("add_to_cart", form={"item_id": sold_out})
    assert session.get("cart", {}) == {}


def test_unknown_things_are_not_found(visit: Visit) -> None:
    assert visit("product", item_id="nope").status == 404
    assert visit("category", slug="nope").status == 404
    assert visit("order", number="nope").status == 404
    assert visit("drawing", item_id="nope").status == 404
    assert visit("add_to_cart", form={"item_id": "nope"}).status == 404
    assert visit("log_in", form={"customer": "nope"}).status == 404


@pytest.mark.parametrize(
    ("text", "quantity"), [("3", 3), ("0", 1), ("-5", 1), ("x", 1), ("", 1), ("9999", 99), ("²", 1)]
)
def test_any_quantity_that_is_typed_becomes_a_sensible_one(
    visit: Visit, session: dict[str, Any], item_id: str, text: str, quantity: int
) -> None:
    visit("add_to_cart", form={"item_id": item_id, "quantity": text})
    assert session["cart"] == {item_id: quantity}


def test_the_cart_changes_and_empties(visit: Visit, session: dict[str, Any], item_id: str) -> None:
    visit("add_to_cart", form={"item_id": item_id, "quantity": "2"})
    visit("change_cart", form={"item_id": item_id, "quantity": "5"})
    assert session["cart"] == {item_id: 5}
    visit("change_cart", form={"item_id": "something else", "quantity": "5"})
    assert session["cart"] == {item_id: 5}
    visit("change_cart", form={"item_id": item_id, "quantity": "0"})
    assert session["cart"] == {}


def test_buying_tracks_one_purchase_with_the_order_number(
    visit: Visit, shop: Shop, engine: Engine, item_id: str
) -> None:
    number = buy(visit, item_id)
    (name, event), *rest = engine.tracked
    item = shop.catalogue.get(item_id)
    assert item
    assert (name, rest) == ("purchase", [])
    assert event["transaction_id"] == number
    assert event["items"] == [{"item_id": item_id, "price": item.price, "quantity": 2}]
    assert event["value"] == round(2 * item.price, 2)
    assert event["user_id"] is None
    assert shop.orders.get(number)


def test_pressing_buy_twice_is_one_order(visit: Visit, session: dict[str, Any], engine: Engine, item_id: str) -> None:
    visit("add_to_cart", form={"item_id": item_id})
    session.update(address={"name": "x"}, delivery="collect")
    visit("payment")
    before = json.loads(json.dumps(session))  # the second click sends the same cookie as the first
    first = visit("take_payment", form={"payment": "card"})
    session.clear()
    session.update(before)
    assert visit("take_payment", form={"payment": "card"}) == first
    assert [name for name, _ in engine.tracked] == ["purchase"]


def test_the_checkout_cannot_be_entered_in_the_middle(visit: Visit, session: dict[str, Any], item_id: str) -> None:
    assert visit("address") == Redirect("/cart")
    assert visit("take_payment", form={"payment": "card"}) == Redirect("/checkout/payment")
    visit("add_to_cart", form={"item_id": item_id})
    assert visit("delivery") == Redirect("/checkout/address")
    assert visit("payment") == Redirect("/checkout/delivery")
    assert visit("take_delivery", form={"delivery": "by balloon"}).status == 422
    assert "delivery" not in session


def test_a_missing_field_is_named_beside_it_and_what_was_typed_stays(visit: Visit, render: Any, item_id: str) -> None:
    visit("add_to_cart", form={"item_id": item_id})
    page = visit("take_address", form={"name": "Ann", "street": " ", "town": "T", "postcode": "P", "country": "C"})
    html = render(page)
    assert page.status == 422
    assert 'value="Ann"' in html
    assert re.search(r'id="street"[^>]*aria-invalid="true" aria-describedby="street-error"', html)
    assert html.count("aria-invalid") == 1


def test_an_order_is_shown_only_to_the_one_who_placed_it(visit: Visit, session: dict[str, Any], item_id: str) -> None:
    session["customer"] = "14282"
    number = buy(visit, item_id)
    assert visit("order", number=number).status == 200
    visit("log_out")
    assert visit("order", number=number).status == 404
    session["customer"] = "14466"
    assert visit("order", number=number).status == 404
    session["customer"] = "14282"
    assert visit("order", number=number).status == 200


def test_logging_in_is_tracked_and_logging_out_leaves_nothing(
    visit: Visit, session: dict[str, Any], engine: Engine, item_id: str
) -> None:
    assert visit("account") == Redirect("/login")
    assert visit("log_in", form={"customer": "14282"}) == Redirect("/account")
    assert engine.tracked == [("login", {"user_id": "14282"})]
    visit("add_to_cart", form={"item_id": item_id})
    visit("log_out")
    assert set(session) <= {"language", "added"}
    session["customer"] = "somebody"
    assert visit("account") == Redirect("/login")
    assert len(CUSTOMERS) == 4


def test_the_language_stays_until_it_is_changed(visit: Visit, session: dict[str, Any]) -> None:
    assert visit("home").context["language"] == "en"
    assert visit("home", query={"lang": "zh"}).context["language"] == "zh"
    assert visit("cart").context["language"] == "zh"
    assert visit("home", query={"lang": "xx"}).context["language"] == "zh"


def test_the_chat_hears_of_an_order_only_for_its_own_customer(
    visit: Visit, session: dict[str, Any], shop: Shop, item_id: str
) -> None:
    session["customer"], other = list(CUSTOMERS)[:2]
    number = buy(visit, item_id)
    order = shop.orders.get(number)
    assert order is not None
    state = shop.order_state(number, session["customer"])
    assert state == f"{order.at:%Y-%m-%d}, £{order.total:,.2f}"
    assert shop.order_state(number, other) is None
    assert shop.order_state("unknown", other) is None
