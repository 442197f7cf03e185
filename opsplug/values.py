"""What shops hold in their variables, as plain JSON: Decimal, UUID, dates, numpy's numbers, numbers in texts.

Pure functions without a framework: numpy, pandas and ORM values are told by what they can do, not by their class.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

_DEEPEST: Final = 8  # levels of nested objects that are kept
_MOST: Final = 1000  # elements of one list or object that are kept
_GROUPS: Final = "  \u202f'’_"  # between thousands: 1 299,00 and 1'299.00
_PLAIN_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_MONEY: Final = re.compile(r"([^\d+-]*)([+-]?)\s*(\d[\d.,\s\u202f'’_]*|[.,]\d+)(\D*)")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,])\d{2,3})(?:\1\d{2,3})*")  # thousands, also of Indian money: 1,00,000
# Signs that belong to one currency; "$" and "¥" belong to several.
_CURRENCY_SIGNS: Final = {
    "€": "EUR", "£": "GBP", "US$": "USD", "₽": "RUB", "₹": "INR", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS",
    "₫": "VND", "฿": "THB", "zł": "PLN", "Kč": "CZK", "R$": "BRL", "A$": "AUD", "C$": "CAD", "HK$": "HKD",
    "NT$": "TWD", "CN¥": "CNY", "元": "CNY", "円": "JPY", "원": "KRW", "руб": "RUB", "руб.": "RUB",
}  # fmt: skip
_ARABIC_DIGITS: Final = {ord(sign): str(n % 10) for n, sign in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")} | {
    ord("٫"): ".", ord("٬"): ","
}  # fmt: skip


def number(value: Any) -> int | float | None:
    """A finite number out of an int, float, Decimal, numpy scalar or text such as `1,299.00`; None where there is none.

    Of a text with one separator, `1.299` is a decimal point (as programs write it) and `1,299` thousands (as people
    do); `12,90` is a decimal comma. A truth value is no number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, Mapping | list | tuple | set | bytes | datetime | date):
        return None
    if isinstance(value, int):
        return int(value) if abs(value) < 10**300 else None
    item = getattr(value, "item", None)  # numpy's and torch's scalars
    if callable(item) and not isinstance(value, float | Decimal):
        value = item()
        if isinstance(value, bool):
            return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(found):
        return None
    return value if type(value) is int else found


def _of_text(text: str) -> float | int | None:
    text = text.strip().translate(_ARABIC_DIGITS)
    if len(text) > 64:
        return None
    if not _PLAIN_NUMBER.fullmatch(text):
        text = _decimal_point(text)
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def _decimal_point(text: str) -> str:
    """`1.299,00`, `1 299,00`, `€ 12,90` or `12.90 EUR` as a program writes numbers; "" where it is none."""
    minus = "-" if re.match(r"-[^\d\s+-]", text) else ""  # -€5
    found = _MONEY.fullmatch(text.removeprefix(minus))
    if found is None or not all(_is_currency(affix.strip()) for affix in (found[1], found[4])):
        return ""
    bare = "".join(character for character in found[3] if character not in _GROUPS)
    last = max(bare.rfind("."), bare.rfind(","))
    whole, fraction = bare, ""
    if last >= 0:
        only_mark = len(set(re.findall(r"[.,]", bare))) == 1
        marks = bare.count(bare[last])
        thousands = only_mark and len(bare) - last - 1 == 3 and (marks > 1 or bare[last] == ",")
        if not thousands:
            whole, fraction = bare[:last], bare[last + 1 :]
            if bare[last] in whole:
                return ""
    if re.search("[.,]", whole) and not _GROUPED.fullmatch(whole):
        return ""
    return f"{minus or found[2].strip()}{re.sub('[.,]', '', whole)}.{fraction}"


def _is_currency(affix: str) -> bool:
    return not affix or currency(affix) is not None or (len(affix) <= 3 and unicodedata.category(affix[-1]) == "Sc")


def identifier(value: Any) -> str | None:
    """The text of an id: text, whole numbers of any kind, UUIDs; None for what names nothing."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return value.strip().replace("\x00", "") or None
    if value is None or isinstance(value, bool | bytes | Mapping | list | tuple | set | datetime | date):
        return None
    if isinstance(value, UUID):
        return str(value)
    found = number(value)
    if found is not None:
        return str(int(found)) if found == int(found) else None
    # An ORM's own id types (bson's ObjectId, ULIDs) say what they are in their text; default texts of objects do not.
    text = str(value).strip()
    return text if 0 < len(text) <= 64 and re.fullmatch(r"[\w.:-]+", text) else None


def text(value: Any) -> str | None:
    """Words for people: text, enumerations, numbers, and objects with a text of their own (lazy translations)."""
    if isinstance(value, str):
        return plain(value)  # type: ignore[no-any-return]
    if value is None or isinstance(value, bool | bytes | Mapping | list | tuple | set):
        return None
    if isinstance(value, Enum):
        return text(value.value)
    found = identifier(value)
    if found is None and _has_text(value):
        found = str(value).replace("\x00", "").strip()[:1000] or None
    return found


def _has_text(value: Any) -> bool:
    return any("__str__" in vars(kind) for kind in type(value).__mro__[:-1])


def currency(value: Any) -> str | None:
    """The ISO 4217 code of `eur`, `EUR` or a sign that belongs to one currency; None for anything else."""
    if isinstance(value, Enum):
        value = value.value
    code = getattr(value, "code", value)
    if not isinstance(code, str):
        return None
    text = code.strip()
    if len(text) == 3 and text.isascii() and text.isalpha():
        return text.upper()
    return _CURRENCY_SIGNS.get(text)


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON has it; `TypeError` for what has no such form. NaN and infinities become None."""
    if value is None or isinstance(value, str | bool):
        return value if not isinstance(value, str) or value.isascii() else _without_surrogates(value)
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, int | float | Decimal):
        return _plain_number(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if depth >= _DEEPEST:
        raise TypeError("nested too deep")
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST]
        return {str(key): plain(entry, depth + 1) for key, entry in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry, depth + 1) for entry in list(value)[:_MOST]]
    as_list = getattr(value, "tolist", None)  # numpy's scalars and arrays
    if callable(as_list):
        return plain(as_list(), depth + 1)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _plain_number(value: int | float | Decimal) -> int | float | None:
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else float(value)
    return float(value) if math.isfinite(value) else None


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def listed(value: Any) -> list[Any] | None:
    """What was given as a list: any iterable but text, bytes and mappings; a single mapping is a list of one."""
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return None
    return list(value)
