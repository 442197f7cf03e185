"""Numbers, money and dates as each language writes them."""

import math
import subprocess
import sys
from datetime import date, datetime

import pytest

from opsplug.locales import formats


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", 1234.5, "EUR", "€1,234.50"),
        ("de", 1234.5, "EUR", "1.234,50\u00a0€"),
        ("zh", 1234.5, "CNY", "¥1,234.50"),
        ("en", 1234.5, "CNY", "¥1,234.50"),
        ("zh", 1234.5, "USD", "$1,234.50"),
        ("fr", 5.0, "GBP", "5,00\u00a0£"),
        ("en", 1234.5, "JPY", "¥1,235"),
        ("en", 0.125, "EUR", "€0.13"),
        ("en", 9.9, "CHF", "CHF\u00a09.90"),
        ("en", 9.9, "BRL", "R$9.90"),
        ("en", 9.9, "Euro", "9.90 Euro"),
        ("de", 9.9, "", "9,90"),
        ("en", math.nan, "EUR", "–"),
        ("en", math.inf, "EUR", "–"),
        ("en", 1e300, "EUR", "1e+300 EUR"),
        ("tlh", 9.9, "EUR", "€9.90"),  # a language of the shop's own
    ],
)
def test_money(language: str, amount: float, currency: str, text: str) -> None:
    assert formats.money(amount, currency, language) == text


def test_numbers() -> None:
    assert formats.number(1234567.891, "en", 2) == "1,234,567.89"
    assert formats.number(1234567.891, "de", 2) == "1.234.567,89"
    assert formats.percent(0.0312, "de", 1) == "3,1 %"
    assert formats.signed(-1.25, "en", 2) == "−1.25"
    assert formats.rounded(0.5, "de") == "0,5"
    assert formats.rounded(12.4, "de") == "12"
    assert formats.number(math.inf, "en") == "–"
    assert formats.number(-1e300, "en") == "-1e+300"


def test_days() -> None:
    at = datetime(2026, 11, 30, 14, 5)
    assert formats.moment(at, "en") == "Nov 30, 2026 14:05"
    assert formats.moment(at, "zh") == "2026年11月30日 14:05"
    assert formats.moment(at, "de") == "30.11.2026 14:05"
    assert formats.short_day(date(2026, 11, 30), "zh") == "11月30日"


def test_plurals() -> None:
    assert [formats.plural_form(n, "en") for n in (0, 1, 2)] == ["other", "one", "other"]
    assert formats.plural_form(1, "zh") == "other"
    assert formats.plural_form(3, "pl") == "few"


def test_babel_comes_with_the_first_number_and_not_with_opsplug() -> None:
    code = "import sys, opsplug, opsplug.locales.formats; assert not [m for m in sys.modules if m.startswith('babel')]"
    subprocess.run([sys.executable, "-c", code], check=True)
