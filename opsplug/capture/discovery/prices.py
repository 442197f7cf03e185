"""A price in what a page shows: `$ 1,299.00`, `12,90 €`, `19.000 원`, `١٢٫٥ ر.س`, or a bare number."""

import re
from typing import Final, NamedTuple

from opsplug.values import currency, number

_SIGNS: Final = {
    "€": "EUR", "£": "GBP", "₽": "RUB", "₹": "INR", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND",
    "฿": "THB", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "원": "KRW", "元": "CNY", "円": "JPY", "грн": "UAH",
    "грн.": "UAH", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "kr": "", "kr.": "", "$": "", "¥": "",
    "￥": "", "rs": "", "rs.": "", "us$": "USD", "r$": "BRL", "rm": "MYR", "rp": "IDR", "s$": "SGD", "a$": "AUD",
    "c$": "CAD", "hk$": "HKD", "nt$": "TWD", "ر.س": "SAR", "ريال": "", "د.إ": "AED", "درهم": "", "ج.م": "EGP",
    "جنيه": "EGP", "د.ك": "KWD", "تومان": "", "ش\"ח": "ILS", "tl": "TRY", "лв": "BGN", "лв.": "BGN", "₦": "NGN",
    "₱": "PHP", "₸": "KZT", "тг": "KZT", "сум": "UZS", "chf": "CHF", "đ": "VND", "บาท": "THB", "만원": "",
}  # fmt: skip
_SIGN = "|".join(sorted((re.escape(sign) for sign in _SIGNS), key=len, reverse=True))
_CODE = (
    "USD|EUR|GBP|CHF|PLN|CZK|SEK|NOK|DKK|HUF|RON|BGN|RUB|UAH|TRY|ILS|AED|SAR|EGP|INR|PKR|LKR|BDT|NPR|CNY|RMB|JPY|KRW|TWD|"
    "HKD|SGD|MYR|IDR|THB|VND|PHP|AUD|NZD|CAD|MXN|BRL|ARS|CLP|COP|PEN|ZAR|NGN|KES|GHS|MAD|KWD|QAR|BHD|OMR|JOD|KZT|UZS|IRR"
)
_NUMBER = r"\d{1,3}(?:[.,\s\u00a0\u202f'’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_DIGIT: Final = re.compile(r"\d")
_ARABIC: Final = re.compile(r"[٠-٩۰-۹]")
_WITH_SIGN: Final = re.compile(
    rf"(?P<before>{_SIGN}|\b(?:{_CODE})\b)\s*(?P<first>{_NUMBER})(?![\d%])|(?<![\d.,])(?P<second>{_NUMBER})(?:,-|\.-|,–)?\s*"
    rf"(?P<after>{_SIGN}|\b(?:{_CODE})\b)(?![a-zà-ÿ])",
    re.IGNORECASE,
)
_BARE: Final = re.compile(rf"(?:{_NUMBER})(?:,-|,–)?")


class Price(NamedTuple):
    amount: float
    currency: str  # "" where the sign belongs to several, or there is none
    has_sign: bool


def read_price(text: str) -> Price | None:
    """The first price in a short text; None where the text is no price. Free things are told by 0."""
    if not _DIGIT.search(text):
        return None
    text = _western(text)
    found = _WITH_SIGN.search(text)
    if found:
        digits, sign = (found["first"], found["before"]) if found["first"] else (found["second"], found["after"])
        amount = number(re.sub(r"[\s\u00a0]", "", digits))
        if amount is not None and 0 <= amount < 1e10:
            return Price(float(amount), _SIGNS.get(sign.lower(), "") or currency(sign) or "", True)
    if _BARE.fullmatch(text.strip()):
        amount = number(re.sub(r"[\s\u00a0]", "", text.strip().removesuffix(",-").removesuffix(",–")))
        if amount is not None and 0 <= amount < 1e10:
            return Price(float(amount), "", False)
    return None


def _western(text: str) -> str:
    if not _ARABIC.search(text):
        return text
    digits = {ord(sign): str(n % 10) for n, sign in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
    return text.translate(digits | {ord("٫"): ".", ord("٬"): ","})
