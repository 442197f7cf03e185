"""What a small shop's chat knows: entries, items and orders."""

from __future__ import annotations

from typing import Any

ITEMS: list[dict[str, Any]] = [
    {"item_id": "1", "item_name": "Red Retrospot Mug", "price": 2.5, "item_category": "Kitchen"},
    {"item_id": "2", "item_name": "Blue Mug", "price": 3.0},
    {"item_id": "3", "item_name": "红色马克杯", "price": 12.0},
    {"item_id": "4", "item_name": "Red Mug Deluxe", "price": 25.0, "availability": "out_of_stock"},
]


ENTRIES = [
    {"id": "returns", "question": "What is your return policy?", "answer": "Within 30 days.", "language": "en"},
    {"id": "shipping", "question": "How long does delivery take?", "answer": "3 to 5 days.", "language": "en"},
    {
        "id": "payment",
        "question": "Which payment methods do you accept?",
        "answer": "Cards and PayPal.",
        "language": "en",
    },
    {"id": "returns", "question": "可以退货吗？", "answer": "30天内可以退货。", "language": "zh"},
]


def orders(number: str, user_id: str) -> str | None:
    return {("1002", "anna"): "shipped"}.get((number, user_id))
