"""What a page tells about its products, and that reading it never stands in anybody's way."""

import json
import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsplug.capture.discovery import Discovery, Sight, read_page, read_products

MUG = {
    "@context": "https://schema.org",
    "@type": "Product",
    "sku": "sku1",
    "name": "Mug &amp; saucer",
    "brand": {"@type": "Brand", "name": "Potter"},
    "image": ["/static/mug.jpg"],
    "category": "Kitchen > Mugs",
    "offers": {
        "@type": "Offer",
        "price": "9.90",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    },
}


def page(*objects: object, head: str = "", body: str = "") -> bytes:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in objects)
    return f"<!doctype html><html><head>{head}{scripts}</head><body>{body}</body></html>".encode()


def test_json_ld_gives_a_whole_record() -> None:
    assert read_products(page(MUG), "/product/1") == [
        {
            "item_id": "sku1",
            "item_name": "Mug & saucer",
            "item_brand": "Potter",
            "image_url": "/static/mug.jpg",
            "price": 9.9,
            "currency": "EUR",
            "availability": "in_stock",
            "item_category": "Kitchen",
            "item_category2": "Mugs",
            "url": "/product/1",
        }
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        [MUG],
        {"@graph": [{"@type": "WebSite", "name": "Shop"}, MUG]},
        {"@type": "ItemPage", "mainEntity": MUG},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": MUG}]},
        {**MUG, "@type": ["Product", "Thing"]},
        {**MUG, "@type": "http://schema.org/Product"},
    ],
)
def test_json_ld_in_every_wrapping(wrapped: object) -> None:
    assert [record["item_id"] for record in read_products(page(wrapped), "/p")] == ["sku1"]


@pytest.mark.parametrize(
    ("offers", "price", "availability"),
    [
        ({"price": 12, "availability": "OutOfStock"}, 12.0, "out_of_stock"),
        ({"price": "1.299,00"}, 1299.0, None),
        ({"price": "1,299.00"}, 1299.0, None),
        ({"price": "EUR 12,90"}, 12.9, None),
        ({"price": "1,299"}, 1299.0, None),
        ({"lowPrice": "3.50", "highPrice": "7", "offers": [{"price": "5"}]}, 3.5, None),
        ([{"price": 1, "availability": "SoldOut"}, {"price": 2, "availability": "InStock"}], 2.0, "in_stock"),
        ({"priceSpecification": {"price": "8"}, "availability": "PreOrder"}, 8.0, "preorder"),
        ({"price": "ask us"}, None, None),
        ({"price": -4}, None, None),
        ({"price": 1e400}, None, None),
        ("free", None, None),
    ],
)
def test_offers(offers: object, price: float | None, availability: str | None) -> None:
    text = json.dumps({**MUG, "offers": offers}).replace("Infinity", "1e400")
    html = f'<script type="application/ld+json">{text}</script>'.encode()
    records = read_products(html, "/p")
    if "1e400" in text:
        assert records == []  # not JSON: the block is passed over
        return
    assert (records[0].get("price"), records[0].get("availability")) == (price, availability)


def test_a_group_gives_its_variants_which_share_name_and_brand() -> None:
    group = {
        "@type": "ProductGroup",
        "productGroupID": "shirt",
        "name": "Shirt",
        "brand": "Tailor",
        "hasVariant": [
            {"@type": "Product", "sku": "shirt-s"},
            {"@type": "Product", "sku": "shirt-m", "name": "Shirt M"},
        ],
    }
    records = read_products(page(group), "/shirt")
    assert [(r["item_id"], r["item_name"], r["item_brand"], r["item_group_id"]) for r in records] == [
        ("shirt-s", "Shirt", "Tailor", "shirt"),
        ("shirt-m", "Shirt M", "Tailor", "shirt"),
    ]


