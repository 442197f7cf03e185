"""Files into the store and back: nothing doubled, nothing lost, every line accounted for."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsplug.capture.records import clean_path
from opsplug.errors import SettingsError
from opsplug.events import Event, Item
from opsplug.privacy.keys import Keys
from opsplug.services.transfer.importer import (
    ImportOptions,
    ImportReport,
    TransferError,
    export,
    export_file,
    import_events,
    import_items,
)
from opsplug.store import Store, open_store
from opsplug.web.admin.formatting import csv_file
from tests.support.samples import IS_WHOLE_RETAIL, RETAIL_LINES

EXAMPLES = 1000 if os.environ.get("OPSPLUG_SOAK") == "1" else 25
NOW = 1_700_000_000_000
RETAIL_COLUMNS = {
    "item_id": "StockCode", "item_name": "Description", "timestamp": "InvoiceDate", "transaction_id": "InvoiceNo",
    "user_id": "CustomerID", "quantity": "Quantity", "price": "UnitPrice",
}  # fmt: skip
pseudonym = Keys(b"s" * 32).pseudonym


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path}/shop.db")
    made.migrate()
    yield made
    made.close()


def write(tmp_path: Path, text: str, name: str = "events.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def load(store: Store, path: Path, **options: Any) -> ImportReport:
    report = import_events(store, path, pseudonym, ImportOptions(**options), clock=lambda: NOW / 1000)
    assert report.adds_up, report.to_dict()
    return report


def events(store: Store) -> list[Event]:
    return [event for batch in store.read_events(audience=None) for _, event in batch]


def exported(store: Store, kind: str, form: str) -> str:
    stream = io.StringIO()
    export(store, kind, stream, form)
    return stream.getvalue()


def test_views_of_a_plain_csv_file(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,timestamp,user_id\nmug,1600000000,u1\ncup,1600000000500,u1\n")
    assert load(store, path).stored == 2
    first, second = events(store)
    assert (first.event, first.items[0].item_id, first.timestamp) == ("view_item", "mug", 1_600_000_000_000)
    assert (first.source, first.user_id, first.received_at) == ("import", pseudonym("u1"), NOW)
    assert second.timestamp == 1_600_000_000_500


def test_a_second_import_doubles_nothing_and_honest_repeats_stay(store: Store, tmp_path: Path) -> None:
    row = "mug,2020-01-01T10:00:00Z,a1\n"
    path = write(tmp_path, "item_id,timestamp,anonymous_id\n" + row * 3)
    report = load(store, path)
    assert (report.stored, report.repeated) == (3, 2)
    assert load(store, path).stored == 0
    longer = write(tmp_path, "item_id,timestamp,anonymous_id\n" + row * 4, "longer.csv")
    assert load(store, longer).stored == 1
    assert len({event.event_id for event in events(store)}) == 4


def test_lines_of_one_transaction_form_one_purchase_wherever_they_stand(store: Store, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "transaction_id,item_id,timestamp,user_id,quantity,price,currency\n"
        "t1,mug,2020-01-01T10:00:00Z,u1,2,4.5,eur\n"
        "t2,cup,2020-01-01T11:00:00Z,u2,1,3,EUR\n"
        "t1,pot,2020-01-01T10:00:00Z,u1,1,20,EUR\n",
    )
    report = load(store, path)
    assert (report.events, report.taken) == (2, {"purchase": 3})
    order = events(store)[0]
    assert order.event_id == "purchase:t1"  # as `track` names it: an order known from both sides is one
    assert [(item.item_id, item.quantity, item.price) for item in order.items] == [("mug", 2, 4.5), ("pot", 1, 20)]
    assert order.properties == {"transaction_id": "t1", "currency": "EUR", "value": 29.0}
    assert load(store, path).stored == 0


def test_negative_quantities_and_cancelled_invoices_are_refunds(store: Store, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "transaction_id,item_id,timestamp,user_id,quantity,price\n"
        "t1,mug,2020-01-01T10:00:00Z,u1,2,4\n"
        "t1,cup,2020-01-01T10:05:00Z,u1,-1,3\n"
        "Ct2,mug,2020-01-02T10:00:00Z,u1,-2,4\n",
    )
    report = load(store, path, cancelled_prefix="C")
    found = {(event.event, event.properties["transaction_id"]): event for event in events(store)}
    assert sorted(found) == [("purchase", "t1"), ("refund", "Ct2"), ("refund", "t1")]
    assert found["refund", "Ct2"].properties["value"] == 8
    assert found["refund", "t1"].items[0].quantity == 1
    assert (report.cancelled, report.returned) == (1, 2)
    assert load(store, path, cancelled_prefix="C").stored == 0


def test_an_order_keeps_the_times_of_its_lines(store: Store, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "transaction_id,item_id,timestamp\nt,a,2020-01-01T10:01:00Z\nt,b,2020-01-01T10:00:00Z\n",
    )
    load(store, path)
    (order,) = events(store)
    assert order.timestamp == 1_577_872_800_000
    assert order.properties["line_seconds"] == [60.0, 0.0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("mug,yesterday,u1,1,1", "bad timestamp"),
        ("mug,,u1,1,1", "no timestamp"),
        ("mug,9999-01-01T00:00:00Z,u1,1,1", "bad timestamp"),
        ("mug,1600000000,,1,1", "no visitor"),
        (",1600000000,u1,1,1", "no item_id"),
        ("mug,1600000000,u1,many,1", "bad quantity"),
        ("mug,1600000000,u1,1,NaN", "bad price"),
        ("mug,1600000000,u1,1,-3", "bad price"),
        ('mug,1600000000,u1,1,"1,234"', "bad price"),
        ("mug,1600000000,u1,1", "wrong number of cells"),
        ("x" * 2000 + ",1600000000,u1,1,1", "bad item_id"),
    ],
)
def test_a_bad_row_is_skipped_counted_and_named_by_line(store: Store, tmp_path: Path, row: str, reason: str) -> None:
    header = "item_id,timestamp,user_id,quantity,price\n"
    path = write(tmp_path, f'{header}"mug",1600000000,u1,1,1\n{row}\ncup,1600000001,u1,1,"2,50"\n')
    heard: list[tuple[int, str]] = []
    report = import_events(
        store,
        path,
        pseudonym,
        clock=lambda: NOW / 1000,
        on_skip=lambda number, why, detail: heard.append((number, why)),
    )
    assert report.adds_up
    assert report.skipped == {reason: 1}
    assert heard == [(3, reason)]
    assert report.bad[0][0] == 3
    assert [event.items[0].price for event in events(store)] == [1.0, 2.5]


def test_json_lines_flat_and_nested_and_broken(store: Store, tmp_path: Path) -> None:
    lines = [
        json.dumps({"item_id": 7, "timestamp": 1600000000, "user_id": 17850.0, "event": "Product Added"}),
        json.dumps(
            {
                "event": "purchase", "timestamp": "2020-01-01T00:00:00Z", "anonymous_id": "a1",
                "items": [{"item_id": "x", "price": 2}, {"item_id": "y"}], "properties": {"transaction_id": "t9"},
            }
        ),
        "{not json",
        "[1]",
        json.dumps({"item_id": ["x"], "timestamp": 1600000000, "user_id": "u"}),
        json.dumps({"item_id": "x", "timestamp": {"a": 1}, "user_id": "u"}),
        json.dumps({"item_id": "x", "timestamp": 1600000000, "user_id": "u", "price": [1]}),
        "",
    ]  # fmt: skip
    report = load(store, write(tmp_path, "\n".join(lines), "events.jsonl"))
    assert report.stored == 2
    assert report.skipped.total() == 5
    purchase, cart = events(store)
    assert (cart.event, cart.items[0].item_id, cart.user_id) == ("add_to_cart", "7", pseudonym("17850"))
    assert (purchase.event_id, len(purchase.items)) == ("purchase:t9", 2)


def test_visitors_known_by_a_session_or_an_order_alone(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,timestamp,session_id,transaction_id\na,1600000000,s1,\nb,1600000001,,t1\n")
    load(store, path)
    view, order = events(store)
    assert (view.event, view.anonymous_id, view.session_id) == ("view_item", "session:s1", "s1")
    assert (order.event, order.anonymous_id) == ("purchase", "order:t1")


def test_naive_times_are_the_shops(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,timestamp,user_id\na,01.07.2020 12:00,u\n")
    load(store, path, time_format="%d.%m.%Y %H:%M", zone=ZoneInfo("Europe/Berlin"))
    assert events(store)[0].timestamp == 1_593_597_600_000


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("packed", [False, True])
def test_delimiters_gzip_and_byte_order_mark(store: Store, tmp_path: Path, delimiter: str, packed: bool) -> None:
    text = "\ufeffItem_ID,timestamp,user_id,colour\nmug,1600000000,u1,red\n".replace(",", delimiter)
    path = tmp_path / "events.csv"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    report = load(store, path)
    assert (report.stored, report.unused_columns) == (1, ["colour"])


def test_wrong_encodings_and_endless_quotes_cost_their_rows_only(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes("item_id,timestamp,user_id\ncafé,1600000000,u\nmug,1600000000,u\n".encode("latin-1"))
    assert load(store, path).skipped == {"wrong encoding": 1}
    assert load(store, path, encoding="latin-1").stored == 1
    path.write_text('item_id,timestamp,user_id\n"' + "x" * 200_000 + "\nmug,1600000002,u\n")
    assert load(store, path).skipped["not CSV"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b'[{"item_id": 1}]', "JSON lines"),
        (b"item_id,item_id\n1,2\n", "twice"),
        (gzip.compress(b"item_id,timestamp,user_id\n" + b"mug,1600000000,u\n" * 9000)[:-20], "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(store: Store, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(TransferError, match=message):
        load(store, path)
    assert events(store) == []


def test_a_mapping_that_fits_nothing_names_what_is_near(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="timestamp"):
        ImportOptions(columns={"timestmp": "When"})
    path = write(tmp_path, "item_id,When,user_id\na,1600000000,u\n")
    with pytest.raises(TransferError, match="When"):
        load(store, path, columns={"timestamp": "Date"})
    assert load(store, path, columns={"timestamp": "When"}).stored == 1
    with pytest.raises(TransferError, match="no such file"):
        load(store, tmp_path / "none.csv")


def test_items_of_every_kind_reach_the_catalogue(store: Store, tmp_path: Path) -> None:
    text = 'item_id,item_name,price,tags,Colour\nmug,"Mug, large",9.9,"a, b",red\ncup,,free,,\n,x,1,,\n'
    got: list[Any] = []
    report = import_items(write(tmp_path, text, "items.csv"), got.extend)
    assert report.adds_up
    assert got == [
        {"item_id": "mug", "item_name": "Mug, large", "price": 9.9, "tags": ["a", "b"], "attributes": {"Colour": "red"}}
    ]
    assert report.skipped == {"bad price": 1, "no item_id": 1}


def test_a_record_that_the_catalogue_refuses_is_named_and_the_others_stay(tmp_path: Path) -> None:
    from opsplug.services.catalog import clean_record

    got: list[Any] = []
    lines = [{"item_id": "a"}, {"item_id": "b", "availability": "perhaps"}, {"item_id": "c"}]
    path = write(tmp_path, "\n".join(map(json.dumps, lines)), "items.jsonl")
    report = import_items(path, lambda records: got.extend([clean_record(record) for record in records]))
    assert [record["item_id"] for record in got] == ["a", "c"]
    assert report.bad[0][0] == 2


def test_items_out_of_order_lines_fill_an_empty_catalogue_only(store: Store, tmp_path: Path) -> None:
    store.put_items([{"item_id": "mug", "item_name": "The mug"}], origin="explicit", now_ms=NOW)
    path = write(
        tmp_path,
        "transaction_id,item_id,item_name,timestamp,price\n"
        "1,mug,MUG,1600000000,4\n2,cup,CUP,1600000000,3\n3,cup,cup damaged,1600000050,5\n4,cup,CUP,1600000020,4\n",
    )
    got: list[Any] = []
    report = import_events(store, path, pseudonym, ImportOptions(items=True), put_items=got.extend)
    assert got == [{"item_id": "cup", "item_name": "CUP", "price": 5.0}]
    assert report.items == 1


def test_exports_are_for_their_owner_only_and_appear_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv.gz"
    with export_file(path) as stream:
        stream.write("a\n")
        assert not path.exists()
    assert gzip.decompress(path.read_bytes()) == b"a\n"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), export_file(tmp_path / "broken.csv"):
        raise ZeroDivisionError
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv.gz"]


def test_no_cell_is_a_formula_and_values_add_up(store: Store, tmp_path: Path) -> None:
    store.add_events(
        [
            Event(
                event_id="purchase:t", event="purchase", timestamp=NOW, received_at=NOW, anonymous_id="=cmd|'x'!A1",
                items=[Item(item_id="a", item_name="@SUM(1)", price=2.0), Item(item_id="b", price=3.0)],
                properties={"transaction_id": "t", "value": 5.0},
            )
        ]
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(exported(store, "orders", "csv"))))
    assert sum(float(row["value"] or 0) for row in rows) == 5.0
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_what_visitors_typed_is_masked_on_the_way_in(store: Store, tmp_path: Path) -> None:
    mail, mobile = "ada.lovelace@post.example", "13812345678"
    row = {"item_id": "a", "timestamp": 1_700_000_000, "user_id": mail, "event": "search", "search_term": mobile,
           "text": f"call {mobile}", "item_name": f"for {mail}", "coupon": mail, "route": f"/u/{mail}/{mobile}",
           "properties": {"note": f"from {mail}", "more": 1}, "items": [{"item_id": "b", "item_name": mail}]}  # fmt: skip
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(row) + "\n")
    load(store, file)
    ((event,),) = [[event for _, event in batch] for batch in store.read_events()]
    assert mail not in repr(event) and mobile not in repr(event)
    assert event.route == "/u/*/*" and event.properties["note"] == "from [email]"


SIGNS = tuple("=+-@＝＋－＠")
STARTS = ("", " ", "\u3000", "\t", "\r", "\n", "\r\n", "\x01", "\u200b", "a;", "a; ", "a\t", "a\n", '";', "';\"")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_start_and_no_delimiter_makes_a_formula(store: Store, delimiter: str) -> None:
    odd = [f"{start}{sign}cmd|'x'!A1" for start in STARTS for sign in SIGNS]
    store.put_items([{"item_id": f"i{n}", "item_name": text} for n, text in enumerate(odd)], origin="x", now_ms=NOW)
    rows = csv.reader(io.StringIO(exported(store, "items", "csv"), newline=""), delimiter=delimiter)
    assert not [cell for row in rows for cell in row if cell.strip(" \u3000\t\r\n\x01\u200b'\"").startswith(SIGNS)]
    assert not [row for row in csv.reader(io.StringIO(csv_file([[text] for text in odd]).decode("utf-8-sig")),
                                          delimiter=delimiter) for cell in row if cell.startswith(SIGNS)]  # fmt: skip


def test_a_negative_number_stays_one() -> None:
    assert csv_file([["-5.2", "+12 %", "-1+1"]]).decode("utf-8-sig") == "-5.2,+12 %,'-1+1\r\n"


# Round trip

ids = st.text(min_size=1, max_size=12).map(lambda s: s.replace("\x00", "").strip()).filter(bool)
numbers = st.floats(0, 1e9, allow_nan=False) | st.integers(0, 10**9)
texts = st.text(max_size=10) | st.tuples(st.sampled_from(STARTS), st.sampled_from(SIGNS)).map("".join)
json_values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
)
items = st.builds(
    Item,
    item_id=ids,
    item_name=st.none() | texts,
    item_category=st.none() | st.text(max_size=10),
    price=st.none() | st.floats(0, 1e9, allow_nan=False),
    quantity=st.floats(0, 1e6, allow_nan=False),
    index=st.none() | st.integers(0, 100),
    reason_code=st.none() | st.text(max_size=4),
)
properties = st.builds(
    lambda some, more: {**{str(k): v for k, v in more.items() if v is not None}, **some},
    st.fixed_dictionaries(
        {},
        optional={
            "transaction_id": ids,
            "currency": st.sampled_from(["EUR", "GBP"]),
            "value": st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-5, 5),
            "search_term": json_values.filter(lambda v: v is not None),
            "rating": json_values.filter(lambda v: v is not None),
            "coupon": st.text(max_size=5),
            "list": st.lists(json_values, max_size=3),
        },
    ),
    st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda k: k not in ("currency", "value", "transaction_id")),
                    json_values, max_size=3),
)  # fmt: skip
stored_events = st.builds(
    Event,
    event_id=ids,
    event=st.sampled_from(["view_item", "purchase", "refund", "page_view", "search", "custom", "rate_item"]),
    timestamp=st.integers(946_684_800_000, NOW),
    received_at=st.integers(NOW - 10**9, NOW),
    source=st.sampled_from(["server", "browser", "import"]),
    audience=st.integers(0, 3),
    anonymous_id=st.none() | ids,
    user_id=st.none() | ids,
    session_id=st.none() | ids,
    page_view_id=st.none() | ids,
    route=st.none() | ids.map(clean_path),
    items=st.lists(items, max_size=3),
    properties=properties,
)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(stored_events, max_size=6, unique_by=lambda event: event.event_id))
def test_events_make_the_round_trip_without_loss(
    form: str, made: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    first, second = open_store(f"sqlite:///{folder}/a.db"), open_store(f"sqlite:///{folder}/b.db")
    try:
        first.migrate(), second.migrate()
        first.add_events(sorted(made, key=lambda event: (event.received_at, event.timestamp)))
        text = exported(first, "events", form)
        path = write(folder, text, f"out.{form}")
        if not made:
            return
        report = load(second, path)
        assert report.skipped.total() == 0, report.bad
        key = lambda event: event.event_id  # noqa: E731
        assert sorted(events(second), key=key) == sorted(events(first), key=key)
        assert sorted(exported(second, "events", form).splitlines()) == sorted(text.splitlines())
        assert load(second, path).stored == 0
    finally:
        first.close(), second.close()


records = st.fixed_dictionaries(
    {"item_id": ids},
    optional={
        "item_name": st.text(max_size=9),
        "price": numbers,
        "published": st.booleans(),
        "created_at": st.floats(0, 1e9, allow_nan=False),
        "tags": st.lists(st.text(max_size=5), max_size=3),
        "attributes": st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
        "availability": st.sampled_from(["in_stock", "out_of_stock"]),
        "description": st.text(max_size=30),
    },
)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@settings(max_examples=EXAMPLES, deadline=None)
@given(made=st.lists(records, max_size=5, unique_by=lambda record: record["item_id"]))
def test_items_make_the_round_trip_without_loss(
    form: str, made: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    first, second = open_store(f"sqlite:///{folder}/a.db"), open_store(f"sqlite:///{folder}/b.db")
    try:
        first.migrate(), second.migrate()
        first.put_items(made, origin="explicit", now_ms=NOW)
        text = exported(first, "items", form)
        path = write(folder, text, f"items.{form}")
        if made:
            report = import_items(path, lambda got: second.put_items(got, origin="explicit", now_ms=NOW))
            assert report.skipped.total() == 0, report.bad
        assert list(second.items()) == list(first.items())
        assert exported(second, "items", form) == text
    finally:
        first.close(), second.close()


def test_orders_are_exported_alone(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,timestamp,user_id,transaction_id\na,1600000000,u,\nb,1600000001,u,t1\n")
    load(store, path)
    rows = list(csv.DictReader(io.StringIO(exported(store, "orders", "csv"))))
    assert [(row["event"], row["transaction_id"], row["item_id"]) for row in rows] == [("purchase", "t1", "b")]
    with pytest.raises(TransferError, match="events, orders, items"):
        exported(store, "order", "csv")


# The whole retail file

IMPORT_RETAIL = """
import json, sys
from tests.services.transfer.test_transfer import *
store = open_store(sys.argv[2]); store.migrate()
options = ImportOptions(columns=RETAIL_COLUMNS, event="purchase", currency="GBP", cancelled_prefix="C", paid_only=True,
                        items=True, zone=ZoneInfo("Europe/London"))
