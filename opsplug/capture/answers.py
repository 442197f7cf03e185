"""What the shop's callables may answer, and what each answer means. What is not listed here means nothing: nobody is
let in, nobody has agreed, nothing is known.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from opsplug.values import identifier, number

ROLES: Final = ("viewer", "agent", "admin")
_MOST: Final = 1000  # entries of a cart
_LONGEST: Final = 200  # characters of an order's state
_MOST_ORDERS: Final = 5  # recent orders that a visitor is shown
_TRUTHS: Final = (bool, int, float, Decimal, str, type(None))


class WrongAnswerError(TypeError):
    """A callable of the shop answered what has no meaning here."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How a callable's answer is read, what it may be, and what holds where it is something else."""

    read: Callable[[Any], Any]
    answer: str
    instead: str
    patience: float = 1.0  # seconds


def read_role(answer: Any) -> tuple[str, str] | None:
    """(role, name) of `admin`'s answer: exactly True, a known role, or a mapping with a known role; else nobody."""
    name: Any = ""
    if isinstance(answer, Mapping):
        if "role" not in answer:
            raise WrongAnswerError("a mapping without a role")
        name, answer = answer.get("name"), answer["role"]
        if answer is True:
            raise WrongAnswerError("a mapping whose role is True")
    if answer is None or answer is False:
        return None
    role = "admin" if answer is True else answer
    if not isinstance(role, str):
        raise WrongAnswerError(_kind(answer))
    if role not in ROLES:
        return None  # "customer" is no role here, and certainly not an admin
    return role, str(name) if isinstance(name, str | int) and name else ""


def read_truth(answer: Any) -> bool:
    """Exactly True is a yes."""
    if answer is None or isinstance(answer, bool):
        return answer is True
    raise WrongAnswerError(_kind(answer))


def read_user(answer: Any) -> str | None:
    """An id, or None for nobody."""
    if answer is None or answer is False or answer == "":
        return None
    account = identifier(answer)
    if account is None:  # a whole user object, say: its id is expected
        raise WrongAnswerError(_kind(answer))
    return account


def read_cart(answer: Any) -> list[str]:
    """Item ids; an entry that is none costs itself alone."""
    if answer is None:
        return []
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise WrongAnswerError(_kind(answer))
    entries = [entry for entry, _ in zip(answer, range(_MOST), strict=False)]
    ids = [found for entry in entries if (found := identifier(entry)) is not None]
    if entries and not ids:
        raise WrongAnswerError(f"a list of {type(entries[0]).__name__}")
    return ids


def read_available(answer: Any) -> set[str]:
    """Ids out of a collection of ids, or of a mapping of id to true or false."""
    if isinstance(answer, Mapping):
        odd = next((value for value in answer.values() if not isinstance(value, _TRUTHS)), None)
        if odd is not None:
            raise WrongAnswerError(f"a mapping to {_kind(odd)}")
        answer = [item_id for item_id, yes in answer.items() if yes]
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise WrongAnswerError(_kind(answer))
    ids = [(item, identifier(item)) for item in answer]
    odd = next((item for item, found in ids if found is None), None)
    if odd is not None:  # rows of a database, or one truth for each id, are not ids
        raise WrongAnswerError(f"a list that holds {_kind(odd)}")
    return {found for _, found in ids if found is not None}


def read_prices(answer: Any) -> dict[str, float]:
    """Price of each id; one that is no price costs itself alone."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise WrongAnswerError(_kind(answer))
    read = {str(item_id): _price(price) for item_id, price in answer.items()}
    prices = {item_id: price for item_id, price in read.items() if price is not None}
    if read and not prices and any(price is not None for price in answer.values()):
        raise WrongAnswerError(f"a mapping to {_kind(next(price for price in answer.values() if price is not None))}")
    return prices


def read_order(answer: Any) -> str | None:
    """An order's state as the visitor hears it: a text, or a mapping with `status` or `state`; None: no such order."""
    if isinstance(answer, Mapping) and answer:
        answer = answer.get("status", answer.get("state"))
        if answer is None:
            raise WrongAnswerError("a mapping without a status")
    if answer is None or answer is False or answer == "" or answer == {}:
        return None
    if isinstance(answer, bool) or not isinstance(answer, str | int | float):
        raise WrongAnswerError(_kind(answer))
    return str(answer)[:_LONGEST]


def read_orders(answer: Any) -> list[tuple[str, str]]:
    """(number, state) of each order: mappings with `number` (or `id`) and `status` (or `state`), or bare numbers."""
    if answer is None:
        return []
    if isinstance(answer, str | Mapping) or not isinstance(answer, Iterable):
        raise WrongAnswerError(_kind(answer))
    read: list[tuple[str, str]] = []
    for one, _ in zip(answer, range(_MOST_ORDERS), strict=False):
        given = one if isinstance(one, Mapping) else {"number": one}
        number_of_order = identifier(given.get("number", given.get("id")))
        if not number_of_order:
            raise WrongAnswerError("an order without a number")
        read.append((number_of_order, read_order({"status": given.get("status", given.get("state", ""))}) or ""))
    return read


EXPECTED: Final[Mapping[str, Expected]] = {
    "admin": Expected(
        read_role,
        "True, a role (viewer, agent, admin) or a mapping with such a role",
        "nobody is let in",
        patience=10.0,
    ),
    "is_staff": Expected(read_truth, "True or False", "nobody counts as staff"),
    "consent": Expected(read_truth, "True or False", "nobody has agreed"),
    "user_id": Expected(read_user, "a text, a number or None", "nobody is logged in"),
    "cart": Expected(read_cart, "a list of item ids", "the cart events are used"),
    "is_available": Expected(
        read_available, "a set or list of ids, or a mapping of id to true or false", "the catalogue's word is used"
    ),
    "price": Expected(read_prices, "a mapping of item id to a number", "the catalogue's prices are used"),
    "order_lookup": Expected(
        read_order, "a text, a mapping with a status, or None", "the visitor hears that it failed", patience=5.0
    ),
    "recent_orders": Expected(
        read_orders,
        "a list of mappings with a number and a status",
        "the visitor is asked for the number",
        patience=5.0,
    ),
}


def _price(value: Any) -> float | None:
    price = number(value)
    return float(price) if price is not None and price >= 0 else None


def _kind(answer: Any) -> str:
    """What an answer is, without what it holds: that may be somebody's."""
    return f"a value of type {type(answer).__name__}"
