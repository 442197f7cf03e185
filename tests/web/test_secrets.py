"""Fifteen secrets sent in every way a request can carry them: none reaches a file of ours."""

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest

from opsplug.capture.sanitize import LONGEST, MOST_PROPERTIES, Sanitizer
from opsplug.errors import StoreError
from opsplug.privacy.free_text import clean_text
from tests.contracts.adapter_contract import Visitor, stored
from tests.support.flask_shop import FlaskShop
from tests.support.secrets import (
    files_of,
    shop,  # noqa: F401  (a fixture)
)

MAIL = "ada.lovelace@post.example"
CARD = "4111 1111 1111 1111"
CARD_DASHED = "5500-0055-5555-5559"
PHONE = "+49 170 1234567"
IBAN = "DE89370400440532013000"
TOKEN = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
RESET = "b7f3c9e2a1d84f6c90ab12cd34ef5678"
PASSWORD = "correct horse 7 battery"
BEARER = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.dGhpcyBpcyBhIHNpZ25hdHVyZQ"
API_KEY = "AKIAIOSFODNN7EXAMPLEKEY01"
COOKIE = "shop-session-3f9a77c1e0"
REFERRER = "voucher-77AA-winter"
USER = "customer-number-8812733"
STREET = "Teststrasse 12 b, 10115 Berlin"
RESIDENT = "11010519491231002X"
SECRETS = (
    MAIL, CARD, CARD_DASHED, PHONE, IBAN, TOKEN, RESET, PASSWORD, BEARER, API_KEY, COOKIE, REFERRER, USER, STREET,
    RESIDENT,
)  # fmt: skip
PLAIN = frozenset((PASSWORD, STREET, COOKIE, REFERRER, USER))  # as a search these are words like any other


def found_in(files: dict[str, bytes], *secrets: str) -> list[str]:
    forms = {form: secret for secret in secrets for form in (secret, quote(secret), json.dumps(secret)[1:-1])}
    return [secret for form, secret in forms.items() if any(form.encode() in content for content in files.values())]


def sends(visitor: Visitor) -> None:
    """Each secret by each way in, as a careless page or a curious person would."""
    page = {"authorization": f"Bearer {BEARER}", "x_api_key": API_KEY, "referer": f"https://mail.example/?v={REFERRER}"}
    visitor.cookies["sid"] = COOKIE
    for secret in SECRETS:
        visitor.get(f"/search?q={quote(secret) if secret not in PLAIN else 'x'}&p={quote(secret)}", **page)
        visitor.get(f"/page?password={quote(secret)}", **page)
        visitor.send("POST", "/echo", f"card={quote(secret)}".encode(), **page)
        if secret not in PLAIN:
            visitor.get(f"/nowhere/{quote(secret, safe='')}/x", **page)
    visitor.get(f"/product/{quote(MAIL)}", **page)
    visitor.send("POST", f"/login/{quote(USER)}", **page)
    visitor.get("/page", **page)


def beacons(visitor: Visitor) -> None:
    for number, secret in enumerate(SECRETS):
        guessable = secret not in PLAIN
        names = dict.fromkeys(("email", "card", "password", "address", "note"), secret)
        texts = dict.fromkeys(("search_term", "page_title", "coupon", "form_id", "method"), f"for {secret} please")
        event = {
            "event": "form_submit",
            "event_id": f"beacon-{number:04d}",
            "page_view_id": secret,
            "path": f"/account?mail={secret}#{secret}",
            "properties": {**names, "nested": {"deep": [secret]}, **(texts if guessable else {})},
        }
        item = {"item_id": "sku1", "secret": secret, **({"item_name": f"gift for {secret}"} if guessable else {})}
        viewed = {**event, "event": "view_item", "event_id": f"viewed-{number:04d}", "properties": {"items": [item]}}
        assert visitor.beacon(event, viewed).json()["rejected"] == []


