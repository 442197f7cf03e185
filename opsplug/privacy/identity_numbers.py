"""Which runs of digits are card, national identity or phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_BETWEEN = r"(?:[ .\-()/_\u00b7\u2010-\u2015]|%20)"
_RUN = re.compile(rf"\d(?:{_BETWEEN}{{0,3}}\d)*", re.ASCII)
_GROUP = re.compile(r"%20|(\d+)", re.ASCII)
_EXTENSION = re.compile(r" ?(?:x|ext\.?|extension|转) ?\d{1,6}(?!\d)", re.IGNORECASE | re.ASCII)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PHONE_WORDS = re.compile(
    r"(?:phone|tele?phone|\btel\b|mobile|\bcell|\bcall|\bfax|whats\s?app|\bsms|\btext me|\bring\b|reach me"
    r"|contact|answer(?:ing)? at|电话|手机|致电|联系|座机|热线|短信)",
    re.IGNORECASE,
)
_PHONE_WORD_AFTER = re.compile(r"[ \-,(]{0,2}(?:office|fax|mobile|home|cell|tel|work\b|电话|手机)", re.IGNORECASE)
_ORDER_WORDS = re.compile(
    r"order|invoice|tracking|parcel|shipment|\bref|\bsku|\bitem|article|number\s*#|#|订单|单号|运单|快递|编号|发票",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{3,8}$")
_CARD_LENGTHS = {  # by the first digit
    "1": (15,), "2": (16, 17, 18, 19), "3": (14, 15, 16), "4": (13, 16, 19), "5": tuple(range(12, 20)),
    "6": (16, 17, 18, 19),
}  # fmt: skip
_SHORTEST_PHONE, _LONGEST_PHONE, _LONGEST_CARD, _MOST_GROUPS = 6, 16, 19, 7


class _Group(NamedTuple):
    digits: str
    start: int
    end: int


class _Run(NamedTuple):
    """Digits with nothing but separators between them, and what the words around say they are."""

    plain: str
    groups: list[_Group]
    asked_for: bool  # a word before or after speaks of a phone
    counted: bool  # a nearer word before speaks of an order


def number_spans(plain: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of every card, national identity and phone number in text whose digits are ASCII."""
    for found in _RUN.finditer(plain):
        if found.end() - found.start() < _SHORTEST_PHONE:
            continue
        run = _run(plain, found.start(), found.end())
        first = 0
        while first < len(run.groups):
            kind, last = _longest(run, first)
            if kind:
                yield kind, _start_of(plain, run.groups[first].start), _end_of(plain, kind, run.groups[last].end)
            first = last + 1


def _run(plain: str, start: int, end: int) -> _Run:
    lead = plain[max(start - 40, 0) : start].rpartition("]")[2]  # never across a placeholder
    asked = max((word.end() for word in _PHONE_WORDS.finditer(lead)), default=-1)
    counted = max((word.end() for word in _ORDER_WORDS.finditer(lead)), default=-1)
    asked_for = asked > counted or (counted < 0 and _PHONE_WORD_AFTER.match(plain, end) is not None)
    groups = [_Group(m.group(), m.start(), m.end()) for m in _GROUP.finditer(plain, start, end) if m.group(1)]
    return _Run(plain, groups, asked_for, counted > asked)


def _longest(run: _Run, first: int) -> tuple[str, int]:
    """The kind and last group of the longest number that begins with group `first`; ("", first) if none does."""
    whole = first == 0 and len(run.groups) <= _LONGEST_CARD  # people who space every digit still write one number
    windows: list[tuple[list[_Group], str]] = []
    digits = ""
    for last in range(first, min(len(run.groups), _LONGEST_CARD if whole else first + _MOST_GROUPS)):
        digits += run.groups[last].digits
        size = last + 1 - first
        if len(digits) > _LONGEST_CARD:
            break
        if len(digits) >= _SHORTEST_PHONE and (len(digits) > 1.7 * size or size == len(run.groups)):
            windows.append((run.groups[first : last + 1], digits))
    for decide, shortest, longest in NUMBER_KINDS:
        for groups, digits in reversed(windows):
            if shortest <= len(digits) <= longest:
                kind = decide(run, groups, digits)
                if kind:
                    return kind, first + len(groups) - 1
    return "", first


def _start_of(plain: str, start: int) -> int:
    while start > 0 and plain[start - 1] in "+(":
        start -= 1
    return start


def _end_of(plain: str, kind: str, end: int) -> int:
    if kind == "national_id" and plain[end : end + 1] in ("x", "X"):
        return end + 1
    extension = _EXTENSION.match(plain, end) if kind == "phone" else None
    return extension.end() if extension else end


