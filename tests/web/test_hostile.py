"""Requests that nobody's browser sends: answered in one sentence, at a bounded price, leaving nothing that breaks."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import hypothesis
import hypothesis.strategies as st
import pytest

from opsplug.capture import identity, traffic_class
from opsplug.capture.beacon import MAX_BODY
from opsplug.capture.client import client_of, network_of
from opsplug.capture.identity import read_cookies
from opsplug.capture.traffic_class import classify
from opsplug.events import EARLIEST_MS, FUTURE_MS
from opsplug.web import limiter
from opsplug.web.http import Request
from opsplug.web.limiter import Limiter
from tests.contracts.adapter_contract import Answer, Build, Visitor, stored
from tests.support.flask_shop import FlaskShop
from tests.support.hostile import (
    DEEP,
    GETS,
    NAMES,
    POSTS,
    TOKEN,
    faults,
    make,
    shop,  # noqa: F401  (a fixture)
)
from tests.support.starlette_shop import build as on_starlette  # noqa: F401  (a fixture)

EXAMPLES = 10_000 if os.environ.get("OPSPLUG_SOAK") == "1" else 250
PATHS = tuple(f"/_opsplug/{name}" for name in POSTS + GETS)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskShop]:
    made = make(tmp_path_factory.mktemp("hostile"), testing=True)  # one thread: what is stored is stored by `flush`
    yield made
    made.engine.close()


def assert_calm(answer: Answer) -> None:
    assert answer.status < 500
    assert b"Traceback" not in answer.body
    assert b"/opsplug/" not in answer.body.replace(b"/_opsplug/", b"")  # no path of a source file
    assert not [value for _, value in answer.headers if "\r" in value or "\n" in value]


# ---------------------------------------------------------------------- anything at all

odd_text = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\x00", "a\x00b", "%00", "../../etc/passwd", "'; DROP TABLE events;--", "\u202e", "9" * 30, "NaN"]
    ),
)
odd_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)
near_event = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["click", "view_item", "page_view", "purchase"]) | odd_text,
        "event_id": st.uuids().map(str),
    },
    optional={
        "timestamp": odd_value,
        "path": odd_text,
        "route": odd_text,
        "page_view_id": odd_text,
        "properties": st.dictionaries(
            st.sampled_from(["items", "value", "currency", "search_term", "count", "navigation"]) | odd_text,
            odd_value
            | st.lists(
                st.fixed_dictionaries({"item_id": odd_value}, optional={"price": odd_value, "index": odd_value})
            ),
            max_size=5,
        ),
    },
)
body = st.one_of(
    st.binary(max_size=200),
    odd_value.map(lambda value: json.dumps(value).encode()),
    st.lists(near_event, max_size=3).map(lambda events: json.dumps({"events": events}).encode()),
    st.dictionaries(
        st.sampled_from(["text", "message_id", "conversation_id", "score", "helpful", "analytics", "language"]),
        odd_value,
    ).map(lambda said: json.dumps(said).encode()),
    st.sampled_from(
        [DEEP, b'{"text":' + b"[" * 9000, b'{"text":"\xff"}', b'{"text":"\\ud800"}', b"\x00", b"\xff" * 99]
    ),
)
query = st.lists(
    st.tuples(st.sampled_from(NAMES) | odd_text, odd_text).map(lambda pair: f"{quote(pair[0])}={quote(pair[1])}")
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    max_size=6,
).map("&".join)
value = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
headers = st.dictionaries(
    st.sampled_from(
        "cookie origin referer accept-language x-forwarded-for user-agent accept-encoding dnt sec-fetch-site purpose "
        "content-type".split()
    ),
    value | st.sampled_from(["opsplug_id=a.b.c.d; opsplug_chat=%; opsplug_admin=²³.x.y", "[::", "http://[", "null"]),
    max_size=4,
)


@pytest.mark.soak
def test_no_request_is_answered_with_a_fault(long_lived: FlaskShop) -> None:
    shop = long_lived

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.sampled_from(("GET", "POST", "PUT", "HEAD")), st.sampled_from(PATHS), query, body, headers)
    def holds(method: str, path: str, asked: str, sent: bytes, with_headers: dict[str, str]) -> None:
        base = {"user-agent": Visitor(shop).agent}
        answer = shop.request(method, f"{path}?{asked}", headers=base | with_headers, body=sent)
        assert_calm(answer)
        if answer.header("content-type") == "application/json" and answer.status >= 400 and method != "HEAD":
            assert set(answer.json()) == {"error"}

    holds()
    assert faults(shop) == {}
    assert_every_row_can_be_read(shop)
    assert_caches_are_bounded()


def assert_every_row_can_be_read(shop: FlaskShop) -> None:
    for event in stored(shop, audience=None):
        assert EARLIEST_MS <= event.timestamp <= event.received_at + FUTURE_MS
        numbers = [entry for entry in event.properties.values() if isinstance(entry, float)]
        assert all(map(math.isfinite, numbers))
        json.dumps([event.properties, event.route, [item.item_id for item in event.items]]).encode()


def assert_caches_are_bounded() -> None:
    for cache in (identity._cache, traffic_class._paths, traffic_class._agents):
        assert len(cache) <= 4096
        assert all(len(held) <= 4096 for held in cache)


# ---------------------------------------------------------------------- each kind of thing on its own


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "sent",
    [
        DEEP,
        b'{"text":' + b"[" * 9000,
        b'{"text": "\xff\xfe"}',
        b'{"text":"\\ud83d", "events":[{"event":"click","event_id":"abcdefgh","route":"\\ud83d"}]}',
        b'{"events":[{"event":"click","event_id":"abcdefgh","properties":{"tag":"\xff"}}]}',
        b'{"events":[{"event":"click","event_id":"abcdefgh","properties":{"value":1' + b"0" * 400 + b"}}]}",
        b'{"analytics":true, "x": "\xff"}',
        b"token=" + b"&a=1" * 1000,
        b" " * 10_000_000,
    ],
    ids=["deep", "deep array", "utf-8", "surrogate", "utf-8 inside", "huge number", "consent", "fields", "10 MB"],
)
def test_a_malformed_body_is_a_4xx(shop: FlaskShop, path: str, sent: bytes) -> None:
    answer = shop.request("POST", path, headers={"user-agent": Visitor(shop).agent}, body=sent)
    assert_calm(answer)
    assert answer.status >= 400 or (path.endswith("events") and b"tag" not in sent)
    assert faults(shop) == {}


def test_starlette_refuses_alike(on_starlette: Build) -> None:
    shop = on_starlette(admin_token=TOKEN)
    visitor = Visitor(shop)
    for path in PATHS:
        for sent in (DEEP, b'{"text": "\xff"}', b"token=" + b"&a=1" * 1000, b" " * 1_000_000):
            answer = visitor.send("POST", path, sent)
            assert_calm(answer)
            assert answer.status >= 400
    assert faults(shop) == {}  # type: ignore[arg-type]


def test_a_list_ends_at_200_items(shop: FlaskShop) -> None:
    event = {"event": "view_item", "event_id": "abcdefgh", "properties": {"items": [{"item_id": "a"}] * 201}}
    assert Visitor(shop).beacon(event).status == 202
    event["properties"] = {"items": [{"item_id": "a"}] * 10_000}
    assert Visitor(shop).beacon(event).status == 413
    assert [len(event.items) for event in stored(shop)] == [200]


@pytest.mark.parametrize("item_id", ["a\x00b", "\u202eabc", "x" * 1024, "'--", "../..", "😀", "a\r\nSet-Cookie: x=1"])
def test_odd_item_ids_are_stored_and_served(shop: FlaskShop, item_id: str) -> None:
    visitor = Visitor(shop)
    event = {"event": "view_item", "event_id": "abcdefgh", "properties": {"items": [{"item_id": item_id}]}}
    assert visitor.beacon(event).status == 202
    (view,) = stored(shop, "view_item")
    assert view.items[0].item_id == item_id.replace("\x00", "")
    answer = visitor.get(f"/_opsplug/recommendations?placement=item&item_id={quote(item_id)}")
    assert answer.status == 200
    assert_calm(answer)


def test_a_thousand_parameters_are_too_many(shop: FlaskShop) -> None:
    many = "&".join(f"p{n}=1" for n in range(1000))
    for name in ("recommendations", "chat/messages", "admin/"):
        assert Visitor(shop).get(f"/_opsplug/{name}?{many}").status == 400
    assert Visitor(shop).get(f"/page?{many}").status == 200
    assert faults(shop) == {}


def test_huge_headers_are_not_remembered(shop: FlaskShop) -> None:
    for n in range(20):
        big = f"{n}" + "x" * 60_000
        answer = shop.request(
            "GET", f"/page/{big}", headers={"user-agent": f"Mozilla/5.0 ({big})", "cookie": f"a={big}"}
        )
        assert answer.status == 404
    assert_caches_are_bounded()
    assert not [
        held
        for cache in (identity._cache, traffic_class._paths, traffic_class._agents)
        for held in cache
        if "x" * 999 in held
    ]
    assert {len(event.route) for event in stored(shop, audience=None)} <= {0, *range(201)}


def test_caches_stay_bounded_under_many_visitors() -> None:
    for n in range(9_000):
        read_cookies(f"opsplug_consent=1; n={n}")
        classify("GET", f"/{n}", f"Mozilla/5.0 ({n})", "")
    assert_caches_are_bounded()


@pytest.mark.parametrize(
    "path",
    [
        "admin/..csv", "../opsplug.db", "..%2f..%2fopsplug.key", "....//opsplug.js", "opsplug.js/../../settings.py", "/etc/passwd",
        "opsplug.js%00", "manifest.json", "opsplug.abcdef.js.map", "admin/../events", "admin/..%2f..%2fopsplug.key",
        "admin/login.html", "admin/stats.css/../../login.html", "admin//etc/passwd", "admin/{{7*7}}",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_folder(shop: FlaskShop, path: str) -> None:
    visitor = Visitor(shop)
    assert visitor.get(f"/_opsplug/{path}").status in (401, 404)
    visitor.send("POST", "/_opsplug/admin/login", f"token={TOKEN}".encode())
    answer = visitor.get(f"/_opsplug/{path}")
    assert answer.status == 404
    assert b"root:" not in answer.body
    assert faults(shop) == {}


@pytest.mark.parametrize("wait", ["nan", "inf", "-inf", "1e999", "-5", "x"])
def test_nobody_waits_for_ever(shop: FlaskShop, wait: str) -> None:
    """A deadline that is not a number is never over."""
    visitor = Visitor(shop)
    said = visitor.send("POST", "/_opsplug/chat/messages", b'{"text":"hello"}').json()
    asked = f"/_opsplug/chat/messages?conversation_id={said['conversation_id']}&wait={wait}"
    assert visitor.get(asked).status == (400 if wait in ("nan", "x") else 200)


# ---------------------------------------------------------------------- the stats page's door


def test_a_login_that_another_site_sends_is_refused(shop: FlaskShop) -> None:
    form = f"token={TOKEN}".encode()
    for foreign in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = Visitor(shop).send("POST", "/_opsplug/admin/login", form, **foreign)
        assert answer.status == 403
        assert answer.header("set-cookie") is None
    own = Visitor(shop).send("POST", "/_opsplug/admin/login", form, origin="http://localhost", host="localhost")
    assert own.status == 303
    policy = Visitor(shop).get("/_opsplug/admin/").header("referrer-policy")
    assert policy == "strict-origin"  # with no-referrer browsers send "Origin: null" even to ourselves


@pytest.mark.usefixtures("one_moment")
def test_guessing_is_slowed_for_who_guesses(tmp_path: Path) -> None:
    shop = make(tmp_path, trusted_proxies=1)
    visitor = Visitor(shop)

    def enter(token: str, client: str) -> int:
        return visitor.send("POST", "/_opsplug/admin/login", f"token={token}".encode(), x_forwarded_for=client).status

    for n in range(10):
        assert enter(f"wrong-token-{n:06d}", "203.0.113.7") == 403
    assert enter(TOKEN, "203.0.113.7") == 403
    assert visitor.get(f"/_opsplug/admin/?token={TOKEN}", x_forwarded_for="203.0.113.7").status == 403
    assert enter("typed-wrong-once", "198.51.100.1") == 403
    assert enter(TOKEN, "198.51.100.1") == 303  # one client's guesses lock nobody else out
    for _ in range(20):
        assert enter(TOKEN, "198.51.100.2") == 303  # a right one is no guess
    shop.engine.close()


def test_a_forged_or_expired_session_is_none(shop: FlaskShop, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(shop)
    visitor.send("POST", "/_opsplug/admin/login", f"token={TOKEN}".encode())
    assert visitor.get("/_opsplug/admin/").status == 200
    session = visitor.cookies["opsplug_admin"]
    expires, began, identifier, signature = session.split(".")
    name = f"{began}.{identifier}"
    later, flipped = str(int(expires) + 9), signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")
    for forged in (
        "", "..", "x", f"{expires}.{name}.", f"{later}.{name}.{signature}", f"{expires}.{name}.{flipped}",
        f"{expires}.{name}", f"{expires}.{identifier}.{signature}", f"²³.{name}.{signature}", f"{expires}.{name}.{signature}x", "\xff.\xff.\xff",
    ):  # fmt: skip
        visitor.cookies["opsplug_admin"] = forged
        assert visitor.get("/_opsplug/admin/").status == 401, forged
    visitor.cookies["opsplug_admin"] = session
    monkeypatch.setattr("opsplug.web.access.time.time", lambda: int(expires) + 1.0)
    assert visitor.get("/_opsplug/admin/").status == 401
    assert faults(shop) == {}


def test_the_door_leads_to_pages_of_ours_only(shop: FlaskShop) -> None:
    hostile = "%0d%0aSet-Cookie:%20a=b"
    answer = Visitor(shop).get(f"/_opsplug/admin/{hostile}?token={TOKEN}")
    assert (answer.status, answer.header("location")) == (303, "/_opsplug/admin/")
    assert faults(shop) == {}


# ---------------------------------------------------------------------- who asks


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        ("", 0, "10.0.0.9"),
        ("203.0.113.7", 0, "10.0.0.9"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.2", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "10.0.0.9"),
        ("", 1, "10.0.0.9"),
        ("unknown", 1, "10.0.0.9"),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
        ("2001:db8::1", 1, "2001:db8::1"),
        ("x" * 9999, 1, "10.0.0.9"),
    ],
)
def test_only_the_shops_own_proxies_are_believed(forwarded: str, proxies: int, client: str) -> None:
    assert client_of("10.0.0.9", forwarded, proxies) == client


def test_one_subscriber_is_one_client() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert len(network_of("x" * 999)) == 64


def test_the_limit_is_a_burst_and_then_a_rate() -> None:
    limit = Limiter(per_second=10, window=5.0)
    alice, bob = Request("POST", "/", client="192.0.2.1"), Request("POST", "/", client="192.0.2.2")
    assert sum(limit.allows(alice, 100.0) for _ in range(80)) == 50
    assert limit.allows(bob, 100.0)
    assert sum(limit.allows(alice, 101.0) for _ in range(80)) == 10
    assert sum(limit.allows(alice, 500.0) for _ in range(80)) == 50


def test_the_limiter_remembers_a_bounded_number_of_clients() -> None:
    limit = Limiter(per_second=10, window=5.0)
    for n in range(25_000):
        assert limit.allows(Request("POST", "/", client=f"192.{n >> 16}.{n >> 8 & 255}.{n & 255}"), n / 100)
    assert len(limit._full_at) <= limiter._CLIENTS


@pytest.mark.usefixtures("one_moment")
def test_a_forged_forwarded_address_is_no_way_around_the_limit(tmp_path: Path) -> None:
    def answers(shop: FlaskShop, hops: str) -> list[int]:
        sent = b'{"text":" "}'
        found = [
            Visitor(shop).send("POST", "/_opsplug/chat/messages", sent, x_forwarded_for=hops.format(n)).status
            for n in range(60)
        ]
        shop.engine.close()
        return found

    assert answers(make(tmp_path / "none"), "203.0.113.{}").count(429) >= 8
    assert answers(make(tmp_path / "one", trusted_proxies=1), "203.0.113.{}, 198.51.100.7").count(429) >= 8
    assert answers(make(tmp_path / "behind", trusted_proxies=1), "203.0.113.{}").count(429) == 0


def test_the_largest_body_that_fits_is_read(shop: FlaskShop) -> None:
    padded = b'{"events":[{"event":"click","event_id":"abcdefgh"}]}'.ljust(MAX_BODY)
    assert Visitor(shop).send("POST", "/_opsplug/events", padded).status == 202
    assert Visitor(shop).send("POST", "/_opsplug/events", padded + b" ").status == 413
