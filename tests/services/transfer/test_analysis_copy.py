"""The analysis copy: one row a thing, nothing refers to nothing, and words are found."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opsplug.events import make_event
from opsplug.features.recommendation_id import make_id
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.transfer.analysis_copy import write_analysis_copy
from opsplug.services.transfer.errors import TransferError
from opsplug.store import open_store
from opsplug.store.protocol import Store

NOW = 1_790_000_000_000  # epoch milliseconds
LIST = make_id("cart", "session", at=NOW / 1000, version="20260101T000000000-0a0b0c0d")
GOODS = [
    {"item_id": "mug", "item_name": "Blue mug", "price": 9.5, "tags": ["gift"], "attributes": {"colour": ["blue", "white"]}},
    {"item_id": "tea", "item_name": "绿茶礼盒", "item_category": "Tea"},
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    store.put_items(GOODS, origin="explicit", now_ms=NOW)
    who = {"anonymous_id": "a1", "session_id": "s1"}
    rows: list[tuple[str, dict[str, Any], list[dict[str, Any]], dict[str, Any]]] = [
        ("page_view", who, [], {}),
        ("search", who, [], {"search_term": "mug"}),
        ("view_item_list", who, [{"item_id": "mug"}, {"item_id": "gone", "item_name": "Old"}], {"recommendation_id": LIST}),
        ("select_item", who, [{"item_id": "mug", "recommendation_id": LIST}], {}),
        ("view_item", who, [{"item_id": "mug"}], {}),
        ("add_to_cart", who, [{"item_id": "mug", "recommendation_id": LIST}], {}),
        (
            "purchase", {**who, "user_id": "u1"},
            [{"item_id": "mug", "price": 9.5, "quantity": 2, "recommendation_id": LIST}, {"item_id": "old", "price": 1.0}],
            {"transaction_id": "o1", "value": 20.0, "currency": "EUR"},
        ),
        ("refund", who, [{"item_id": "mug", "quantity": 1}], {"transaction_id": "o1"}),
        ("page_view", {"anonymous_id": "robot", "audience": 1}, [], {}),
        ("page_view", {}, [], {}),  # of nobody: no consent
    ]  # fmt: skip
    store.add_events(
        [
            make_event(name, event_id=f"e{n}", now_ms=NOW + 1000 * n, items=items, properties=more, **envelope)
            for n, (name, envelope, items, more) in enumerate(rows)
        ]
    )
    log = ConversationLog(store, clock=lambda: NOW / 1000)
    chat = log.open("a2", "en")
    said = {"sentiment": -0.4, "intent": "returns", "language": "en"}
    chat = log.append(chat, "visitor_said", by="visitor", text="My parcel is broken", data=said).conversation
    log.append(chat, "person_wanted", by="visitor", data={"trigger": "asked"})
    yield store
    store.close()


@pytest.fixture
def copy(store: Store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    write_analysis_copy(store, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def rows(copy: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in copy.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_one_row_a_thing_with_json_in_columns(copy: sqlite3.Connection) -> None:
    first = "2026-09-21T14:13:20.000Z"
    assert rows(copy, "visitors") == [
        {"visitor": "a1", "user": "u1", "first_seen": first, "last_seen": "2026-09-21T14:13:27.000Z", "events": 8},
        {"visitor": "a2", "user": None, "first_seen": first, "last_seen": first, "events": 0},
    ]  # fmt: skip
    (session,) = rows(copy, "sessions")
    assert (session["events"], session["page_views"], session["searches"], session["orders"]) == (8, 1, 1, 1)
    assert rows(copy, "orders") == [
        {"order_id": "o1", "visitor": "a1", "session_id": "s1", "ordered_at": "2026-09-21T14:13:26.000Z",
         "currency": "EUR", "value": 20.0, "amount_kept": 10.5},
    ]  # fmt: skip
    assert [(line["item_id"], line["quantity"], line["quantity_kept"], line["amount_kept"], line["list_id"])
            for line in rows(copy, "order_lines")] == [("mug", 2, 1, 9.5, LIST), ("old", 1, 1, 1.0, None)]  # fmt: skip
    (shown,) = rows(copy, "lists")
    assert (shown["placement"], shown["rung"], shown["model"], shown["holdout"]) == ("cart", "session", "0a0b0c0d", 0)
    assert [(one["item_id"], one["position"], one["clicked_at"]) for one in rows(copy, "list_items")] == [
        ("gone", 1, None), ("mug", 0, "2026-09-21T14:13:23.000Z"),
    ]  # fmt: skip
    assert [(one["name"], one["value"]) for one in rows(copy, "item_attributes")] == [
        ("colour", "blue"), ("colour", "white"), ("tag", "gift"),
    ]  # fmt: skip


def test_items_that_only_events_know_are_there_and_marked(copy: sqlite3.Connection) -> None:
    known = {row["item_id"]: (row["item_name"], row["in_catalogue"]) for row in rows(copy, "items")}
    assert known == {"mug": ("Blue mug", 1), "tea": ("绿茶礼盒", 1), "gone": ("Old", 0), "old": (None, 0)}


def test_chats_and_messages(copy: sqlite3.Connection) -> None:
    (chat,) = rows(copy, "chats")
    assert (chat["visitor"], chat["state"], chat["person_wanted"], chat["messages"]) == ("a2", "waiting", "asked", 2)
    said = {row["role"]: row for row in rows(copy, "messages")}
    assert (said["visitor"]["text"], said["visitor"]["intent"], said["visitor"]["sentiment"]) == (
        "My parcel is broken", "returns", -0.4,
    )  # fmt: skip


def test_nothing_refers_to_nothing_and_every_reference_is_indexed(copy: sqlite3.Connection) -> None:
    assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
    for table in ("sessions", "orders", "order_lines", "lists", "list_items", "chats", "messages", "item_attributes"):
        assert copy.execute(f"PRAGMA foreign_key_list({table})").fetchall(), table


@pytest.mark.parametrize(("table", "words", "key"), [("items", "茶礼盒", "tea"), ("items", "mug", "mug"), ("messages", "parc", None)])  # fmt: skip
def test_words_are_found_in_both_languages(copy: sqlite3.Connection, table: str, words: str, key: str | None) -> None:
    found = copy.execute(
        f"SELECT * FROM {table} WHERE rowid IN (SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH ?)", (words,)
    ).fetchall()
    assert len(found) == 1 and (key is None or found[0]["item_id"] == key)


def test_only_its_owner_reads_it_and_nothing_is_overwritten(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    counts = write_analysis_copy(store, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert counts["order_lines"] == 2 and counts["messages"] == 2
    before = path.read_bytes()
    with pytest.raises(TransferError, match="there is a file already"):
        write_analysis_copy(store, path)
    assert path.read_bytes() == before
    with pytest.raises(TransferError, match="cannot be written"):
        write_analysis_copy(store, tmp_path / "nowhere" / "copy.db")
    assert sorted(tmp_path.glob(".*part")) == []


def test_an_empty_store_gives_empty_tables(tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path}/empty.db")
    empty.migrate()
    assert set(write_analysis_copy(empty, tmp_path / "copy.db").values()) == {0}
    empty.close()
