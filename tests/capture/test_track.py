"""`track` keeps what it is given: one odd value costs its field, is counted, and never fails the caller."""

import threading
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsplug import Engine
from opsplug.capture.counters import Counters
from opsplug.capture.queue import EventQueue
from opsplug.errors import QueueFullError
from opsplug.events import MAX_ITEMS, Event
from opsplug.values import currency, identifier, number

ORDER = uuid.UUID("0b5e1f6c-3f0a-4a66-9d2e-0f6c3f0a4a66")


class Money(Enum):
    EUR = "eur"


class Lazy:
    """A translation that is made when it is read."""

    def __str__(self) -> str:
        return "Tasse, groß"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    made = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True, timezone="Europe/Berlin")
    yield made
    made.close()


def only(engine: Engine) -> Event:
    assert engine.flush()
    [event] = [event for batch in engine.store.read_events(audience=None) for _, event in batch]
    return event


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Decimal("19.80"), 19.8), ("19.80", 19.8), ("12,90", 12.9), ("1,299.00", 1299.0), ("1.299,00", 1299.0),
        ("1,299", 1299.0), ("1.299", 1.299), ("1 299,50", 1299.5), ("1'299.50", 1299.5), ("€ 12,90", 12.9),
        ("12.90 EUR", 12.9), ("-5", -5.0), ("- 5,00 €", -5.0), ("1,234,567", 1234567.0), ("١٢٫٥", 12.5), ("4.00638E+12", 4.00638e12),
        (np.float32(2.5), 2.5), (np.int64(7), 7), (np.array(3.5), 3.5), (True, None), (np.bool_(1), None), ("", None),
        ("free", None), (float("nan"), None), (Decimal("NaN"), None), (Decimal("1e400"), None), (None, None),
        ("1.2.3,4,5", None), ([1], None), (10**400, None), (datetime(2026, 1, 1, tzinfo=UTC), None),
    ],
)  # fmt: skip
def test_a_number_is_found_in_what_shops_hold(given: Any, expected: float | None) -> None:
    assert number(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sku1", "sku1"), (" sku1 ", "sku1"), (42, "42"), (42.0, "42"), (np.int64(42), "42"), (Decimal("42"), "42"),
        (ORDER, str(ORDER)), (Money.EUR, "eur"), (True, None), (None, None), ("", None), (1.5, None), (b"x", None),
        ({"id": 1}, None), (object(), None),
    ],
)  # fmt: skip
def test_an_id_is_text_whatever_the_database_holds(given: Any, expected: str | None) -> None:
    assert identifier(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("eur", "EUR"), (" USD ", "USD"), ("€", "EUR"), ("£", "GBP"), (Money.EUR, "EUR"), ("$", None), ("", None),
     ("euro", None), (978, None), ("руб.", "RUB")],
)  # fmt: skip
def test_a_currency_is_a_code_or_a_sign_of_one(given: Any, expected: str | None) -> None:
    assert currency(given) == expected


def test_a_purchase_out_of_a_database_is_kept_whole(engine: Engine) -> None:
    items = [{"item_id": uuid.UUID(int=7), "price": Decimal("9.90"), "quantity": np.int64(2), "item_name": Lazy()}]
    event_id = engine.track(
        "purchase", items=items, value=Decimal("19.80"), currency="€", transaction_id=ORDER, user_id=ORDER,
        properties={"placed": date(2026, 1, 2), "tags": {"gift"}, "weight": np.float64(0.5), "shop": Money.EUR},
    )  # fmt: skip
    event = only(engine)
    assert event.event_id == event_id == f"purchase:{ORDER}"
    assert event.user_id == engine.keys.pseudonym(str(ORDER))
    assert (event.items[0].item_id, event.items[0].price, event.items[0].quantity) == (str(uuid.UUID(int=7)), 9.9, 2)
    assert event.items[0].item_name == "Tasse, groß"
    assert event.properties == {
        "value": 19.8, "currency": "EUR", "transaction_id": str(ORDER), "placed": "2026-01-02", "tags": ["gift"],
        "weight": 0.5, "shop": "eur",
    }  # fmt: skip
    assert not [name for name in engine.counters.unsaved() if name.startswith("odd_values")]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"value": "a lot"}, "value"),
        ({"value": float("inf")}, "value"),
        ({"currency": "Euro"}, "currency"),
        ({"transaction_id": ["1"]}, "transaction_id"),
        ({"user_id": object()}, "user_id"),
        ({"session_id": "x" * 2000}, "session_id"),
        ({"event_id": {}}, "event_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 1e300}, "timestamp"),
        ({"properties": {"when": object()}}, "properties"),
        ({"properties": {"note": "x" * 40_000}}, "properties"),
        ({"properties": "none"}, "properties"),
        ({"items": 5}, "items"),
        ({"items": [{"item_id": "a"}, {"item_name": "no id"}]}, "items.item_id"),
        ({"items": [{"item_id": "a", "index": "first"}]}, "items.index"),
        ({"items": [{"item_id": "a", "price": "cheap"}]}, "items.price"),
        ({"items": [{"item_id": "a", "item_category": ["a", "b"]}]}, "items.item_category"),
        ({"items": [{"item_id": "a"}] * (MAX_ITEMS + 1)}, "items"),
    ],
)
def test_one_odd_value_costs_its_field_and_is_counted(engine: Engine, given: dict[str, Any], field: str) -> None:
    fields = {"items": [{"item_id": "a", "price": 3}], "properties": {"kept": 1}, "value": 3, **given}
    engine.track("purchase", **fields)
    event = only(engine)
    assert event.event == "purchase"
    assert engine.counters.get(f"odd_values.{field}") == 1
    if "items" not in given:
        assert event.items[0].price == 3
    if "properties" not in given:
        assert event.properties["kept"] == 1
    if field.startswith("items."):
        assert event.items[0].item_id == "a"


