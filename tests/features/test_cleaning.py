"""What is kept out of features, what is corrected, and that every line is accounted for."""

import csv
import gzip
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsplug import reasons
from opsplug.events import Event, Item
from opsplug.features.cleaning import BURST_MOMENTS, Cleaner, clean, normal_currency
from opsplug.features.cleaning_report import PREFIX, CleaningReport
from tests.support.samples import IS_WHOLE_RETAIL, RETAIL_LINES

NOW = 1_700_000_000_000
ids = count()


def event(name: str = "view_item", *items: Item, at: int = NOW, who: str = "v", **fields: Any) -> Event:
    received = fields.pop("received_at", NOW + 10**9)
    return Event(
        event_id=f"e{next(ids)}", event=name, timestamp=at, received_at=received, anonymous_id=who,
        items=list(items), **fields,
    )  # fmt: skip


def order(*items: Item, number: str = "t1", name: str = "purchase", **properties: Any) -> Event:
    return event(name, *items, properties={"transaction_id": number, **properties})


def checked(events: list[Event], **known: Any) -> tuple[list[Event], CleaningReport]:
    kept, report = clean(events, **known)
    assert report.adds_up
    assert [rule for rule in report.found if reasons.find(f"{PREFIX}{rule}") is None] == []
    assert len(report.sentences()) == len(report.found)
    return kept, report


def test_a_clean_log_stays_what_it_is() -> None:
    log = [event("view_item", Item(item_id="a")), order(Item(item_id="a", price=2.0)), event("page_view")]
    kept, report = checked(log)
    assert kept == log
    assert (report.events, report.lines, report.kept) == (3, 3, 3)
    assert not +report.found


def test_a_clock_that_runs_ahead_is_set_to_the_receipt() -> None:
    (kept,), report = checked([event(at=NOW + 60_000, received_at=NOW)])
    assert kept.timestamp == NOW
    assert report.changed == {"clock skew": 1}


def test_what_a_browser_reports_months_later_is_left_out() -> None:
    late = {"at": NOW - 40 * 86_400_000, "received_at": NOW}
    kept, report = checked([event(source="browser", **late), event(source="import", **late)])
    assert [one.source for one in kept] == ["import"]
    assert report.removed == {"stale": 1}


def test_the_same_view_from_page_and_server_counts_once() -> None:
    a, b = Item(item_id="a"), Item(item_id="b")
    kept, report = checked(
        [
            event("view_item", a, source="server"),
            event("view_item", a, at=NOW + 900, source="browser"),
            event("view_item", b, at=NOW + 900, source="browser"),
            event("view_item", a, at=NOW + 900, who="other"),
            event("view_item", a, at=NOW + 8000, source="browser"),
        ]
    )
    assert len(kept) == 4
    assert report.removed == {"double event": 1}


def test_a_second_purchase_of_one_transaction_is_left_out() -> None:
    kept, report = checked([order(Item(item_id="a")), order(Item(item_id="a"), Item(item_id="b")), order(number="t2")])
    assert [one.properties["transaction_id"] for one in kept] == ["t1", "t2"]
    assert report.removed == {"double order": 2}


def test_repeated_and_unpaid_lines_of_orders_are_left_out() -> None:
    a, free = Item(item_id="a", price=2.0), Item(item_id="b", price=0.0)
    (kept,), report = checked([order(a, a, Item(item_id="a", price=2.0, quantity=3), free)])
    assert [item.quantity for item in kept.items] == [1, 3]
    assert report.removed == {"repeated line": 1, "no positive price": 1}
    kept_all, _ = checked([order(a, a, line_seconds=[0.0, 60.0])])
    assert len(kept_all[0].items) == 2  # a minute apart: two lines
    assert checked([order(free)])[0] == []


def test_refunds_are_seen_and_kept() -> None:
    kept, report = checked([order(Item(item_id="a", price=2.0), name="refund")])
    assert len(kept) == 1
    assert (report.found["refund"], report.removed.total()) == (1, 0)


def test_another_currency_gives_no_price() -> None:
    log = [order(Item(item_id="a", price=2.0), currency="usd", value=2.0), order(number="t2", currency="£", value=1.0)]
    (dollars, pounds), report = checked(log, currency="gbp")
    assert dollars.items[0].price is None
    assert "value" not in dollars.properties
    assert pounds.properties == {"transaction_id": "t2", "currency": "GBP", "value": 1.0}
    assert (report.changed["other currency"], report.changed["normalised"]) == (1, 1)


def test_an_impossible_price_is_replaced_by_the_catalogues() -> None:
    catalogue = {"a": {"item_id": "a", "price": 5.0, "item_name": "A"}}
    prices = [4.0, 499.0, 0.2, 90.0]
    log = [order(Item(item_id="a", item_name="A", price=price), number=str(price)) for price in prices]
    kept, report = checked(log, catalogue=catalogue)
    assert [one.items[0].price for one in kept] == [4.0, 5.0, 5.0, 90.0]
    assert report.changed["impossible price"] == 2


