"""A body of 64 KB, however it is made, is read at the price of an honest one: what is dear is rationed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from opsplug.capture import records, sanitize
from opsplug.capture.beacon import MAX_BODY, Received, read_beacon
from opsplug.capture.identity import Identity
from opsplug.capture.sanitize import MOST_ITEMS, SUSPECT_CHARACTERS
from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import GONE, Visit
from opsplug.events import BROWSER_PROPERTIES
from opsplug.privacy import free_text
from opsplug.reasons import Note
from tests.support.live_sites import Browser, Open

NAMES = sorted(BROWSER_PROPERTIES - {"value", "currency", "transaction_id", "items"})
# Texts that look most like something that has to be hidden, and are least like each other.
PIECES = ("0", "1 2", "1.1", "a@b.", "4111 1111 1111 1111 ", "GB33BUKB20201555555555 ", "+1 ", "%40", "at] ", "五", "٣",
          "\u200b1", "tel 1 ", "order #1 ", "eyJaaaaaa.", "1(", "&#64;")  # fmt: skip


class Nobody:
    def user_of(self, visit: Visit) -> str | None:
        return None

    def is_staff(self, visit: Visit) -> bool:
        return False

    def identity_of(self, visit: Visit) -> Identity:
        return Identity("a" * 20, "b" * 20)


def read(body: bytes, note: Note = lambda reason, detail: None) -> Received:
    visit = Visit(
        Nobody(), GONE, TrafficClass.VISIT, "POST", "/", "", False, "x", False, "", "", "", "", "", time.time()
    )
    return read_beacon(body, visit, note)


def full(make: Callable[[int], dict[str, Any]]) -> bytes:
    """As many different events as one body may hold."""
    events: list[str] = []
    size = 20
    for number in range(100):
        text = json.dumps({"event_id": f"event{number:06d}", "event": "click", **make(number)}, ensure_ascii=False)
        size += len(text.encode()) + 2
        if size > MAX_BODY:
            break
        events.append(text)
    return f'{{"events": [{", ".join(events)}]}}'.encode()


def texts(piece: str, length: int) -> bytes:
    return full(
        lambda number: {
            "properties": {n: (f"{number}.{at}" + piece * length)[:length] for at, n in enumerate(NAMES)},
            "path": f"/{number}/" + "/".join([piece] * 60),
        }
    )


@pytest.mark.parametrize("length", [15, 200])
@pytest.mark.parametrize("piece", PIECES)
def test_a_bounded_number_of_characters_is_looked_at_closely(
    monkeypatch: pytest.MonkeyPatch, piece: str, length: int
) -> None:
    looked_at: list[int] = []
    mask = free_text.mask
    monkeypatch.setattr(free_text, "mask", lambda text: looked_at.append(len(text)) or mask(text))
    received = read(texts(piece, length))
    assert received.events
    assert sum(looked_at) <= SUSPECT_CHARACTERS


def test_paths_are_rationed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    segments: list[str] = []
    is_secret = records._is_secret
    monkeypatch.setattr(records, "_is_secret", lambda segment: segments.append(segment) or is_secret(segment))
    read(
        full(
            lambda number: {"path": f"/{number}" + "/1a2" * 45, "properties": {"from_path": f"/{number}" + "/%40" * 45}}
        )
    )
    assert sum(map(len, segments)) <= SUSPECT_CHARACTERS


def test_items_are_rationed_and_their_events_stay() -> None:
    noted: list[str] = []
    body = full(lambda number: {"properties": {"items": [{"item_id": f"{at}"} for at in range(50)]}})
    received = read(body, lambda reason, detail: noted.append(reason))
    kept = [len(event.items) for event in received.events]
    assert len(kept) > 20
    assert sum(kept) == MOST_ITEMS
    assert "items_rationed" in noted


def test_an_honest_body_loses_nothing() -> None:
    honest = full(
        lambda number: {
            "path": f"/product/red-ceramic-mug-{number % 20}",
            "properties": {
                "selector_path": f"#shopify-section-template--16283947__main > div:nth-child({number % 12}) > a.card-{number % 12}",
                "tag": "a", "text_hash": "3f2a9c", "page_title": f"Red mug 330 ml, set of {number % 6}", "x_rel": 0.5,
                "search_term": "mug 0.5l",
            },
        }
    )  # fmt: skip
    noted: list[str] = []
    received = read(honest, lambda reason, detail: noted.append(reason))
    assert len(received.events) == 100 and noted == []
    assert received.events[7].route == "/product/red-ceramic-mug-7"
    assert received.events[7].properties["page_title"] == "Red mug 330 ml, set of 1"


def test_what_is_left_out_is_counted_and_hides_nothing(open_site: Open) -> None:
    site = open_site()
    visitor = Browser(site)
    visitor.send("/page")
    assert visitor.send("/_opsplug/events", "POST", texts("ada@post.example ", 200)).status == 202
    assert site.engine.counters.get("texts_rationed") > 0
    assert site.engine.flush()
    for batch in site.engine.store.read_events(audience=None):
        for _, event in batch:
            assert "post.example" not in str(event)


@pytest.mark.parametrize(
    "path", ["/", "/a", "/product/mug-12", "/p/12345/reviews", "/de/shop/", "/a.b,c_d-e/", "//", "/index.html"]
)
def test_the_quick_look_at_paths_spares_no_secret(path: str) -> None:
    assert not records.may_hide(path)
    assert "*" not in records.clean_path(path)


@pytest.mark.parametrize(
    "path", ["/u/ada@post.example", "/c/13812345678", "/t/AbCdEfGhIjKlMnOpQrStUvWxYz", "/c/4111-1111-1111-1111", "/a%40b",
             "/c/1234567", "/x/ada(at)post.example", "/id/12345678901234567X", "/t/eyJhbGciOiJI.eyJzdWIi", "/一三八一二三四五六七八"]
)  # fmt: skip
def test_the_quick_look_at_paths_sees_what_may_be_one(path: str) -> None:
    assert records.may_hide(path)


def test_reports_are_read_with_the_same_expressions() -> None:
    assert sanitize.may_hide is records.may_hide
