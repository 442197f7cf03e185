"""The core in a real browser: what it sends, when, and what it never does."""

import json
from typing import Any

import pytest

from tests.support.beacon_server import BeaconServer, Page, inline_script
from tests.support.browser import new_context
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser
QUIET = {"ux": False}


def flush(page: Any) -> None:
    """Everything that waits leaves, as it does when the visitor goes."""
    page.goto("about:blank")


def test_first_page_view_repeats_the_servers_id(shop: BeaconServer, page: Any) -> None:
    shop.pages["/product/42"] = Page(
        headers={"Server-Timing": 'opsplug;desc="served-page-view-id-01"'}, title="Mug", options=QUIET
    )
    page.goto("/product/42?email=a@b.example&token=secret")
    [view] = wait_for(lambda: shop.named("page_view"))
    assert view["event_id"] == view["page_view_id"] == "served-page-view-id-01"
    assert view["path"] == "/product/42"
    assert view["properties"]["navigation"] == "load"
    assert view["properties"]["page_title"] == "Mug"
    assert "secret" not in json.dumps(shop.bodies)


def test_spa_navigations_are_views_and_anchors_are_not(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(
        body='<a id="a" href="#reviews">x</a>', options={**QUIET, "routes": ["/product/<id>", "/cart"]}
    )
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    page.evaluate(
        """() => {
          history.pushState({}, "", "/product/7?x=1");
          history.replaceState({}, "", "/product/7?x=2");
          history.pushState({}, "", "/product/7?x=2");
          location.hash = "reviews";
          history.pushState({}, "", "/cart");
        }"""
    )
    page.evaluate("history.back()")
    wait_for(lambda: len(shop.named("page_view")) == 4)
    flush(page)
    views = shop.named("page_view")
    assert [view["path"] for view in views] == ["/", "/product/7", "/cart", "/product/7"]
    assert [view.get("route") for view in views] == [None, "/product/<id>", "/cart", "/product/<id>"]
    assert len({view["page_view_id"] for view in views}) == 4


def test_hash_routes_are_paths(shop: BeaconServer, page: Any) -> None:
    shop.pages["/app"] = Page(options=QUIET)
    page.goto("/app#/cart?voucher=secret")
    page.evaluate("location.hash = '#/order/7'")
    wait_for(lambda: len(shop.named("page_view")) == 2)
    assert [view["path"] for view in shop.named("page_view")] == ["/app/cart", "/app/order/7"]


def test_return_from_the_back_forward_cache_is_a_view(shop: BeaconServer, page: Any) -> None:
    shop.pages["/one"] = Page(options=QUIET)
    page.goto("/one")
    wait_for(lambda: shop.named("page_view"))
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    views = wait_for(lambda: len(shop.named("page_view")) == 2 and shop.named("page_view"))
    assert views[1]["properties"]["navigation"] == "back_forward_cache"
    assert views[0]["page_view_id"] != views[1]["page_view_id"]


JSON_LD = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "BreadcrumbList", "itemListElement": [{"@type": "Product", "sku": "wrong"}]},
        {
            "@type": "Product",
            "sku": "sku1",
            "name": "Mug",
            "brand": {"name": "Acme"},
            "offers": {"price": "9.90", "priceCurrency": "EUR"},
        },
    ],
}
MICRODATA = (
    '<div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Pot</span>'
    '<meta itemprop="sku" content="sku2">'
    '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="5">'
    '<meta itemprop="priceCurrency" content="GBP"></div><div itemprop="isRelatedTo" itemscope '
    'itemtype="https://schema.org/Product"><meta itemprop="mpn" content="other"></div></div>'
)
OPEN_GRAPH = '<meta property="og:type" content="product"><meta property="og:title" content="Cup">'


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (
            f'<script type="application/ld+json">{json.dumps(JSON_LD)}</script>',
            "",
            {
                "currency": "EUR",
                "value": 9.9,
                "items": [{"item_id": "sku1", "item_name": "Mug", "item_brand": "Acme", "price": 9.9}],
            },
        ),
        (
            "",
            MICRODATA,
            {"currency": "GBP", "value": 5, "items": [{"item_id": "sku2", "item_name": "Pot", "price": 5}]},
        ),
        (OPEN_GRAPH, "", {"items": [{"item_id": "/product/1", "item_name": "Cup"}]}),
    ],
    ids=["json-ld", "microdata", "opengraph"],
)
def test_view_item_from_structured_data(
    shop: BeaconServer, page: Any, head: str, body: str, expected: dict[str, Any]
) -> None:
    shop.pages["/product/1"] = Page(head=head, body=body, options=QUIET)
    page.goto("/product/1")
    [view] = wait_for(lambda: shop.named("view_item"))
    assert view["properties"] == expected


