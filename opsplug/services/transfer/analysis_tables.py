"""The tables of the analysis copy: columns, keys, what they refer to, and what is found by words.

Times are ISO 8601 texts in UTC, which sort, compare and group as they stand. An empty cell is NULL.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class AnalysisTable(NamedTuple):
    """`foreign_keys`: (column, table it refers to); `words`: columns of the full-text index."""

    columns: dict[str, Any]
    key: tuple[str, ...]
    foreign_keys: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()


VISITOR, SESSION = ("visitor", "visitors"), ("session_id", "sessions")

TABLES: Final = {
    "visitors": AnalysisTable(
        {"visitor": str, "user": str, "first_seen": str, "last_seen": str, "events": int}, ("visitor",)
    ),
    "sessions": AnalysisTable(
        {
            "session_id": str, "visitor": str, "started": str, "ended": str, "events": int, "page_views": int,
            "item_views": int, "searches": int, "cart_additions": int, "orders": int,
        },
        ("session_id",), (VISITOR,),
    ),
    "items": AnalysisTable(
        {
            "item_id": str, "item_name": str, "item_group_id": str, "item_brand": str, "item_category": str,
            "item_category2": str, "item_category3": str, "item_category4": str, "item_category5": str,
            "item_variant": str, "price": float, "currency": str, "list_price": float, "cost": float,
            "availability": str, "stock": float, "published": int, "consumable_days": float, "description": str,
            "url": str, "image_url": str, "language": str, "seller_id": str, "affiliation": str, "created_at": str,
            "in_catalogue": int,
        },
        ("item_id",), (), ("item_name", "item_brand", "item_category", "description"),
    ),
    "item_attributes": AnalysisTable(
        {"item_id": str, "name": str, "value": str}, ("item_id", "name", "value"), (("item_id", "items"),)
    ),
    "lists": AnalysisTable(
        {
            "list_id": str, "visitor": str, "session_id": str, "shown_at": str, "placement": str, "rung": str,
            "model": str, "holdout": int,
        },
        ("list_id",), (VISITOR, SESSION),
    ),
    "list_items": AnalysisTable(
        {"list_id": str, "item_id": str, "position": int, "reason_code": str, "clicked_at": str},
        ("list_id", "item_id"), (("list_id", "lists"), ("item_id", "items")),
    ),
    "orders": AnalysisTable(
        {
            "order_id": str, "visitor": str, "session_id": str, "ordered_at": str, "currency": str, "value": float,
            "amount_kept": float,
        },
        ("order_id",), (VISITOR, SESSION),
    ),
    "order_lines": AnalysisTable(
        {
            "order_id": str, "item_id": str, "quantity": float, "quantity_kept": float, "amount_kept": float,
            "list_id": str,
        },
        ("order_id", "item_id"), (("order_id", "orders"), ("item_id", "items"), ("list_id", "lists")),
    ),
    "chats": AnalysisTable(
        {
            "chat_id": str, "visitor": str, "opened_at": str, "updated_at": str, "language": str, "state": str,
            "agent": str, "messages": int, "person_wanted": str, "rating": int,
        },
        ("chat_id",), (VISITOR,),
    ),
    "messages": AnalysisTable(
        {
            "message_id": str, "chat_id": str, "said_at": str, "role": str, "by": str, "text": str, "language": str,
            "intent": str, "sentiment": float,
        },
        ("chat_id", "message_id"), (("chat_id", "chats"),), ("text",),
    ),
}  # fmt: skip
