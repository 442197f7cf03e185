"""Numbers, money, dates and times as a language writes them: the one formatter of the server, by CLDR's data (Babel).

Babel is imported with the first call, never with opsplug.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, localcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from babel import Locale

NOT_KNOWN: Final = "–"
_LARGEST: Final = 1e15  # beyond it a float says no units any more
# US$, CN¥ and the like become the sign alone, as Intl's narrowSymbol has them; R$ is Brazil's own.
_COUNTRY: Final = re.compile(r"^(?!R\$)[A-Z]{1,2}(?=[$¥£₩])|(?<=[$¥£₩])[A-Z]{2}$")
_CODE_AND_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")
_HALF_UP: Final = Context(rounding=ROUND_HALF_UP)  # as browsers round
_ISO_4217: Final = re.compile(r"[A-Z]{3}")


def number(value: float, language: str, digits: int = 0) -> str:
    """1240.5 -> 1,240.50 or 1.240,50."""
    if not math.isfinite(value):
        return NOT_KNOWN
    if abs(value) >= _LARGEST:
        return f"{value:.3g}"
    return _decimal(float(value), language, digits)


def signed(value: float, language: str, digits: int = 0) -> str:
    """A change, with its sign before it."""
    text = number(abs(value), language, digits)
    return f"{'−' if value < 0 else '+'}{text}"


def rounded(value: float, language: str) -> str:
    """As many digits as are known: 0.5, 7, 12."""
    return number(value, language, 0 if abs(value) >= 10 or value == round(value) else 1)


def about(amount: float, currency: str, language: str) -> str:
    """Money rounded to what is known: €12, €7.5 becomes €7.50, no cents from 10 on."""
    return money(amount, currency, language, 0 if abs(amount) >= 10 or amount == round(amount) else None)


def plain(value: float, language: str) -> str:
    """Two digits at the most, none that are zero: 2, 0.5, 13.99."""
    return number(value, language, next((n for n in (0, 1) if round(value, n) == round(value, 2)), 2))


def percent(share: float, language: str, digits: int = 0) -> str:
    """0.031 -> 3.1 %."""
    return f"{number(100 * share, language, digits)} %"


@lru_cache(maxsize=4096)
def money(amount: float, currency: str, language: str, digits: int | None = None) -> str:
    """9.9 EUR -> €9.90 or 9,90 €, with the currency's own digits or as many as are said. A currency that is no code of
    ISO 4217 stands behind the number."""
    if not math.isfinite(amount):
        return NOT_KNOWN
    if not _ISO_4217.fullmatch(currency) or abs(amount) >= _LARGEST:
        return f"{number(amount, language, 2 if digits is None else digits)} {currency}".strip()
    from babel.numbers import format_currency, get_currency_symbol

    locale = _locale(language)
    symbol = _COUNTRY.sub("", get_currency_symbol(currency, locale))
    pattern = locale.currency_formats["standard"].pattern.replace("¤", f"'{symbol}'")
    if digits is not None:
        pattern = pattern.replace("0.00", "0" + (f".{'0' * digits}" if digits else ""))
    with localcontext(_HALF_UP):
        text: str = format_currency(amount, currency, pattern, locale=locale, currency_digits=digits is None)
    return _CODE_AND_DIGIT.sub("\u00a0", text)


def day(value: date, language: str) -> str:
    """Nov 30, 2026 or 30.11.2026."""
    from babel.dates import format_date

    text: str = format_date(value, "medium", locale=_locale(language))
    return text


def short_day(value: date, language: str) -> str:
    """Nov 30: a day whose year is known."""
    from babel.dates import format_skeleton

    text: str = format_skeleton("MMMd", value, locale=_locale(language))
    return text


def clock(value: datetime) -> str:
    """14:05, on a clock of 24 hours in every language."""
    return f"{value:%H:%M}"


def moment(value: datetime, language: str) -> str:
    """A day and the time of it, on the clock that `value` is of."""
    return f"{day(value.date(), language)} {clock(value)}"


def plural_form(value: float, language: str) -> str:
    """CLDR's category: one, few, many, other."""
    form: str = _locale(language).plural_form(abs(value))
    return form


class Formats:
    """The formatter of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def number(self, value: float, digits: int = 0) -> str:
        return number(value, self.language, digits)

    def signed(self, value: float, digits: int = 0) -> str:
        return signed(value, self.language, digits)

    def rounded(self, value: float) -> str:
        return rounded(value, self.language)

    def significant(self, value: float) -> str:
        """Three digits that say something: 0.0312, 4.21, 120."""
        digits = 2 - math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
        return number(value, self.language, min(max(digits, 0), 6))

    def plain(self, value: float) -> str:
        return plain(value, self.language)

    def percent(self, share: float, digits: int = 0) -> str:
        return percent(share, self.language, digits)

    def money(self, amount: float, currency: str, digits: int | None = None) -> str:
        return money(amount, currency, self.language, digits)

    def day(self, value: date | float | None) -> str:
        """A day, or that of epoch seconds in UTC; a dash where there is none."""
        if value is None:
            return NOT_KNOWN
        return day(
            value if isinstance(value, date) else datetime.fromtimestamp(float(value), UTC).date(), self.language
        )

    def short_day(self, value: date) -> str:
        return short_day(value, self.language)

    def moment(self, value: datetime | float | None) -> str:
        """A moment, or that of epoch seconds in UTC; a dash where there is none."""
        if value is None:
            return NOT_KNOWN
        if isinstance(value, datetime):
            return moment(value, self.language)
        return f"{moment(datetime.fromtimestamp(float(value), UTC), self.language)} UTC"


@lru_cache(maxsize=4096)
def _decimal(value: float, language: str, digits: int) -> str:
    from babel.numbers import format_decimal

    pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
    with localcontext(_HALF_UP):
        text: str = format_decimal(value, pattern, locale=_locale(language))
    return text


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    """What CLDR knows of a language; English where it knows nothing, such as of a shop's own."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