def test_microdata() -> None:
    body = """
    <div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lamp</h1><meta itemprop="sku" content="L1">
      <img itemprop="image" src="/lamp.jpg">
      <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
        <span itemprop="price" content="24.5">24,50</span>
        <meta itemprop="priceCurrency" content="eur"><link itemprop="availability" href="https://schema.org/OutOfStock">
      </div><span itemprop="brand" itemscope itemtype="https://schema.org/Brand"><b itemprop="name">Lux</b></span>
    </div>"""
    (lamp,) = read_products(page(body=body), "/lamp/1")
    assert lamp == {
        "item_id": "L1",
        "item_name": "Lamp",
        "item_brand": "Lux",
        "image_url": "/lamp.jpg",
        "price": 24.5,
        "currency": "EUR",
        "availability": "out_of_stock",
        "url": "/lamp/1",
    }


def test_open_graph_and_the_address_as_last_resort_for_the_id() -> None:
    head = """<meta property="og:type" content="product"><meta property="og:title" content="Chair">
    <meta property="product:price:amount" content="80"><meta property="product:price:currency" content="USD">
    <meta property="og:image" content="https://shop.example/chair.jpg">"""
    (chair,) = read_products(page(head=head), "/products/chair-7/")
    assert (chair["item_id"], chair["item_name"], chair["price"], chair["currency"]) == (
        "chair-7",
        "Chair",
        80.0,
        "USD",
    )
    assert read_products(page(head='<meta property="og:type" content="article">'), "/news/1") == []


def test_breadcrumbs_fill_a_missing_category() -> None:
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": 2, "item": {"name": "Kitchen"}},
            {"@type": "ListItem", "position": 1, "name": "Home"},
            {"@type": "ListItem", "position": 3, "name": "Mug & saucer"},
        ],
    }
    mug = {key: value for key, value in MUG.items() if key != "category"}
    (record,) = read_products(page(mug, crumbs), "/p")
    assert record["item_category"] == "Kitchen"
    assert "item_category2" not in record


def test_only_safe_addresses() -> None:
    (record,) = read_products(page({**MUG, "image": "javascript:alert(1)", "url": "data:text/html,x"}), "/p/1")
    assert "image_url" not in record
    assert record["url"] == "/p/1"


@pytest.mark.parametrize(
    "html",
    [
        b"",
        b"\xff\xfe\x00<html",
        b'<script type="application/ld+json">{"@type": "Product", "sku": </script>',
        b'<script type="application/ld+json">' + b"[" * 50_000 + b"</script>",
        b"<p itemscope>" + b"<div>" * 60_000,
        b'<div itemscope itemtype="https://schema.org/Product">' * 5_000,
        b'<link rel="canonical" href="http://[">',
        b'<script type="application/ld+json">{"@type": "Product", "sku": {"a": 1}, "offers": [[[]]], "brand": 7}',
    ],
)
def test_damaged_pages_are_read_as_far_as_they_go(html: bytes) -> None:
    for record in read_products(html, "/p/9"):
        assert record["item_id"]

    def cost(read: bytes) -> float:
        started = time.process_time()
        read_products(read, "/p/9")
        return time.process_time() - started

    sound = page(MUG) + b"<p>word</p>" * (len(html) // 11)
    assert min(cost(html) for _ in range(3)) < 30 * min(cost(sound) for _ in range(3))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from([*MUG, "hasVariant", "productGroupID", "aggregateRating"]), json_values))
def test_any_json_in_a_product_gives_records_that_the_catalogue_takes(thing: dict[str, object]) -> None:
    from opsplug.services.catalog import clean_record

    for kind in ("Product", "ProductGroup"):
        for record in read_products(page({**thing, "@type": kind}), "/p/1"):
            assert clean_record(record)["item_id"]


# The background queue


class Shelf:
    def __init__(self) -> None:
        self.records: dict[str, object] = {}
        self.calls = 0

    def put(self, records: object) -> None:
        self.calls += 1
        self.records.update({record["item_id"]: record for record in records})  # type: ignore[attr-defined]


def sight(html: bytes, path: str) -> Sight:
    return Sight(path, "/p/<int:id>", {"id": path.rsplit("/", 1)[-1]}, "html", html)