def test_gaps_are_filled_and_ids_spelled_as_in_the_catalogue() -> None:
    catalogue = {"85123A": {"item_name": "Heart", "item_category": "Lights", "price": 2.5}, "x": {}, "X": {}}
    (view, twin), report = checked(
        [event("view_item", Item(item_id="85123a ")), event("view_item", Item(item_id="X"), at=NOW + 9000)],
        catalogue=catalogue,
    )
    assert view.items[0] == Item(item_id="85123A", item_name="Heart", item_category="Lights", price=2.5)
    assert twin.items[0].item_id == "X"
    assert report.changed == {"normalised": 1, "filled": 1}


def test_a_burst_is_cut_off_and_other_visitors_are_not() -> None:
    robot = [event("view_item", Item(item_id=str(n)), at=NOW + n * 100) for n in range(200)]
    person = [event("view_item", Item(item_id=str(n)), at=NOW + n * 4000, who="p") for n in range(100)]
    kept, report = checked([*robot, *person])
    assert len(kept) == BURST_MOMENTS + 100
    assert report.removed == {"burst": 140}


@pytest.mark.parametrize("step", [0, 1000, 86_400_000])
def test_a_log_with_a_coarse_clock_is_no_burst(step: int) -> None:
    """Two hundred lines of one minute, of the seconds of a few minutes or of a few days: whatever the clock knew."""
    told = [event("view_item", Item(item_id=str(n)), at=NOW + n // 50 * step) for n in range(200)]
    kept, report = checked(told)
    assert len(kept) == 200 and report.removed == {}


@pytest.mark.parametrize(("text", "code"), [("eur", "EUR"), (" £", "GBP"), ("RMB", "CNY"), ("¥", "¥"), ("$", "$")])
def test_only_signs_that_name_one_currency_are_read(text: str, code: str) -> None:
    assert normal_currency(text) == code


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            Event,
            event_id=st.uuids().map(str),
            event=st.sampled_from(["view_item", "purchase", "refund", "page_view"]),
            timestamp=st.integers(NOW, NOW + 5000),
            received_at=st.just(NOW + 2000),
            source=st.sampled_from(["browser", "server"]),
            anonymous_id=st.sampled_from([None, "a", "b"]),
            items=st.lists(
                st.builds(Item, item_id=st.sampled_from("abC"), price=st.none() | st.floats(-1, 5)), max_size=4
            ),
            properties=st.fixed_dictionaries(
                {}, optional={"transaction_id": st.sampled_from(["1", "2"]), "currency": st.sampled_from(["EUR", "x"])}
            ),
        ),
        max_size=30,
    ),
    st.integers(1, 7),
)
def test_batches_change_nothing_and_every_line_is_counted(log: list[Event], size: int) -> None:
    catalogue = {"c": {"price": 2.0, "item_name": "C"}}
    whole, report = checked(log, catalogue=catalogue, currency="EUR")
    cleaner = Cleaner(catalogue, "EUR")
    parts = [one for start in range(0, len(log), size) for one in cleaner.clean(log[start : start + size])]
    assert parts == whole
    assert cleaner.report == report


@pytest.mark.soak
def test_the_retail_file_is_accounted_for() -> None:
    """Import and cleaning together: duplicates, cancellations and lines without a positive price of the file."""
    from opsplug.services.transfer.importer import ImportOptions, import_events
    from opsplug.store.sqlite import SqliteStore

    with gzip.open(RETAIL_LINES, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    store = SqliteStore(None)
    columns = {
        "item_id": "StockCode", "item_name": "Description", "timestamp": "InvoiceDate", "transaction_id": "InvoiceNo",
        "user_id": "CustomerID", "quantity": "Quantity", "price": "UnitPrice",
    }  # fmt: skip
    options = ImportOptions(columns=columns, event="purchase", currency="GBP", cancelled_prefix="C")
    imported = import_events(store, RETAIL_LINES, lambda user: user, options)
    cleaner = Cleaner(currency="GBP")
    for batch in store.read_events(names=("purchase", "refund")):
        cleaner.clean([one for _, one in batch])
    store.close()
    report = cleaner.report
    unpaid = sum(float(row["UnitPrice"]) <= 0 for row in rows)
    repeated = len(rows) - len({tuple(row.values()) for row in rows})
    cancelled = sum(row["InvoiceNo"].startswith("C") for row in rows)
    if IS_WHOLE_RETAIL:
        assert (repeated, cancelled, unpaid) == (5_268, 9_288, 2_517)
    assert report.adds_up
    assert report.lines == len(rows) - imported.skipped.total()
    assert report.found["repeated line"] == repeated
    assert report.found["refund"] == cancelled
    assert report.found["no positive price"] + imported.skipped["no positive price"] == unpaid