def test_a_list_of_products_is_no_view_item_and_the_server_may_do_it(shop: BeaconServer, page: Any) -> None:
    two = [{"@type": "Product", "sku": "a", "url": "/product/a"}, {"@type": "Product", "sku": "b", "url": "/product/b"}]
    head = f'<script type="application/ld+json">{json.dumps(two)}</script>'
    shop.pages["/list"] = Page(head=head, options=QUIET)
    shop.pages["/product/b"] = Page(head=head, options=QUIET)
    shop.pages["/product/a"] = Page(head=head, options=QUIET, attributes='data-server-events="view_item"')
    for path in ("/list", "/product/b", "/product/a"):
        page.goto(path)
        wait_for(lambda path=path: [e for e in shop.named("page_view") if e["path"] == path])
        if path == "/product/b":
            wait_for(lambda: shop.named("view_item"))
    flush(page)
    assert [event["properties"]["items"][0]["item_id"] for event in shop.named("view_item")] == ["b"]


def test_spa_product_change_is_seen_and_stale_data_is_not(shop: BeaconServer, page: Any) -> None:
    head = '<script id="ld" type="application/ld+json">{"@type":"Product","sku":"one"}</script>'
    shop.pages["/product/one"] = Page(head=head, options=QUIET)
    page.goto("/product/one")
    wait_for(lambda: shop.named("view_item"))
    page.evaluate("history.pushState({}, '', '/about')")
    page.wait_for_timeout(500)  # the time in which a stale description would be believed
    page.evaluate(
        """() => { history.pushState({}, "", "/product/two");
          document.querySelector("#ld").textContent = '{"@type":"Product","sku":"two"}'; }"""
    )
    wait_for(lambda: len(shop.named("view_item")) == 2)
    assert [(e["path"], e["properties"]["items"][0]["item_id"]) for e in shop.named("view_item")] == [
        ("/product/one", "one"),
        ("/product/two", "two"),
    ]