put = lambda got: store.put_items(got, origin="explicit", now_ms=NOW)
report = import_events(store, Path(sys.argv[1]), pseudonym, options, put_items=put)
# Not getrusage: what it says of a child begins with the parent's size.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps({**report.to_dict(), "rss": int(peak) / 1024}))
"""


def counted_by_hand(rows: list[dict[str, str]]) -> dict[str, Any]:
    """What the import must say of these lines, found another way."""
    unpaid = [row for row in rows if float(row["UnitPrice"]) <= 0]
    paid = [row for row in rows if float(row["UnitPrice"]) > 0]
    returned = [row for row in rows if int(row["Quantity"]) < 0]
    cancelled = [row for row in rows if row["InvoiceNo"].startswith("C")]
    return {
        "lines": len(rows),
        "taken": {
            "purchase": sum(int(row["Quantity"]) > 0 for row in paid),
            "refund": sum(int(row["Quantity"]) < 0 for row in paid),
        },
        "skipped": {"no positive price": len(unpaid)},
        "seen": {
            "guests": sum(not row["CustomerID"] for row in rows),
            "repeated": len(rows) - len({tuple(row.values()) for row in rows}),
            "cancelled": len(cancelled),
            "returned": len(returned),
            "without a positive price": len(unpaid),
        },
        "events": len({row["InvoiceNo"] for row in paid}),
    }


@pytest.mark.soak
def test_the_retail_file_adds_up(tmp_path: Path) -> None:
    with gzip.open(RETAIL_LINES, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = RETAIL_LINES
    expected = counted_by_hand(rows)
    if IS_WHOLE_RETAIL:
        assert expected["lines"] == 541_909
        assert list(expected["seen"].values()) == [135_080, 5_268, 9_288, 10_624, 2_517]
    for stored in (expected["events"], 0):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT_RETAIL, str(path), f"sqlite:///{tmp_path}/retail.db"],
            cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = json.loads(done.stdout)
        assert {key: told[key] for key in expected} == expected
        assert told["stored"] == stored
        assert told["rss"] < 500
