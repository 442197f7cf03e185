"""The event language: GA4's names and item keys, in one envelope (schema "opsplug/1").

Whatever the source (a route of the shop, `Engine.track`, the browser, an import), an event is made by
`make_event`, so that every row in the store has passed the same checks. Times inside an `Event` are integer
epoch milliseconds; developers pass aware datetimes or epoch seconds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final, NamedTuple

import msgspec

from opsplug.errors import EventError
from opsplug.units import DAY, MS
from opsplug.values import currency, identifier, listed, number, plain, text

SCHEMA: Final = "opsplug/1"
MAX_ITEMS: Final = 5_000  # of an order; a browser reports at most 200
MAX_EVENT_BYTES: Final = 32 * 1024
MAX_ID: Final = 1024
EARLIEST_MS: Final = 315_532_800_000  # 1980-01-01: older than any shop's log
FUTURE_MS: Final = DAY * MS  # a day of clock error is forgiven, a year is not

# Who caused an event. Only VISITOR ever trains a model; the others are counted apart.
VISITOR, BOT, STAFF, MACHINE = 0, 1, 2, 3
AUDIENCES: Final = ("visitor", "bot", "staff", "machine")

BROWSER_EVENTS: Final = frozenset(
    """page_view page_leave view_item view_item_list select_item add_to_wishlist remove_from_wishlist add_to_cart
    remove_from_cart view_cart begin_checkout add_shipping_info add_payment_info search view_search_results
    view_promotion select_promotion item_feedback share click rage_click dead_click quick_back scroll form_start
    form_submit form_abandon web_vital js_error chat_open chat_feedback chat_csat""".split()
)
# What a browser's event may say: GA4's names (the e-commerce ones of its data layer) and the snippet's own. Others are
# counted by name and left out.
BROWSER_PROPERTIES: Final = frozenset(
    """value currency coupon cart_id item_list_id item_list_name search_term results_count shipping_tier payment_type
    method promotion_id promotion_name creative_name creative_slot content_type recommendation_id action placement
    navigation page_title referrer_host viewport locale tz_offset_min device duration_ms max_scroll percent from_path
    selector_path tag text_hash x_rel y element_x element_y count radius_px window_ms wait_ms clicks form_id form_name
    form_destination fields first_field last_field fields_touched name rating message_hash error_type source line column
    source_route
    helpful score reason_code index transaction_id""".split()
)
SERVER_EVENTS: Final = frozenset(
    """purchase refund order_cancelled payment_error apply_coupon rate_item login sign_up logout generate_lead
    chat_message chat_answer chat_handoff_requested chat_handoff_accepted chat_resolved http_request consent_update
    erasure_requested erasure_completed custom""".split()
)
KNOWN_EVENTS: Final = BROWSER_EVENTS | SERVER_EVENTS
# An answer waits for these to be safe on disk.
DURABLE_EVENTS: Final = frozenset(("purchase", "refund", "order_cancelled", "consent_update", "chat_message"))
# What an event says about taste; see docs/events.md. Purchases and refunds of one item cancel out.
TASTE: Final[Mapping[str, float]] = {
    "view_item": 1.0,
    "select_item": 1.0,
    "add_to_wishlist": 2.0,
    "add_to_cart": 4.0,
    "remove_from_cart": -1.0,
    "purchase": 10.0,
    "refund": -10.0,
}
# Other vocabularies that shops already speak: Segment's titles, Shopify's pixels, Algolia's and Recombee's verbs.
ALIASES: Final[Mapping[str, str]] = {
    "Page": "page_view",
    "Products Searched": "search",
    "Product List Viewed": "view_item_list",
    "Product Clicked": "select_item",
    "Product Viewed": "view_item",
    "Product Added to Wishlist": "add_to_wishlist",
    "Product Removed from Wishlist": "remove_from_wishlist",
    "Product Added": "add_to_cart",
    "Product Removed": "remove_from_cart",
    "Cart Viewed": "view_cart",
    "Checkout Started": "begin_checkout",
    "Checkout Step Completed": "add_shipping_info",
    "Payment Info Entered": "add_payment_info",
    "Order Completed": "purchase",
    "Order Refunded": "refund",
    "Order Cancelled": "order_cancelled",
    "Promotion Viewed": "view_promotion",
    "Promotion Clicked": "select_promotion",
    "Coupon Applied": "apply_coupon",
    "Coupon Denied": "apply_coupon",
    "Coupon Removed": "apply_coupon",
    "Product Reviewed": "rate_item",
    "Product Shared": "share",
    "Signed In": "login",
    "Signed Out": "logout",
    "Signed Up": "sign_up",
    "page_viewed": "page_view",
    "product_viewed": "view_item",
    "product_added_to_cart": "add_to_cart",
    "product_removed_from_cart": "remove_from_cart",
    "cart_viewed": "view_cart",
    "checkout_started": "begin_checkout",
    "checkout_completed": "purchase",
    "search_submitted": "search",
    "AddDetailView": "view_item",
    "AddCartAddition": "add_to_cart",
    "AddPurchase": "purchase",
    "AddBookmark": "add_to_wishlist",
    "AddRating": "rate_item",
    "viewedObjectIDs": "view_item",
    "clickedObjectIDs": "select_item",
    "addedToCartObjectIDs": "add_to_cart",
    "purchasedObjectIDs": "purchase",
}


class Item(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One element of `items`, GA4's keys; `price` is for one unit, `discount` too, `index` counts from 0."""

    item_id: str
    item_name: str | None = None
    item_group_id: str | None = None
    item_brand: str | None = None
    item_category: str | None = None
    item_category2: str | None = None
    item_category3: str | None = None
    item_category4: str | None = None
    item_category5: str | None = None
    item_variant: str | None = None
    price: float | None = None
    quantity: float = 1
    discount: float | None = None
    coupon: str | None = None
    affiliation: str | None = None
    location_id: str | None = None
    index: int | None = None
    item_list_id: str | None = None
    item_list_name: str | None = None
    recommendation_id: str | None = None
    reason_code: str | None = None