def test_no_secret_reaches_the_disk(shop: FlaskShop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = Visitor(shop)
    sends(visitor)
    beacons(visitor)
    engine = shop.engine
    engine.track("login", user_id=USER, properties={"note": f"of {MAIL}"})
    engine.track("purchase", user_id=USER, items=[{"item_id": "sku1", "item_name": f"card for {MAIL}"}], value=1)
    files = files_of(shop)
    assert len(stored(shop)) > 80
    assert len([path for path in files if path.endswith((".db", "-wal"))]) == 2
    assert found_in(files, *SECRETS) == []
    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_the_search_finds_what_is_there(shop: FlaskShop) -> None:
    """The test above can fail: a word that is nobody's secret is found."""
    Visitor(shop).get("/search?q=heron+lamp")
    assert found_in(files_of(shop), "heron lamp") == ["heron lamp"]


def test_no_secret_reaches_the_spool(shop: FlaskShop, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shop.engine
    visitor = Visitor(shop)
    sends(visitor)

    def broken(*args: object, **options: object) -> int:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(engine.store), "add_events", broken)
        for secret in (MAIL, CARD, PHONE, TOKEN):
            engine.track("purchase", user_id=USER, items=[{"item_id": "sku1", "item_name": f"for {secret}"}], value=1)
        engine.flush(0.5)
        spooled = [path for path in engine.spool.waiting() if path.stat().st_size]
        assert spooled
        assert found_in({str(path): path.read_bytes() for path in spooled}, *SECRETS) == []


def test_a_chat_keeps_no_secret(shop: FlaskShop) -> None:
    visitor = Visitor(shop)
    for secret in (MAIL, CARD, PHONE, IBAN):
        body = {"text": f"my number is {secret}", "message_id": f"for {secret}"}
        assert visitor.send("POST", "/_opsplug/chat/messages", json.dumps(body).encode()).status == 400
        del body["message_id"]
        assert visitor.send("POST", "/_opsplug/chat/messages", json.dumps(body).encode()).status == 200
    visitor.cookies = {"opsplug_chat": f"{MAIL}/{TOKEN}"}
    visitor.send("POST", "/_opsplug/chat/messages", b'{"text":"hello"}', dnt="1")
    assert found_in(files_of(shop), MAIL, CARD, PHONE, IBAN, TOKEN) == []


def test_the_admin_token_is_in_no_file_answer_or_log(shop: FlaskShop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = shop.engine.settings.admin_token
    entered = Visitor(shop).get(f"/_opsplug/admin/items?token={token}")
    assert entered.status == 303
    assert token not in repr(entered)
    assert token not in caplog.text
    assert found_in(files_of(shop), token) == []


@pytest.mark.parametrize(
    ("properties", "kept"),
    [
        ({"search_term": "red mug", "email": MAIL, "card": 4111111111111111}, {"search_term": "red mug"}),
        ({"page_title": "x" * 900}, {"page_title": "x" * LONGEST}),
        ({"coupon": "a\x00b", "count": 3, "helpful": True}, {"coupon": "ab", "count": 3, "helpful": True}),
        ({"viewport": [800, 600], "fields": ["a"], "method": {"a": 1}}, {"viewport": [800, 600]}),
        ({"recommendation_id": "AQEAaMMHhQAAAABvYQhlbGxv"}, {"recommendation_id": "AQEAaMMHhQAAAABvYQhlbGxv"}),
        ({"recommendation_id": "not an id"}, {}),
        ({"count": 4111111111111111, "from_path": f"/reset/{RESET}?t={TOKEN}"}, {"from_path": "/reset/*"}),
    ],
)
def test_what_is_kept_of_a_browsers_properties(properties: dict[str, Any], kept: dict[str, Any]) -> None:
    assert Sanitizer(lambda reason, detail: None).properties(properties) == kept
    assert len(kept) <= MOST_PROPERTIES


def test_a_products_name_is_no_token() -> None:
    for name in ("red-ceramic-mug-no-3-with-handle", "Lamp 60W E27", "main>div.card-2>a", "HD Ready 1080p"):
        assert clean_text(name) == name
    assert clean_text(f"key {TOKEN}!") == "key [token]!"