class Visiting:
    """As much of a visit as the reader needs."""

    query, client, status, user, route = "", "", 200, None, "/p/<int:id>"

    def __init__(self, path: str) -> None:
        self.path = path
        self.params = {"id": path.rsplit("/", 1)[-1]}
        self.lesson = None
        self.host = self

    @staticmethod
    def netloc() -> str:
        return "shop.example"


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_a_served_page_reaches_the_catalogue_once_an_hour(shelf: Shelf) -> None:
    now = [1000.0]
    discovery = Discovery(shelf.put, clock=lambda: now[0])
    assert discovery.offer(sight(page(MUG), "/p/1"))
    assert not discovery.offer(sight(page(MUG), "/p/1"))
    assert discovery.flush()
    assert (shelf.calls, list(shelf.records)) == (1, ["sku1"])
    now[0] += 3601
    assert discovery.offer(sight(page(MUG), "/p/1"))
    assert discovery.flush()
    assert shelf.calls == 2
    now[0] -= 10_000  # a clock that jumps back must not silence an address for hours
    assert discovery.offer(sight(page(MUG), "/p/1"))
    discovery.stop()


@pytest.mark.parametrize(
    ("head", "headers"),
    [
        ('<meta name="robots" content="noindex, follow">', {}),
        ('<meta name="ROBOTS" content="None">', {}),
        ('<link rel="canonical" href="/p/other">', {}),
        ('<link rel="canonical" href="https://shop.example/p/other?x=1">', {}),
        ("", {"X-Robots-Tag": "noindex"}),
    ],
)
def test_hidden_pages_and_copies_of_others_are_not_learned(shelf: Shelf, head: str, headers: dict[str, str]) -> None:
    discovery = Discovery(shelf.put)
    visit = Visiting("/p/1")
    discovery.lesson(visit, page(MUG, head=head), "html", headers.get("X-Robots-Tag", ""))  # type: ignore[arg-type]
    discovery.taught(visit)  # type: ignore[arg-type]
    assert discovery.flush()
    assert shelf.records == {}
    discovery.stop()


def test_the_own_canonical_address_is_learned(shelf: Shelf) -> None:
    discovery = Discovery(shelf.put)
    discovery.offer(sight(page(MUG, head='<link rel="canonical" href="https://shop.example/p/1/?ref=x">'), "/p/1"))
    assert discovery.flush()
    assert list(shelf.records) == ["sku1"]
    assert read_page(page(MUG), "/p/1").canonical is None
    discovery.stop()


def test_a_large_page_is_not_taken(shelf: Shelf) -> None:
    discovery = Discovery(shelf.put)
    assert not discovery.offer(sight(page(MUG) + b" " * 1_000_001, "/p/1"))


def test_offer_never_waits_and_counts_what_it_drops(shelf: Shelf) -> None:
    gate, counts, ended = threading.Event(), [], []

    def slow(records: object) -> None:
        gate.wait(60)
        ended.append(records)

    discovery = Discovery(slow, count=counts.append)
    taken = [discovery.offer(sight(page(MUG), f"/p/{n}")) for n in range(200)]
    assert ended == []
    assert 1 <= taken.count(True) <= 20
    assert counts.count("discovery_dropped") == taken.count(False)
    gate.set()
    assert discovery.flush(60)
    discovery.stop()


def test_a_store_in_trouble_is_counted_and_the_next_page_read(shelf: Shelf) -> None:
    counts: list[str] = []
    broken = [True]

    def put(records: object) -> None:
        if broken[0]:
            raise OSError("disk full")
        shelf.put(records)

    discovery = Discovery(put, count=counts.append)
    discovery.offer(sight(page(MUG), "/p/1"))
    assert discovery.flush()
    assert "errors.discovery" in counts
    broken[0] = False
    discovery.offer(sight(page(MUG), "/p/2"))
    assert discovery.flush()
    assert list(shelf.records) == ["sku1"]
    discovery.stop()


def test_a_forked_child_reads_with_a_thread_of_its_own(shelf: Shelf) -> None:
    discovery = Discovery(shelf.put)
    discovery.offer(sight(page(MUG), "/p/1"))
    assert discovery.flush()
    child = os.fork()
    if child == 0:
        shelf.records.clear()
        discovery.offer(sight(page(MUG), "/p/2"))
        os._exit(0 if discovery.flush() and shelf.records else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    discovery.stop()