def test_cart_markup_on_buttons_and_forms(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(
        body='<button id="b" data-opsplug-add-to-cart="sku1" data-opsplug-price="9.9" data-opsplug-quantity="2" '
        'data-opsplug-currency="EUR" data-opsplug-name="Mug"><b id="inner">add</b></button>'
        '<form id="f" action="/cart" data-opsplug-add-to-cart="sku2"><input name="quantity" value="3">'
        "<button>go</button></form>",
        options=QUIET,
    )
    shop.pages["/cart"] = Page(options=QUIET)
    page.goto("/")
    wait_for(lambda: page.evaluate("!!window.opsplug?.core"))
    page.click("#inner")
    page.click("#f button")
    page.wait_for_url("**/cart?quantity=3")
    wait_for(lambda: len(shop.named("add_to_cart")) == 2)
    first, second = (event["properties"] for event in shop.named("add_to_cart"))
    assert first == {
        "currency": "EUR",
        "value": 19.8,
        "items": [{"item_id": "sku1", "item_name": "Mug", "price": 9.9, "quantity": 2}],
    }
    assert second["items"] == [{"item_id": "sku2", "quantity": 3}]


def test_data_layer_is_listened_to_and_keeps_working(shop: BeaconServer, page: Any) -> None:
    before = """window.dataLayer = [
        {event: "view_item", ecommerce: {currency: "EUR", items: [{item_id: "a", price: 3}]}}];
      function gtag() { dataLayer.push(arguments); }"""
    shop.pages["/"] = Page(head=inline_script(before), options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("view_item"))
    returned = page.evaluate(
        """() => {
          gtag("event", "add_to_cart",
            {currency: "EUR", value: 3, email: "a@b.example", items: [{item_id: "a", buyer: "Ann"}]});
          dataLayer.push({event: "purchase", ecommerce: {transaction_id: "1"}});
          dataLayer.push({event: "gtm.click"}, null, "text");
          dataLayer.push({event: "view_item", ecommerce: {items: [{item_id: "a"}]}});
          return dataLayer.push({event: "search", search_term: "mug"});
        }"""
    )
    flush(page)
    wait_for(lambda: shop.named("search"))
    assert returned == 8
    assert [e["event"] for e in shop.events if e["event"] != "page_view"] == ["view_item", "add_to_cart", "search"]
    [added] = shop.named("add_to_cart")
    assert added["properties"] == {"currency": "EUR", "value": 3, "items": [{"item_id": "a"}]}


def test_one_act_told_by_markup_and_data_layer_counts_once(shop: BeaconServer, page: Any) -> None:
    code = """window.dataLayer = []; document.addEventListener("click", () =>
      dataLayer.push({event: "add_to_cart", ecommerce: {items: [{item_id: "sku1"}]}}));"""
    shop.pages["/"] = Page(
        body='<button data-opsplug-add-to-cart="sku1">add</button>' + inline_script(code), options=QUIET
    )
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    page.click("button")
    page.wait_for_timeout(1_100)
    page.click("button")
    flush(page)
    wait_for(lambda: len(shop.named("add_to_cart")) >= 2)
    assert len(shop.named("add_to_cart")) == 2


def storage_of(page: Any) -> list[Any]:
    found: list[Any] = page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
    return found


@pytest.mark.parametrize(
    ("mode", "signal"), [("required", None), ("counts_only", None), ("not_required", "gpc"), ("not_required", "dnt")]
)
def test_without_consent_nothing_is_stored_or_linked(
    chromium: Any, shop: BeaconServer, mode: str, signal: str | None
) -> None:
    context = new_context(chromium, shop)
    if signal == "gpc":
        context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    if signal == "dnt":
        context.add_init_script("Object.defineProperty(navigator, 'doNotTrack', {value: '1'})")
    page = context.new_page()
    shop.pages["/"] = Page(body='<button data-opsplug-add-to-cart="s">x</button>', consent=mode)
    shop.pages["/next"] = Page(consent=mode)
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    shop.events_status = 503
    page.click("button")
    page.wait_for_timeout(300)
    assert storage_of(page) == ["", 0, 0]
    shop.events_status = 202
    page.goto("/next")
    wait_for(lambda: len(shop.named("page_view")) == 2)
    assert storage_of(page) == ["", 0, 0]
    for event in shop.events:
        assert event.get("page_view_id") in (None, event["event_id"])
        assert "viewport" not in event["properties"]
    context.close()


def test_consent_is_asked_kept_and_taken_back(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(consent="required", options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    assert page.evaluate("opsplug.consent()") is False
    assert page.evaluate("opsplug.consent(true)") is True
    wait_for(lambda: shop.consents == [{"analytics": True, "personalization": True}])
    page.evaluate("opsplug.track('search', {search_term: 'mug'})")
    page.evaluate("opsplug.track('share', {})")
    first, second = wait_for(lambda: len(shop.named("search", "share")) == 2 and shop.named("search", "share"))
    assert first["page_view_id"] == second["page_view_id"] is not None
    page.evaluate("opsplug.consent(false)")
    wait_for(lambda: len(shop.consents) == 2)
    page.evaluate("opsplug.track('view_cart', {})")
    [last] = wait_for(lambda: shop.named("view_cart"))
    assert "page_view_id" not in last
    assert page.evaluate("localStorage.length") == 0


def test_offline_events_wait_and_arrive_once(shop: BeaconServer, context: Any, page: Any) -> None:
    shop.pages["/"] = Page(options=QUIET)
    shop.pages["/next"] = Page(options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    context.set_offline(True)
    page.evaluate("opsplug.track('search', {search_term: 'mug'})")
    wait_for(lambda: page.evaluate("localStorage.length") == 1, "the event to be kept")
    assert not shop.named("search")
    page.evaluate("window.stop()")
    context.set_offline(False)
    page.goto("/next")
    wait_for(lambda: shop.named("search"))
    wait_for(lambda: page.evaluate("localStorage.length") == 0, "the place to be cleared")
    ids = [event["event_id"] for body in shop.bodies for event in body["events"] if event["event"] == "search"]
    assert len(set(ids)) == 1


def test_a_failing_server_gets_the_same_ids_again(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(options=QUIET)
    shop.events_status = 503
    page.goto("/")
    wait_for(lambda: page.evaluate("!!window.opsplug && localStorage.length === 1"), "a first failure")
    kept = page.evaluate("JSON.parse(localStorage[localStorage.key(0)])[0].event_id")
    shop.events_status = 202
    [view] = wait_for(lambda: shop.named("page_view"))
    assert view["event_id"] == kept


def test_before_send_may_change_and_drop(shop: BeaconServer, page: Any) -> None:
    hook = """window.opsplug = window.opsplug || [];
      opsplug.push(["track", "search", {search_term: "mug"}]);
      opsplug.push(["beforeSend", (event) => event.event === "share" ? null : (event.properties.shop = "A", event)]);
      opsplug.push((api) => api.track("share", {}));"""
    shop.pages["/"] = Page(head=inline_script(hook), options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("search"))
    assert not shop.named("share")
    assert {event["properties"]["shop"] for event in shop.events} == {"A"}
    page.evaluate("void (opsplug.beforeSend = () => { throw new Error('broken') })")
    page.evaluate("opsplug.track('view_cart')")
    flush(page)
    assert not shop.named("view_cart")


def test_names_that_only_the_server_may_say_do_not_leave(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    page.evaluate("opsplug.track('purchase', {transaction_id: '1'})")
    page.evaluate("opsplug.track('search', {})")
    wait_for(lambda: shop.named("search"))
    assert not shop.named("purchase")


def test_many_events_travel_in_batches(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(options=QUIET)
    page.goto("/")
    wait_for(lambda: shop.named("page_view"))
    page.evaluate("for (let n = 0; n < 250; n++) opsplug.track('search', {search_term: 'x'.repeat(900) + n})")
    wait_for(lambda: len(shop.named("search")) == 250)
    assert len(shop.bodies) < 20
    assert all(len(json.dumps(body)) < 64 * 1024 and len(body["events"]) <= 100 for body in shop.bodies)


def test_strict_csp_has_nothing_to_complain_about(shop: BeaconServer, page: Any) -> None:
    shop.pages["/"] = Page(
        body="<opsplug-recommendations></opsplug-recommendations>",
        options={"chat": True, "banner": True},
        consent="required",
    )
    page.goto("/")
    wait_for(lambda: page.locator("opsplug-recommendations li").count() == 8)
    page.wait_for_timeout(500)
    assert page.evaluate("violations") == []
