"""The event language: what is accepted, what is refused, and in which words."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsplug.errors import EventError
from opsplug.events import ALIASES, KNOWN_EVENTS, MAX_ITEMS, epoch_ms, make_event, make_item

NOW = 1_800_000_000_000


def event(name: str = "view_item", **fields: object) -> object:
    return make_event(name, event_id="e1", now_ms=NOW, **fields)  # type: ignore[arg-type]


def test_aliases_lead_to_known_names() -> None:
    assert set(ALIASES.values()) <= KNOWN_EVENTS
    assert make_event("Order Completed", event_id="e", now_ms=NOW).event == "purchase"


def test_an_unknown_name_is_kept_as_custom() -> None:
    made = make_event("wheel_spun", event_id="e", now_ms=NOW, properties={"prize": "mug"})
    assert (made.event, made.properties) == ("custom", {"prize": "mug", "name": "wheel_spun"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"items": [{"item_id": ""}]}, "items.item_id"),
        ({"items": [{"item_name": "Mug"}]}, "items.item_id"),
        ({"items": [{"item_id": "a", "price": math.nan}]}, "items.price"),
        ({"items": [{"item_id": "a", "price": -1}]}, "items.price"),
        ({"items": [{"item_id": "a", "quantity": math.inf}]}, "items.quantity"),
        ({"items": [{"item_id": "a", "price": "cheap"}]}, "items"),
        ({"items": [{"item_id": "x" * 2000}]}, "items.item_id"),
        ({"items": [{"item_id": "a"}] * (MAX_ITEMS + 1)}, "items: 5001 are more than 5000"),
        ({"items": {"item_id": "a"}}, "items: a list"),
        ({"items": ["a"]}, "items"),
        ({"properties": {"value": math.inf}}, "value"),
        ({"properties": {"value": "some"}}, "value"),
        ({"properties": {"currency": "euro"}}, "currency"),
        ({"properties": {"note": "x" * 40_000}}, "properties"),
        ({"properties": {"when": object()}}, "properties"),
    ],
)
def test_what_does_not_fit_names_the_field(fields: dict, message: str) -> None:
    with pytest.raises(EventError, match=message):
        event(**fields)


def test_numbers_become_text_ids_and_currencies_capitals() -> None:
    made = make_event(
        "purchase", event_id="e", now_ms=NOW, items=[{"item_id": 42, "price": "9.5"}], properties={"currency": "eur"}
    )
    assert made.items[0].item_id == "42"
    assert made.items[0].price == 9.5
    assert made.properties["currency"] == "EUR"


@pytest.mark.parametrize("moment", [math.nan, math.inf, -1.0, 253_402_300_800, datetime(2026, 1, 1), True, "yesterday"])
def test_absurd_times_are_refused(moment: object) -> None:
    with pytest.raises(EventError, match="timestamp"):
        epoch_ms(moment, NOW)  # type: ignore[arg-type]


def test_aware_datetimes_and_seconds_agree() -> None:
    assert epoch_ms(datetime(2026, 1, 1, tzinfo=UTC), NOW) == epoch_ms(1_767_225_600, NOW) == 1_767_225_600_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    record=st.dictionaries(st.sampled_from(["item_id", "price", "quantity", "item_name", "index", "x"]), json_values)
)
def test_an_item_is_made_whole_or_refused(record: dict) -> None:
    try:
        item = make_item(record)
    except EventError:
        return
    assert item.item_id
    assert item.price is None or (math.isfinite(item.price) and item.price >= 0)


@given(properties=st.dictionaries(st.text(max_size=20), json_values, max_size=6))
def test_any_properties_are_taken_or_refused_by_name(properties: dict) -> None:
    try:
        event(properties=properties)
    except EventError as error:
        assert ":" in str(error)