def test_a_voucher_is_money_and_no_product(engine: Engine) -> None:
    lines = [{"item_id": "mug", "price": "9.90", "quantity": 2}, {"item_id": "VOUCHER5", "price": -5}]
    engine.track("purchase", items=lines, currency="EUR", transaction_id="1")
    event = only(engine)
    assert [item.item_id for item in event.items] == ["mug"]
    assert event.properties["value"] == 14.8


def test_an_order_of_more_lines_than_a_page_reports_is_whole(engine: Engine) -> None:
    engine.track("purchase", items=({"item_id": n} for n in range(201)))
    assert len(only(engine).items) == 201


def test_what_a_refund_gives_back_has_no_sign(engine: Engine) -> None:
    engine.track("refund", items=[{"item_id": "mug", "quantity": -2, "price": 4}], transaction_id="1")
    assert only(engine).items[0].quantity == 2


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 1, 2), date(2026, 1, 2), "2026-01-02", "2026-01-01T23:00:00Z", 1_767_308_400, 1_767_308_400_000],
)
def test_times_of_a_shop_are_in_its_zone(engine: Engine, moment: Any) -> None:
    engine.track("purchase", timestamp=moment)
    assert only(engine).timestamp == 1_767_308_400_000  # midnight in Berlin


def test_a_row_that_cannot_be_read_any_more_fails_nobody(engine: Engine) -> None:
    class Detached:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("the session is closed")

        def __str__(self) -> str:
            raise RuntimeError("the session is closed")

    assert engine.track("purchase", user_id=Detached(), value=3)
    assert engine.counters.get("errors.track") == 1


def test_a_batch_takes_mappings_and_keeps_other_keys_as_properties(engine: Engine) -> None:
    ids = engine.track_many(
        [
            {"event": "view_item", "items": ["sku1"], "user_id": 4, "campaign": "spring"},
            {"event": "purchase", "value": 2},
        ]
    )
    assert engine.flush()
    found = {e.event_id: e for batch in engine.store.read_events(audience=None) for _, e in batch}
    assert list(ids) == [event_id for event_id in ids if event_id in found]
    assert found[ids[0]].items[0].item_id == "sku1"
    assert found[ids[0]].properties == {"campaign": "spring"}


def test_a_script_loses_nothing_however_fast_it_tracks(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", queue_size=50, train_every=0)
    try:
        for n in range(1000):
            engine.track("view_item", items=[{"item_id": n}], user_id=n % 7)
        assert engine.flush(60)
        assert engine.store.last_id() == 1000
        assert engine.counters.get("events_dropped") == 0
    finally:
        engine.close()


def test_waiting_for_room_ends_with_an_error() -> None:
    queue = EventQueue(capacity=1)
    queue.offer("first")
    with pytest.raises(QueueFullError, match="1 events wait"):
        queue.offer_patiently("second", 0.01)
    assert queue.take_dropped() == 1
    taker = threading.Timer(0.05, lambda: queue.take(5))
    taker.start()
    queue.offer_patiently("third", 60)
    taker.join()
    assert queue.take(5) == ["third"]


def test_counters_of_odd_values_have_few_names(engine: Engine) -> None:
    for n in range(50):
        engine.track("custom thing", properties={f"name{n}": object()})
    names = [name for name in engine.counters.unsaved() if name.startswith("odd_values")]
    assert names == ["odd_values.properties"]
    assert isinstance(engine.counters, Counters)
