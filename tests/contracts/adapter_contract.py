"""What both adapters promise; `tests/adapters` says how to build a shop on each framework, and this is run on both."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest

from opsplug import Engine
from opsplug.errors import SettingsError, StoreError
from tests.support.stats_pages import page_names

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ITEMS = [
    {"item_id": f"sku{n}", "item_name": f"{colour} {kind} {n}", "item_category": kind, "price": 5.0 + n}
    for n, (colour, kind) in enumerate([(c, k) for k in ("Mug", "Lamp") for c in ("Red", "Blue", "Green", "White")])
]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]  # names in lower case
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found == name), None)

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Shop(Protocol):
    """A running shop with the routes of `tests/adapters`: see there."""

    engine: Engine

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | Iterator[bytes] = b""
    ) -> Answer: ...


@dataclass
class Visitor:
    """A browser: keeps cookies."""

    shop: Shop
    agent: str = BROWSER
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        sent = {"user-agent": self.agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.shop.request(method, path, headers=sent, body=body)
        for cookie in answer.all("set-cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value and "max-age=0" not in cookie.lower():
                self.cookies[name] = value
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def beacon(self, *events: dict[str, Any], **headers: str) -> Answer:
        body = json.dumps({"schema": "opsplug/1", "events": list(events)}).encode()
        return self.send("POST", "/_opsplug/events", body, **headers)


def stored(shop: Shop, *names: str, audience: int | None = 0) -> list[Any]:
    assert shop.engine.flush()
    found = [event for batch in shop.engine.store.read_events(audience=audience) for _, event in batch]
    return [event for event in found if not names or event.event in names]


Build = Callable[..., Shop]


class AdapterContract:
    """Subclasses give the fixture `build(**settings) -> Shop`."""

    # ------------------------------------------------------------------ pages

    def test_a_page_gains_the_tag_and_stays_whole(self, build: Build) -> None:
        bare = Visitor(build(enabled=False)).get("/page")
        answer = Visitor(build()).get("/page")
        head, _, rest = bare.body.partition(b"</head>")
        assert answer.body.startswith(head + b"<script async src=")
        assert answer.body.endswith(b"</script></head>" + rest)
        assert answer.header("content-length") == str(len(answer.body))

    def test_disabled_means_no_effect_at_all(self, build: Build, tmp_path: Path) -> None:
        shop = build(enabled=False)
        visitor = Visitor(shop)
        for path in ("/page", "/helpers", "/product/sku1"):
            answer = visitor.get(path)
            assert answer.status == 200
            assert b"opsplug" not in answer.body
            assert answer.header("set-cookie") is None
            assert answer.header("server-timing") is None
        assert visitor.get("/_opsplug/health").status == 404
        assert list(tmp_path.iterdir()) == []

    def test_a_page_is_a_page_whatever_its_folder_is_called(self, build: Build) -> None:
        shop = build(consent="not_required")
        assert Visitor(shop).get("/media/page").status == 200
        [view] = stored(shop, "page_view")
        assert view.route == "/media/page"

    def test_the_pages_nonce_is_reused(self, build: Build) -> None:
        assert b'nonce="n0nce"></script></head>' in Visitor(build()).get("/nonce").body

    @pytest.mark.parametrize(
        "path", ["/fragment", "/stream", "/json", "/encoded", "/file", "/missing", "/closed-policy"]
    )
    def test_what_is_not_certain_is_not_touched(self, build: Build, path: str) -> None:
        bare = Visitor(build(enabled=False)).get(path)
        answer = Visitor(build()).get(path)
        assert (answer.status, answer.body) == (bare.status, bare.body)

    def test_a_head_request_is_answered_like_without_us(self, build: Build) -> None:
        bare = Visitor(build(enabled=False)).send("HEAD", "/page")
        answer = Visitor(build()).send("HEAD", "/page")
        assert (answer.status, answer.body, answer.header("content-length")) == (
            bare.status,
            bare.body,
            bare.header("content-length"),
        )

    def test_injection_can_be_turned_off(self, build: Build) -> None:
        assert b"opsplug" not in Visitor(build(inject=False)).get("/page").body

    def test_an_upload_arrives_as_it_was_sent(self, build: Build) -> None:
        sent = bytes(range(256)) * 4000
        assert Visitor(build()).send("POST", "/echo", sent).body == sent

    def test_the_helper_wins_over_the_injection(self, build: Build) -> None:
        assert Visitor(build()).get("/helpers").body.count(b"data-opsplug ") == 1

    def test_addresses_respect_the_mount_point(self, build: Build) -> None:
        shop = build(mount="/shop")
        visitor = Visitor(shop)
        page = visitor.get("/shop/page")
        assert b'src="/shop/_opsplug/opsplug.' in page.body
        assert b'data-prefix="/shop/_opsplug"' in page.body
        assert "Path=/shop" in (page.header("set-cookie") or "")
        assert visitor.get("/shop/_opsplug/health").json()["status"] == "ok"

    # ------------------------------------------------------------------ events

    def test_a_page_view_is_recorded_with_its_route(self, build: Build) -> None:
        shop = build()
        Visitor(shop).get("/product/sku1?email=a@b.example")
        (view,) = stored(shop, "page_view")
        assert view.route == "/product/<item_id>"
        assert view.anonymous_id
        assert "a@b.example" not in repr(view)

    def test_a_route_of_the_map_is_an_event(self, build: Build) -> None:
        shop = build(events={"GET /product/<id>": "view_item"})
        Visitor(shop).get("/product/sku1")
        (view,) = stored(shop, "view_item")
        assert [item.item_id for item in view.items] == ["sku1"]

    def test_an_exception_of_the_shop_is_a_request_with_status_500(self, build: Build) -> None:
        shop = build()
        assert Visitor(shop).get("/boom").status == 500
        (request,) = stored(shop, "http_request")
        assert request.properties["status"] == 500

    def test_a_purchase_is_stored_before_the_answer_leaves(self, build: Build) -> None:
        shop = build()
        visitor = Visitor(shop)
        visitor.get("/page")
        assert visitor.send("POST", "/buy").status == 200
        # No flush: it is there already.
        found = [e for batch in shop.engine.store.read_events(names=("purchase",)) for _, e in batch]
        assert [event.event_id for event in found] == ["purchase:T1"]
        assert found[0].anonymous_id == visitor.cookies["opsplug_id"].split(".")[0]

    def test_a_reloaded_order_page_is_one_purchase(self, build: Build) -> None:
        shop = build()
        visitor = Visitor(shop)
        for _ in range(3):
            visitor.send("POST", "/buy")
        assert len(stored(shop, "purchase")) == 1

    def test_the_browser_reports_views_but_no_purchases(self, build: Build) -> None:
        shop = build()
        visitor = Visitor(shop)
        good = {"event": "view_item", "event_id": "abcdefgh1", "properties": {"items": [{"item_id": "sku1"}]}}
        assert visitor.beacon(good).json() == {"accepted": 1, "rejected": []}
        assert visitor.beacon(good).status == 202
        forged = visitor.beacon({"event": "purchase", "event_id": "abcdefgh2", "properties": {"value": 9}})
        assert forged.status == 400
        assert "not accepted from a browser" in forged.text
        assert [event.event for event in stored(shop)] == ["view_item"]

    def test_the_browsers_first_page_view_repeats_the_servers(self, build: Build) -> None:
        shop = build()
        visitor = Visitor(shop)
        timing = visitor.get("/page").header("server-timing") or ""
        page_view_id = timing.partition('desc="')[2].rstrip('"')
        load = {"event": "page_view", "event_id": page_view_id, "page_view_id": page_view_id}
        visitor.beacon({**load, "properties": {"navigation": "load"}})
        assert len(stored(shop, "page_view")) == 1

    def test_what_a_browser_reports_has_the_servers_route(self, build: Build) -> None:
        """A fault on every product page is one fault of a template, not many at as many addresses."""
        shop = build(consent="not_required")
        visitor = Visitor(shop)
        assert visitor.get("/product/sku1").status == 200
        assert shop.engine.flush()
        (served,) = stored(shop, "page_view")
        for number in range(3):
            visitor.beacon(
                {
                    "event": "js_error",
                    "event_id": f"abcdefg{number}",
                    "path": f"/product/sku{number}",
                    "properties": {},
                },
                {
                    "event": "dead_click",
                    "event_id": f"hbcdefg{number}",
                    "path": f"/elsewhere/{number}",
                    "properties": {},
                },
            )
        assert {event.route for event in stored(shop, "js_error")} == {served.route}
        assert "<" in served.route
        assert {event.route for event in stored(shop, "dead_click")} == {f"/elsewhere/{n}" for n in range(3)}

    def test_one_odd_value_of_a_data_layer_costs_its_field(self, build: Build) -> None:
        shop = build(consent="not_required")
        items = [
            {"item_id": "a", "price": "9,90", "quantity": "two"},
            {"item_name": "no id"},
            *[{"item_id": "b"}] * 300,
        ]
        told = {"value": "12,90", "currency": "€", "items": items}
        answer = Visitor(shop).beacon({"event": "add_to_cart", "event_id": "abcdefgh", "properties": told})
        assert answer.json() == {"accepted": 1, "rejected": []}
        [event] = stored(shop, "add_to_cart")
        assert (event.properties["value"], event.properties["currency"]) == (12.9, "EUR")
        assert (event.items[0].price, event.items[0].quantity) == (9.9, 1)
        assert len(event.items) == 199  # a browser's list ends at 200 lines, and one had no id
        odd = {name for name in shop.engine.store.counts() if name.startswith("odd_values")}
        assert odd == {"odd_values.items", "odd_values.items.item_id", "odd_values.items.quantity"}

    @pytest.mark.parametrize(
        ("account", "user"),
        [(UUID(int=7), str(UUID(int=7))), (42, "42"), ("42", "42"), (False, None), (object(), None)],
    )
    def test_an_account_is_known_by_whatever_id_the_shop_has(
        self, build: Build, account: Any, user: str | None
    ) -> None:
        shop = build(consent="not_required", user_id=lambda request: account)
        Visitor(shop).get("/page")
        [view] = stored(shop, "page_view")
        assert view.user_id == (shop.engine.keys.pseudonym(user) if user else None)

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"{", 400),
            (b"[]", 400),
            (b'{"events": 5}', 400),
            (
                b'{"events":[{"event":"view_item","event_id":"abcdefgh","properties":{"items":[{"item_id":"a","price":NaN}]}}]}',
                400,
            ),
            (b'{"events":[{"event":"view_item","event_id":"abcdefgh","timestamp":253402300800000}]}', 400),
            (b'{"events":[{"event":"wheel_spun","event_id":"abcdefgh"}]}', 400),
            (
                json.dumps(
                    {
                        "events": [
                            {
                                "event": "view_item",
                                "event_id": "abcdefgh",
                                "properties": {"items": [{"item_id": "a"}] * 10_000},
                            }
                        ]
                    }
                ).encode(),
                413,
            ),
            (b" " * 10_000_000, 413),
        ],
    )
    def test_bad_input_is_refused_in_one_sentence(self, build: Build, body: bytes, status: int) -> None:
        shop = build()
        answer = Visitor(shop).send("POST", "/_opsplug/events", body)
        assert answer.status == status
        assert set(answer.json()) == {"error"}
        assert "Traceback" not in answer.text
        assert stored(shop) == []
        counts = shop.engine.store.counts()
        assert counts.get("events_rejected", 0) + counts.get("requests_rejected", 0) == 1

    def test_a_body_that_is_not_whole_is_refused_by_every_address(self, build: Build) -> None:
        shop = build(admin_token="an-admin-token-0123456789", admin=lambda request: "admin")
        large = b"token=an-admin-token-0123456789&text=" + b"x" * 65_536
        posts = ("events", "consent", "chat/messages", "chat/desk", "admin/login", "admin/inbox/canned", "admin/rules")
        for path in posts:
            answer = Visitor(shop).send("POST", f"/_opsplug/{path}", large)
            assert (answer.status, set(answer.json())) == (413, {"error"}), path

    def test_other_sites_may_not_report(self, build: Build) -> None:
        shop = build()
        event = {"event": "view_item", "event_id": "abcdefgh1"}
        assert Visitor(shop).beacon(event, sec_fetch_site="cross-site").status == 403
        assert Visitor(shop).beacon(event, origin="https://evil.example").status == 403
        assert stored(shop) == []

    # ------------------------------------------------------------------ who it is

    def test_by_default_nobody_is_recognised_before_consent(self, build: Build) -> None:
        shop = build(consent="required")
        visitor = Visitor(shop)
        assert visitor.get("/page").header("set-cookie") is None
        visitor.send("POST", "/buy")
        assert {event.anonymous_id for event in stored(shop)} == {None}

    def test_consent_begins_and_withdrawal_forgets(self, build: Build) -> None:
        shop = build(consent="required")
        visitor = Visitor(shop)
        assert visitor.send("POST", "/_opsplug/consent", b'{"analytics":true,"personalization":true}').status == 204
        visitor.get("/page")
        assert [event.anonymous_id is not None for event in stored(shop, "page_view")] == [True]
        assert visitor.send("POST", "/_opsplug/consent", b'{"analytics":false,"personalization":false}').status == 204
        assert "opsplug_id" not in visitor.cookies
        assert {event.anonymous_id for event in stored(shop)} == {None}

    @pytest.mark.parametrize("signal", ["dnt", "sec_gpc"])
    def test_opt_out_signals_are_honoured(self, build: Build, signal: str) -> None:
        shop = build()
        assert Visitor(shop).get("/page", **{signal: "1"}).header("set-cookie") is None
        assert {event.anonymous_id for event in stored(shop)} == {None}

    def test_a_cookie_never_goes_into_a_shared_cache(self, build: Build) -> None:
        assert Visitor(build()).get("/cached").header("set-cookie") is None

    def test_views_before_a_login_belong_to_the_user(self, build: Build) -> None:
        shop = build(events={"GET /product/<id>": "view_item"})
        visitor = Visitor(shop)
        visitor.get("/product/sku1")
        visitor.send("POST", "/login/alice")
        visitor.get("/product/sku2")
        assert shop.engine.flush()
        user = shop.engine.keys.pseudonym("alice")
        seen = shop.engine.store.history(shop.engine.store.visitors_of(user))
        assert [event.items[0].item_id for event in seen] == ["sku1", "sku2"]
        assert "alice" not in repr(seen)

    def test_two_people_on_one_computer_stay_two(self, build: Build) -> None:
        shop = build(events={"GET /product/<id>": "view_item"})
        visitor = Visitor(shop)
        visitor.send("POST", "/login/alice")
        visitor.get("/product/sku1")
        visitor.send("POST", "/logout")
        visitor.send("POST", "/login/bob")
        visitor.get("/product/sku2")
        assert shop.engine.flush()
        keys, store = shop.engine.keys, shop.engine.store
        for name, item in (("alice", "sku1"), ("bob", "sku2")):
            seen = store.history(store.visitors_of(keys.pseudonym(name)))
            assert [event.items[0].item_id for event in seen] == [item]

    def test_crawlers_and_prefetches_are_counted_apart(self, build: Build) -> None:
        shop = build()
        assert Visitor(shop, agent=CRAWLER).get("/page").header("set-cookie") is None
        Visitor(shop).get("/page", sec_purpose="prefetch")
        Visitor(shop).get("/healthz")
        Visitor(shop).get("/static/app.css")
        assert stored(shop) == []
        counts = shop.engine.store.counts()
        assert (counts["bots"], counts["prefetches"], counts["health_checks"], counts["static_files"]) == (1, 1, 1, 1)

    def test_a_crawler_that_calls_itself_a_browser_is_told_by_its_silence(self, build: Build) -> None:
        shop = build(trusted_proxies=1, events={"GET /product/<id>": "view_item"})
        event = {"event": "view_item", "event_id": "abcdefgh1"}
        for n in range(12):  # people, whose browsers report
            Visitor(shop).beacon({**event, "event_id": f"abcdefgh{n}"}, x_forwarded_for=f"198.51.100.{n}")
        for n in range(60):
            assert Visitor(shop).get(f"/product/sku{n % 8}", x_forwarded_for="203.0.113.7").status == 200
        reader = Visitor(shop)
        reader.get("/product/sku1", x_forwarded_for="203.0.113.8")
        assert len(stored(shop, "page_view", audience=1)) == 20
        assert len(stored(shop, "page_view")) == 41
        assert len(stored(shop, "view_item")) == 12 + 41
        assert shop.engine.store.counts()["bots_by_behaviour"] == 20

    def test_staff_are_counted_apart(self, build: Build) -> None:
        shop = build(is_staff=lambda request: request.headers.get("x-staff") == "1")
        Visitor(shop).get("/page", x_staff="1")
        assert stored(shop) == []
        assert len(stored(shop, audience=2)) == 1

    # ------------------------------------------------------------------ lists

    def test_the_helper_renders_cards_without_javascript(self, build: Build) -> None:
        page = Visitor(build()).get("/product/sku1").text
        assert '<opsplug-recommendations placement="item" item-id="sku1"' in page
        assert 'data-item-id="sku1"' not in page
        assert page.count("data-reason-code=") >= 3

    def test_a_page_for_everybody_holds_nobodys_list(self, build: Build) -> None:
        """What a caching proxy keeps of one visitor's page may be shown to another one."""
        shop = build(events={"GET /product/<id>": "view_item"})
        alice, bob = Visitor(shop), Visitor(shop)
        for path in ("/product/sku0", "/product/sku1", "/product/sku2"):
            alice.get(path)
        shop.engine.flush()

        def items(page: Answer) -> list[str]:
            return [part.split('"')[0] for part in page.text.split('data-item-id="')[1:]]

        assert items(alice.get("/product/sku3")) == items(bob.get("/product/sku3"))
        lists = [visitor.get("/_opsplug/recommendations?placement=home") for visitor in (alice, bob)]
        assert all(answer.header("cache-control") == "private, no-store" for answer in lists)
        shown = [[item["item_id"] for item in answer.json()["items"]] for answer in lists]
        assert shown[0] != shown[1]
        assert lists[0].json()["rung"] in ("session", "personal")

    def test_a_personal_page_is_private(self, build: Build) -> None:
        assert Visitor(build()).get("/personal").header("cache-control") == "private, no-store"

    def test_no_item_twice_on_one_page(self, build: Build) -> None:
        page = Visitor(build()).get("/helpers").text
        shown = [part.split('"')[0] for part in page.split('data-item-id="')[1:]]
        assert len(shown) == len(set(shown)) >= 4

    @pytest.mark.parametrize("query", ["placement=attic", "k=0", "k=many", "k=1000", "item_id=" + "x" * 2000])
    def test_a_question_that_makes_no_sense_is_a_400(self, build: Build, query: str) -> None:
        answer = Visitor(build()).get(f"/_opsplug/recommendations?{query}")
        assert answer.status == 400
        assert set(answer.json()) == {"error"}

    # ------------------------------------------------------------------ our own addresses

    def test_the_snippet_is_served_packed_and_for_ever(self, build: Build) -> None:
        visitor = Visitor(build())
        source = visitor.get("/page").text.partition('src="')[2].partition('"')[0]
        answer = visitor.get(source, accept_encoding="gzip, deflate, br")
        assert answer.status == 200
        assert answer.header("content-encoding") == "br"
        assert "immutable" in (answer.header("cache-control") or "")
        old = visitor.get("/_opsplug/opsplug.0123456789ab.js", accept_encoding="")
        assert old.status == 200
        assert "immutable" not in (old.header("cache-control") or "")

    def test_the_stats_page_is_closed_by_default(self, build: Build) -> None:
        assert Visitor(build()).get("/_opsplug/admin/").status == 403
        assert Visitor(build(admin_token="a-token-of-some-length")).get("/_opsplug/admin/").status == 401

    def test_a_token_in_an_address_opens_once(self, build: Build) -> None:
        shop = build(admin_token="a-token-of-some-length")
        first, second = Visitor(shop), Visitor(shop)
        entered = first.get("/_opsplug/admin/?token=a-token-of-some-length")
        assert entered.status == 303
        assert "token" not in (entered.header("location") or "")
        for page in (*page_names(), "overview.csv", "items.csv"):
            assert first.get(f"/_opsplug/admin/{page}").status == 200, page
        assert second.get("/_opsplug/admin/?token=a-token-of-some-length").status == 403
        form = b"token=a-token-of-some-length"
        assert second.send("POST", "/_opsplug/admin/login", form).status == 303

    def test_the_shops_own_check_opens_the_stats_page(self, build: Build) -> None:
        shop = build(admin=lambda request: request.headers.get("x-owner") == "1")
        assert Visitor(shop).get("/_opsplug/admin/", x_owner="1").status == 200
        assert Visitor(shop).get("/_opsplug/admin/").status == 403

    # ------------------------------------------------------------------ faults

    def test_the_shop_answers_when_nothing_of_ours_works(self, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = build(events={"GET /product/<id>": "view_item"}, is_staff=lambda request: 1 / 0, user_id=lambda r: 1 / 0)
        engine = shop.engine

        def broken(*args: object, **options: object) -> None:
            raise StoreError("the disk is gone")

        for name in ("add_events", "history", "read_events", "items", "catalogue_version", "put_items", "get_items"):
            monkeypatch.setattr(type(engine.store), name, broken)
        monkeypatch.setattr(type(engine.recommender), "recommend", lambda *args, **options: 1 / 0)
        visitor = Visitor(shop)
        for path in ("/page", "/product/sku1", "/helpers", "/personal"):
            assert visitor.get(path).status == 200
        assert visitor.send("POST", "/buy").status == 200
        assert visitor.get("/_opsplug/recommendations").status == 500
        assert visitor.get("/_opsplug/health").json()["status"] == "degraded"

    def test_an_unknown_setting_is_named(self, build: Build) -> None:
        with pytest.raises(SettingsError, match="Did you mean 'consent'"):
            build(consnt="required")

    # ------------------------------------------------------------------ chat

    def test_a_question_is_answered_from_the_shops_knowledge(self, build: Build) -> None:
        shop = build()
        entries = [
            {"id": "returns", "question": "How can I return an item?", "answer": "Within 30 days.", "language": "en"},
            {"id": "shipping", "question": "How long does delivery take?", "answer": "Three days.", "language": "en"},
        ]
        shop.engine.chat.knowledge.upsert(entries)
        visitor, stranger = Visitor(shop), Visitor(shop)
        visitor.get("/page")
        stranger.get("/page")
        body = json.dumps({"text": "can I return an item?", "message_id": "m1-abcdef"}).encode()
        answer = visitor.send("POST", "/_opsplug/chat/messages", body).json()
        assert [message["text"] for message in answer["messages"]] == ["Within 30 days."]
        conversation = answer["conversation_id"]
        assert visitor.get("/_opsplug/chat/conversation").json()["conversation_id"] == conversation
        assert stranger.get("/_opsplug/chat/conversation").json()["conversation_id"] is None
        assert stranger.get(f"/_opsplug/chat/messages?conversation_id={conversation}").status == 404
        wanted = json.dumps({"conversation_id": conversation}).encode()
        assert visitor.send("POST", "/_opsplug/chat/human", wanted).json()["state"] == "waiting"
        assert stranger.send("POST", "/_opsplug/chat/human", wanted).status == 404

    @pytest.mark.parametrize("consent", ["not_required", "required"])
    def test_a_conversation_goes_on_after_a_login_and_is_gone_after_a_logout(self, build: Build, consent: str) -> None:
        visitor = Visitor(build(consent=consent))
        address = "/_opsplug/chat/conversation"
        begun = visitor.send("POST", "/_opsplug/chat/messages", b'{"text":"hello from anna"}').json()["conversation_id"]
        visitor.send("POST", "/login/anna")
        assert visitor.get(address).json()["conversation_id"] == begun
        said = json.dumps({"text": "and again", "conversation_id": begun}).encode()
        assert visitor.send("POST", "/_opsplug/chat/messages", said).json()["conversation_id"] == begun
        visitor.send("POST", "/logout")
        assert visitor.get(address).json()["conversation_id"] is None
        visitor.send("POST", "/login/bob")
        assert visitor.get(address).json()["conversation_id"] is None
        assert visitor.get(f"/_opsplug/chat/messages?conversation_id={begun}").status == 404
        visitor.send("POST", "/login/anna")
        assert visitor.get(address).json()["conversation_id"] == begun

    def test_a_chat_without_consent_lives_in_a_cookie_of_its_own(self, build: Build) -> None:
        visitor = Visitor(build(consent="required"))
        first = visitor.send("POST", "/_opsplug/chat/messages", b'{"text":"hello"}').json()
        assert set(visitor.cookies) == {"opsplug_chat"}
        assert visitor.get("/_opsplug/chat/conversation").json()["conversation_id"] == first["conversation_id"]

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"text": 5}', b'{"text": "  "}'])
    def test_a_message_that_is_none_is_a_400(self, build: Build, body: bytes) -> None:
        assert Visitor(build()).send("POST", "/_opsplug/chat/messages", body).status == 400