# (field, why): hears of a value that does not fit; where it returns, the field is left out and the event stays.
Odd = Callable[[str, str], None]
_ITEM_FIELDS: Final = frozenset(Item.__struct_fields__)
_ITEM_NUMBERS: Final = frozenset(("price", "quantity", "discount"))
_CHECKED: Final = frozenset(("value", "currency", "transaction_id"))


class Event(msgspec.Struct, kw_only=True):
    """One thing that happened. Times are epoch milliseconds; `user_id` is already a keyed pseudonym."""

    event_id: str
    event: str
    timestamp: int
    received_at: int
    source: str = "server"  # server | browser | import
    audience: int = VISITOR
    anonymous_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    page_view_id: str | None = None
    route: str | None = None
    items: Sequence[Item] = ()
    properties: dict[str, Any] = {}

    @property
    def visitor(self) -> str | None:
        """The key that the store finds a history by: the anonymous id, else the user's pseudonym."""
        return self.anonymous_id or self.user_id


class Step(NamedTuple):
    """What the next list needs to know of an event."""

    event_id: str
    event: str
    timestamp: int
    items: list[str]  # their ids
    properties: dict[str, Any]


class _Named(msgspec.Struct):
    item_id: str


encode_json = msgspec.json.Encoder().encode
decode_ids = msgspec.json.Decoder(list[_Named]).decode
decode_items = msgspec.json.Decoder(list[Item]).decode
decode_properties = msgspec.json.Decoder(dict[str, Any]).decode


