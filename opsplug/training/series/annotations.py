"""What happened beside the numbers and may explain them: deploys, settings, prices. Documents `note/MILLISECONDS-n`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

NOTE, PRICES = "note", "insight_prices"
MANY_PRICES: Final = 20  # changes at once that are reported as one


def add_note(store: Store, kind: str, text: str, at_ms: int, **data: Any) -> None:
    """`kind` is deploy, settings, version, price or whatever the shop calls it."""
    key = f"{at_ms:014d}-{secrets.token_hex(3)}"
    store.put_document(NOTE, key, {"kind": kind, "text": text[:300], "at": at_ms / 1000, **data}, at_ms)


def notes_between(store: Store, first_s: float, last_s: float) -> list[dict[str, Any]]:
    """Notes of a span of time, newest first."""
    found = [note for _, note in store.documents(NOTE) if first_s <= note["at"] < last_s]
    return sorted(found, key=lambda note: -note["at"])


def note_prices(store: Store, now_ms: int) -> int:
    """Compare the catalogue's prices with those of the last time and note what changed; -> how many did."""
    version = store.catalogue_version()
    stored = store.get_document(PRICES, "now")
    if stored is not None and stored["version"] == version:
        return 0
    prices: dict[str, float] = {}
    names: dict[str, str] = {}
    for record in store.items():
        if isinstance(record.get("price"), int | float):
            prices[record["item_id"]] = record["price"]
            names[record["item_id"]] = str(record.get("item_name") or record["item_id"])
    before = (stored or {}).get("prices", {})
    changed = [item for item, price in prices.items() if item in before and before[item] != price]
    if len(changed) > MANY_PRICES:
        add_note(store, "price", f"{len(changed):,}", now_ms, many=True, items=changed[:500])
    else:
        for item in changed:
            change = {"old": before[item], "new": prices[item]}
            add_note(store, "price", names[item], now_ms, many=False, items=[item], **change)
    store.put_document(PRICES, "now", {"version": version, "prices": prices}, now_ms)
    return len(changed)


def note_changes(store: Store, now_ms: int, **facts: str) -> None:
    """Note each fact (the shop's release, opsplug's version, a digest of the settings) that is not what it was."""
    stored = store.get_document(PRICES, "facts") or {}
    for kind, value in facts.items():
        if value and stored.get(kind) not in (None, value):
            add_note(store, kind, value, now_ms, old=stored[kind])
    merged = {**stored, **{kind: value for kind, value in facts.items() if value}}
    if merged != stored:
        store.put_document(PRICES, "facts", merged, now_ms)
