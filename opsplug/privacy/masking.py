"""Replaces what identifies a person in free text by a placeholder: `[email]`, `[phone]`, `[card]`, `[iban]`,
`[national_id]`.

Each kind is decided by its own standard: cards by ISO/IEC 7812 lengths and the Luhn digit, IBANs by ISO 13616 lengths
and mod 97, Chinese resident numbers by GB 11643, phones by E.164 or a national shape. Candidates have a bounded length
and are read from left to right, so the time grows linearly with the text whatever the text is. A word boundary is an
ASCII letter or digit: Chinese text may stand directly before and after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from opsplug.privacy.identity_numbers import number_spans

# Digits of other scripts, styled and circled ones too, and every kind of space become ASCII in the same way.
_DIGITS = (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)
# Full-width forms become ASCII one for one, so that positions stay those of the original.
_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20, 0x00A0: 0x20}
# So do Chinese numerals: whoever writes a mobile number as 一三八… means to be called all the same.
_FULL_WIDTH |= {ord(numeral): 0x30 + value for value, numeral in enumerate("零一二三四五六七八九")}
_FULL_WIDTH |= {ord("〇"): 0x30, ord("幺"): 0x31}
_FULL_WIDTH |= {zero + value: 0x30 + value for zero in _DIGITS for value in range(10)}
_FULL_WIDTH |= {0x245F + value: 0x30 + value for value in range(1, 10)} | {0x24EA: 0x30}
_FULL_WIDTH |= dict.fromkeys((*range(0x2000, 0x200B), 0x202F, 0x205F, 0x09), 0x20)
# What nobody sees may stand anywhere in a number or an address: soft hyphens, joiners, marks of direction and style.
UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]")
_ROUNDS = 4  # honest text needs two; more would let a crafted text cost more than its length
_LOCAL_PART = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'")
_LOCAL_PART |= frozenset(
    map(chr, range(0xC0, 0x250))
)  # letters with accents; Chinese words before it are no part of it
_DOT = r"(?:[.\u3002]|%2[Ee]|\s?[\[({]\s?(?:dot|DOT|点)\s?[\])}]\s?)"
_DOMAIN = re.compile(
    rf"(?:[\w\-]{{1,63}}{_DOT}){{1,8}}(?:[A-Za-z]{{2,24}}|中国|公司|网络)|\[?(?:\d{{1,3}}\.){{3}}\d{{1,3}}\]?"
)
_AT = re.compile(r"@|%(?:25)?40|&#(?:64|[xX]40);|&commat;|\s?[\[({]\s?(?:at|AT|艾特)\s?[\])}]\s?")
_BETWEEN = " -._/"  # the groups of an IBAN
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d\d(?=[ \-._/]?[A-Za-z0-9])")
_IBAN_LENGTH = {  # the countries of the SWIFT registry
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}


class Finding(NamedTuple):
    """One masked stretch of a text.

    Attributes
    ----------
    kind : str
        email, phone, card, iban or a national id.
    start, end : int
        Half-open range of characters in the text that was given.
    """

    kind: str
    start: int
    end: int


class MaskedText(NamedTuple):
    """A text that may be stored or sent.

    Attributes
    ----------
    text : str
    findings : tuple of Finding
        What was hidden in the original, in order.
    """

    text: str
    findings: tuple[Finding, ...]


def mask(text: str) -> MaskedText:
    """Hide addresses and numbers that identify a person. A second pass changes nothing.

    Parameters
    ----------
    text : str
        In any script; digits of other scripts, invisible characters and spelled-out mail signs are seen through.

    Returns
    -------
    MaskedText
        Each finding is replaced by its kind in brackets.
    """
    if text.isascii() or UNSEEN.search(text) is None:
        found = tuple(_hidden(text))
    else:
        seen = [position for position, character in enumerate(text) if not UNSEEN.match(character)]
        spans = _hidden("".join(text[position] for position in seen))
        found = tuple(Finding(kind, seen[start], seen[end - 1] + 1) for kind, start, end in spans)
    return MaskedText(_replace(text, [(f"[{kind}]", start, end) for kind, start, end in found]), found)


def _hidden(text: str) -> list[Finding]:
    """What is to be hidden, in order."""
    plain = text.translate(_FULL_WIDTH)
    findings: list[Finding] = []
    for _ in range(_ROUNDS):  # hiding one may leave its neighbour standing alone, and so recognisable
        found = _scan(plain)
        if not found:
            break
        findings += found
        plain = _replace(plain, [(f"[{']' * (end - start - 1)}", start, end) for _, start, end in found])
    return sorted(findings, key=lambda finding: finding.start)


def _scan(plain: str) -> list[Finding]:
    """Findings in order; of two that overlap the earlier one keeps its whole length."""
    kept: list[Finding] = []
    end = 0
    for finding in sorted(_candidates(plain), key=lambda found: (found.start, -found.end)):
        if finding.end > end:
            kept.append(finding._replace(start=max(finding.start, end)))
            end = finding.end
    return kept


def _candidates(plain: str) -> Iterator[Finding]:
    yield from (Finding("email", start, end) for start, end in _emails(plain))
    yield from (Finding("iban", start, end) for start, end in _ibans(plain))
    yield from (Finding(kind, start, end) for kind, start, end in number_spans(plain))


def _replace(text: str, stretches: list[tuple[str, int, int]]) -> str:
    pieces: list[str] = []
    end = 0
    for substitute, start, stop in stretches:
        pieces += (text[end:start], substitute)
        end = stop
    return "".join((*pieces, text[end:]))


def _emails(plain: str) -> Iterator[tuple[int, int]]:
    ended = 0
    for sign in _AT.finditer(plain):
        start = sign.start()
        while start > ended and sign.start() - start < 64 and plain[start - 1] in _LOCAL_PART:
            start -= 1
        domain = _DOMAIN.match(plain, sign.end())
        if start < sign.start() and domain is not None:
            ended = domain.end()
            yield start, ended


def _ibans(plain: str) -> Iterator[tuple[int, int]]:
    for start in _IBAN_START.finditer(plain):
        length = _IBAN_LENGTH.get(start.group()[:2].upper(), 0)
        end = start.start() + _reach(plain, start.start(), length)
        if _is_iban(plain[start.start() : end]):
            yield start.start(), end


def _reach(plain: str, start: int, length: int) -> int:
    """How far `length` letters and digits reach, single spaces or hyphens between; 0 if they do not stand alone."""
    position, found = start, 0
    while position < len(plain) and found < length:
        if plain[position].isascii() and plain[position].isalnum():
            found += 1
        elif plain[position] not in _BETWEEN or plain[position - 1] in _BETWEEN:
            return 0
        position += 1
    follows = plain[position : position + 1]
    return position - start if found == length and not (follows.isascii() and follows.isalnum()) else 0


def _is_iban(candidate: str) -> bool:
    compact = "".join(character for character in candidate if character not in _BETWEEN).upper()
    return bool(compact) and int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1