def _stands_alone(plain: str, groups: list[_Group], words: bool = False) -> bool:
    """No letter or digit directly beside; with `words`, a whole word may be: card4111..., but no A4111..."""
    start, end = groups[0].start, groups[-1].end
    before, after = plain[max(start - 1, 0) : start], plain[end : end + 1]
    if words:
        after = after if after.isdigit() else ""
        before = "" if _WORD_BEFORE.search(plain, max(start - 12, 0), start) else before
    return not any(beside.isascii() and beside.isalnum() for beside in (before, after) if beside)


def _identity(run: _Run, groups: list[_Group], digits: str) -> str:
    if len(digits) not in (17, 18) and (len(digits) != 9 or len(groups) != 3):
        return ""
    check = run.plain[groups[-1].end : groups[-1].end + 1].upper()
    body = digits + check if len(digits) == 17 and check == "X" else digits
    if len(body) == 18 and _is_resident_number(body):
        return "national_id"
    shape = [len(group.digits) for group in groups]
    return "national_id" if shape == [3, 2, 4] and _separators(run.plain, groups) == {"-"} else ""


def _is_resident_number(body: str) -> bool:
    if not ("19" <= body[6:8] <= "20" and "01" <= body[10:12] <= "12" and "01" <= body[12:14] <= "31"):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_RESIDENT_WEIGHTS, body, strict=False))
    return "10X98765432"[total % 11] == body[17]


def _card(run: _Run, groups: list[_Group], digits: str) -> str:
    if len(digits) not in _CARD_LENGTHS.get(digits[0], ()) or not _stands_alone(run.plain, groups, words=True):
        return ""
    return "card" if _luhn(digits) else ""


def _luhn(digits: str) -> bool:
    total = sum(int(digit) for digit in digits[-1::-2])
    total += sum((2 * int(digit) - 1) % 9 + 1 if digit != "0" else 0 for digit in digits[-2::-2])
    return total % 10 == 0


def _separators(plain: str, groups: list[_Group]) -> set[str]:
    return {plain[left.end : right.start] for left, right in pairwise(groups)}


def _phone(run: _Run, groups: list[_Group], digits: str) -> str:
    if len(digits) > _LONGEST_PHONE:
        return ""
    lead = run.plain[max(groups[0].start - 3, 0) : groups[0].start]
    if not run.asked_for and len(groups) > 1 and _has_no_shape(digits, lead):
        return ""
    if lead.rstrip(" .-").endswith("+") or lead.endswith("+(") or lead in ("%2B", "%2b"):
        return "phone" if len(digits) >= 8 and digits[0] != "0" else ""
    if _is_chinese_mobile(digits):
        return "phone"
    if run.asked_for:
        likely = len(digits) > _SHORTEST_PHONE or len(groups) > 1
    else:
        likely = (
            not run.counted and len(digits) > _SHORTEST_PHONE and _looks_national(run.plain, groups, digits, lead[-1:])
        )
    if not likely or _is_date_or_address(run.plain, groups):
        return ""
    alone = _stands_alone(run.plain, groups) or _EXTENSION.match(run.plain, groups[-1].end)
    return "phone" if alone else ""


def _has_no_shape(digits: str, lead: str) -> bool:
    """Whether several groups are certainly no phone that is known by its shape alone; most groups of a list are not."""
    return (
        len(digits) not in (10, 11, 13)
        and digits[0] != "0"
        and "+" not in lead
        and "%2" not in lead
        and not lead.endswith("(")
    )


def _is_chinese_mobile(digits: str) -> bool:
    local = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    return len(local) == 11 and local[0] == "1" and local[1] in "3456789"


def _is_date_or_address(plain: str, groups: list[_Group]) -> bool:
    shape = [len(group.digits) for group in groups]
    years = [group.digits[:2] in ("19", "20") for group in groups if len(group.digits) == 4]
    if len(groups) in (2, 3) and years and all(years) and all(size <= 2 or size == 4 for size in shape):
        return True
    return len(groups) == 4 and max(shape) <= 3 and _separators(plain, groups) == {"."}


def _looks_national(plain: str, groups: list[_Group], digits: str, before: str) -> bool:
    """Shapes that are phones without a word that says so; shorter or plainer ones need the word."""
    shape = [len(group.digits) for group in groups]
    if digits.startswith("00") and len(digits) >= 10:
        return digits[2] != "0" or len(groups) > 1
    if digits.startswith("0"):
        return 9 <= len(digits) <= 12 and digits[1] != "0"
    if before == "(" and len(groups) > 1 and ")" in plain[groups[0].end : groups[1].start]:
        return 7 <= len(digits) <= 12
    if shape in ([3, 3, 4], [1, 3, 3, 4]):
        return True
    north_american = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return (
        len(groups) == 1
        and len(north_american) == 10
        and north_american[0] in "23456789"
        and north_american[3] in "23456789"
    )


# With the fewest and most digits of each, so that most windows are refused without a call.
NUMBER_KINDS = (
    (_identity, 9, 18),
    (_card, 12, _LONGEST_CARD),
    (_phone, _SHORTEST_PHONE, _LONGEST_PHONE),
)
