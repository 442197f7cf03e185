"""Personal numbers in shapes that nobody types by chance: none reaches a file, a log, a message or a page."""

import json
import logging
from urllib.parse import quote

import pytest

from opsplug.privacy import mask
from tests.contracts.adapter_contract import Visitor, stored
from tests.support.flask_shop import FlaskShop
from tests.support.secrets import files_of, shop  # noqa: F401  (a fixture)

MAIL, CARD, MOBILE, IBAN = "ada.lovelace@post.example", "4111111111111111", "13812345678", "DE89370400440532013000"
RESIDENT, PHONE = "11010519491231002X", "+491701234567"
BASES = (MAIL, CARD, MOBILE, IBAN, RESIDENT, PHONE)
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def spelled(text: str, between: str, size: int = 4) -> str:
    return between.join(text[at : at + size] for at in range(0, len(text), size))


def shapes(base: str) -> list[str]:
    found = [base, base.translate(WIDE), f"我的{base}谢谢", base.lower(), f"a_{base}", quote(base, safe="")]
    found += [spelled(base, between) for between in ("\u200b", "\u00ad", "\ufe0f", "\u2060")]
    if base != MAIL:
        found += [
            spelled(base, between) for between in (" ", "\u00a0", "\u2009", "\u202f", "\u3000", ".", "-", "_", "\t")
        ]
        styled = (0x660, 0x6F0, 0x1D7CE, 0x1D7F6)
        found += [base.translate({0x30 + n: zero + n for n in range(10)}) for zero in styled]
    return found


ODD_MAILS = ("ada (at) post.example", "ada [at] post [dot] example", "ada@qq。com", "ada%40post.example",
             "ada%2540post.example", "ada&#64;post.example", "ada\u200b@post.example", "ada@mün\u00adchen.de",
             "müller@post.example", "用ada@例子.中国", "4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣", "④①①①①①①①①①①①①①①①",
             "card=4111%201111%201111%201111", "tel=%2B491701234567", "+ 4 9 1 7 0 1 2 3 4 5 6 7")  # fmt: skip
ODD = [shape for base in BASES for shape in shapes(base)] + list(ODD_MAILS)


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_shapes_are_hidden(text: str) -> None:
    for around in ("{}", "it is {}, thanks", "（{}）"):
        masked = mask(around.format(text))
        left = masked.text
        for kind in ("email", "card", "phone", "iban", "national_id"):
            left = left.replace(f"[{kind}]", "")
        assert masked.findings
        assert sum(character.isdigit() for character in left) <= 2 and "lovelace" not in left, masked.text


def test_no_odd_shape_reaches_the_disk(shop: FlaskShop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = Visitor(shop)
    for number, odd in enumerate(ODD):
        sent = quote(odd, safe="")
        visitor.get(f"/search?q={sent}&{sent}=1&utm_source={sent}&utm_campaign={sent}&gclid={sent}")
        visitor.get(f"/nowhere/{sent}/x", referer=f"https://mail.example/{sent}?q={sent}")
        event = {"event": "view_item", "event_id": f"odd-{number:05d}", "path": f"/p/{sent}?{sent}={sent}", "route": odd,
                 "properties": {"search_term": odd, odd: 1, "page_title": odd, "referrer_host": odd, "coupon": odd,
                                "selector_path": odd, "form_id": odd, "from_path": f"/{sent}", "error_type": odd,
                                "items": [{"item_id": "sku1", "item_name": odd, "item_brand": odd}]}}  # fmt: skip
        assert visitor.beacon(event).status in (202, 400)
        said = json.dumps({"text": f"my number is {odd}"}, ensure_ascii=number % 2 == 0).encode()
        assert visitor.send("POST", "/_opsplug/chat/messages", said).status in (200, 429)
        visitor.cookies.clear()
        shop.engine.track("search", properties={"search_term": odd, "text": odd})
        shop.engine.chat.reply(f"this is {odd}", anonymous_id=f"v{number}")
    files = files_of(shop)
    forms = {form for odd in ODD for form in (odd, quote(odd), quote(odd, safe=""), json.dumps(odd)[1:-1])}
    assert [form for form in forms if any(form.encode() in content for content in files.values())] == []
    assert [form for form in forms if form in caplog.text] == []
    assert len(stored(shop)) > len(ODD)


@pytest.mark.parametrize("number", [int(CARD), int(MOBILE), 491701234567, float(CARD)])
def test_a_json_number_may_be_a_persons(shop: FlaskShop, number: float) -> None:
    properties = {"count": number, "line": number, "index": number, "rating": number, "viewport": [number, 1]}
    items = [{"item_id": "sku1", "index": number}]
    Visitor(shop).beacon({"event": "click", "event_id": "abcdefgh", "properties": {**properties, "items": items}})
    found = [event for event in stored(shop) if event.event == "click"]
    assert str(int(number)) not in repr(found)