def epoch_ms(value: datetime | float | int, now_ms: int) -> int:
    """Aware datetime or epoch seconds -> epoch milliseconds; `EventError` for naive, absurd or far future times."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise EventError("timestamp: a datetime needs a time zone, for example datetime.now(timezone.utc)")
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EventError("timestamp: give an aware datetime or epoch seconds")
    milliseconds = round(value * 1000)
    if not EARLIEST_MS <= milliseconds <= now_ms + FUTURE_MS:
        raise EventError(f"timestamp: {value!r} is not between 1980 and tomorrow (epoch seconds are expected)")
    return milliseconds


def moment_ms(value: Any, now_ms: int, zone: tzinfo = UTC) -> int:
    """As `epoch_ms`, of whatever a shop has: dates and naive times are the shop's own, texts are ISO 8601, and numbers
    too large for seconds are milliseconds."""
    if isinstance(value, str):
        found = number(value)
        try:
            value = datetime.fromisoformat(value.strip()) if found is None else found
        except ValueError:
            raise EventError(f"timestamp: {value[:40]!r} is not ISO 8601") from None
    if isinstance(value, date):
        value = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return epoch_ms(value if value.tzinfo else value.replace(tzinfo=zone), now_ms)
    seconds = number(value)
    if seconds is None:
        raise EventError("timestamp: give a datetime, ISO 8601 or epoch seconds")
    return epoch_ms(seconds / 1000 if abs(seconds) >= 1e11 else seconds, now_ms)


def text_id(value: Any, field: str) -> str:
    """A non-empty id of at most 1,024 characters; whole numbers of any kind and UUIDs become text."""
    found = identifier(value)
    if found is None and not isinstance(value, str):
        raise EventError(f"{field}: text is expected, not {type(value).__name__}")
    if not found or len(found) > MAX_ID:
        raise EventError(f"{field}: between 1 and {MAX_ID} characters are expected")
    return found


def refuse(field: str, why: str) -> None:
    """What is done with an odd value where nobody is harmed by an error: it is said."""
    raise EventError(f"{field}: {why}")


def make_item(record: Mapping[str, Any] | Item, odd: Odd = refuse) -> Item:
    """Check one element of `items`. Keys that GA4 and we do not know are left out; `EventError` without an id."""
    if isinstance(record, Item):
        known = {name: getattr(record, name) for name in _ITEM_FIELDS}
    elif isinstance(record, Mapping):
        known = {str(key): value for key, value in record.items() if key in _ITEM_FIELDS}
    else:
        raise EventError("items: each element is an object with an item_id")
    made: dict[str, Any] = {"item_id": text_id(known.pop("item_id", None), "items.item_id")}
    for name, value in known.items():
        if value is not None and (found := _item_field(name, value, odd)) is not None:
            made[name] = found
    return Item(**made)


def _item_field(name: str, value: Any, odd: Odd) -> Any:
    """One checked field of an item, or None where `odd` has heard why not."""
    if name in _ITEM_NUMBERS:
        found = number(value)
        if found is None:
            odd(f"items.{name}", f"a finite number is expected, not {_short(value)}")
        elif not 0 <= found < 1e12:
            odd(f"items.{name}", f"a finite number of at least 0 is expected, not {_short(value)}")
        else:
            return float(found)
    elif name == "index":
        found = number(value)
        if found is not None and found == int(found) and abs(found) < 2**31:
            return int(found)
        odd("items.index", f"a whole number is expected, not {_short(value)}")
    else:
        words = text(value)
        if words is not None:
            return words
        odd(f"items.{name}", f"text is expected, not {type(value).__name__}")
    return None


def make_items(given: Any, odd: Odd = refuse, most: int = MAX_ITEMS) -> list[Item]:
    """The lines of an event. With a mild `odd`, a line without an id is left out and the others stay."""
    elements = listed(given)
    if elements is None or (isinstance(given, Mapping) and odd is refuse):
        odd("items", "a list of objects is expected")
        return []
    if len(elements) > most:
        odd("items", f"{len(elements)} are more than {most} in one event")
    items = []
    for element in elements[:most]:
        if odd is not refuse and not isinstance(element, Mapping | Item):
            element = {"item_id": element}  # items=["sku1"]
        try:
            items.append(make_item(element, odd))
        except EventError as error:
            field, _, why = str(error).partition(": ")
            odd(field, why)
    return items


def make_properties(properties: Mapping[str, Any] | None, odd: Odd = refuse) -> dict[str, Any]:
    """A JSON object of at most 32 KB without NaN or infinities."""
    result: dict[str, Any] = {}
    for key, value in (properties or {}).items():
        name = str(key)
        try:
            found = _property(name, value, odd)
        except (TypeError, ValueError, RecursionError, UnicodeError) as error:
            odd(name if name in _CHECKED else "properties", f"{name[:60]} must be plain JSON ({error})")
            continue
        if found is not None:
            result[name] = found
    _shorten(result, odd)
    return result


def _property(name: str, value: Any, odd: Odd) -> Any:
    if value is None:
        return None
    if name == "value":
        found = number(value)
        if found is None:
            odd(name, f"a finite number is expected, not {_short(value)}")
        elif abs(found) >= 1e15:
            odd(name, "the number is too large to be money")
            found = None
        return found
    if name == "currency":
        code = currency(value)
        if code is None and value != "":
            odd(name, f"an ISO 4217 code of three letters is expected, for example EUR, not {_short(value)}")
        return code
    if name == "transaction_id":
        try:
            return text_id(value, name)
        except EventError as error:
            odd(name, str(error).partition(": ")[2])
            return None
    return plain(value)


def _shorten(properties: dict[str, Any], odd: Odd) -> None:
    """The largest properties go first until the rest fits into one event."""
    sizes = {name: len(encode_json({name: value})) for name, value in properties.items()}
    total = sum(sizes.values())
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if total <= MAX_EVENT_BYTES:
            return
        odd("properties", f"{total} bytes are more than {MAX_EVENT_BYTES}")
        total -= sizes[name]
        del properties[name]


def _short(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, str | int | float) else type(value).__name__


def canonical_name(name: Any) -> tuple[str, str | None]:
    """-> (canonical event name, the original name when it is kept as `custom`)."""
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        raise EventError("event: a name of at most 200 characters is expected")
    name = ALIASES.get(name, name).strip()
    return (name, None) if name in KNOWN_EVENTS else ("custom", name)


def make_event(
    name: str,
    *,
    event_id: str,
    now_ms: int,
    timestamp_ms: int | None = None,
    items: Sequence[Mapping[str, Any] | Item] = (),
    properties: Mapping[str, Any] | None = None,
    source: str = "server",
    odd: Odd = refuse,
    most_items: int = MAX_ITEMS,
    **envelope: Any,
) -> Event:
    """Check and build one event. `odd(field, why)` hears of each value that does not fit, and where it does not raise
    the value is left out; the default raises `EventError`, which names the field.

    An unknown name is kept as `custom` with the name in its properties; such events never train a model.
    """
    canonical, original = canonical_name(name)
    checked = make_properties(properties, odd)
    if original is not None:
        checked["name"] = original
    return Event(
        event_id=event_id,
        event=canonical,
        timestamp=now_ms if timestamp_ms is None else timestamp_ms,
        received_at=now_ms,
        source=source,
        items=make_items(items, odd, most_items),
        properties=checked,
        **envelope,
    )
