"""Events as pages post them, well and badly, with the reasons that are counted for each."""

from typing import Any

ID = "event-0001"


def one(event: str = "view_item", properties: Any = None, **fields: Any) -> dict[str, Any]:
    return {"events": [{"event": event, "event_id": ID, "properties": properties or {}, **fields}]}


def rejected(field: str) -> dict[str, int]:
    return {"events_rejected": 1, f"events_rejected.{field}": 1}


CASES = [
    (one(properties={"items": [{"item_id": "sku1", "price": 9.5}]}), {}),
    (b"no json", rejected("body")),
    ({"events": [{}] * 101}, rejected("events")),
    (one("purchase"), rejected("event")),
    ({"events": [{"event": 5}]}, rejected("event")),
    (one(event_id="x"), rejected("event_id")),
    (one(timestamp=1000), rejected("timestamp")),
    (one(properties={"items": "sku1"}), {"odd_values.items": 1}),
    (one(properties={"items": [{"item_name": "Mug"}]}), {"odd_values.items.item_id": 1}),
    (one(properties={"items": [{"item_id": "sku1", "price": -1}]}), {"odd_values.items.price": 1}),
    (one(properties={"value": "much"}), {"odd_values.value": 1}),
    (one(properties={"currency": "Euro"}), {"odd_values.currency": 1}),
    (one(properties={"colour": "red"}), {"properties_unknown.colour": 1}),
    (one(properties={"4915112345678": 1}), {"properties_unknown.other": 1}),
    (one(properties={"items": [{"item_id": "a", "size": "XL"}]}), {"properties_unknown.items.size": 1}),
    (one(properties={"method": {"a": 1}}), {"properties_unfit.method": 1}),
    (one(properties={"page_title": "x" * 300}), {"texts_cut": 1}),
    (one("search", {"search_term": "ada@post.example"}), {"texts_masked": 1}),
    (one(properties={"from_path": "/orders/4111111111111111"}), {"texts_masked": 1}),
]
