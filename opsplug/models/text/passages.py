"""Texts cut into passages: neighbouring sentences and lines, as they stand in the text."""

from __future__ import annotations

import re

from opsplug.models.text.tokens import HAN

_END = re.compile(r"(?<=[.!?…])[\"”')\]]*\s+|(?<=[。！？；])[”」』）]*|(?<!\s)\s*\n\s*")
_HAN = re.compile(f"[{HAN}]")
LONGEST_LATIN, LONGEST_HAN = 300, 100  # characters of a passage, unless one sentence alone has more
Span = tuple[int, int]


def passages(text: str) -> list[str]:
    """The passages of a text, in order; one, empty, for a text without any."""
    return [text[start:end] for start, end in spans(text)] or [""]


def spans(text: str) -> list[Span]:
    """Where the passages of a text begin and end."""
    longest = LONGEST_HAN if _HAN.search(text) else LONGEST_LATIN
    found: list[Span] = []
    for start, end in (piece for whole in sentences(text) for piece in _pieces(text, whole, 2 * longest)):
        if found and end - found[-1][0] <= longest:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def sentences(text: str) -> list[Span]:
    """Where the sentences and lines of a text begin and end, without the white space around them."""
    found: list[Span] = []
    start = 0
    for mark in _END.finditer(text):
        end = mark.end() if text[mark.start() : mark.end()].strip() else mark.start()
        if text[start:end].strip():
            found.append((start, end))
            start = mark.end()
    if text[start:].strip():
        found.append((start, len(text.rstrip())))
    return [(begin + len(text[begin:end]) - len(text[begin:end].lstrip()), end) for begin, end in found]


def _pieces(text: str, span: Span, longest: int) -> list[Span]:
    """A sentence that is too long for a passage, cut at spaces or anywhere."""
    start, end = span
    pieces: list[Span] = []
    while end - start > longest:
        space = text.rfind(" ", start + longest // 2, start + longest)
        cut = space if space > 0 else start + longest
        pieces.append((start, cut))
        start = cut + (space > 0)
    return [*pieces, (start, end)]


def excerpt(text: str, position: int, longest: int) -> str:
    """The passage at `position` with as much of what follows as fits, or the text itself where that is short."""
    if len(text) <= longest:
        return text
    cut = spans(text)
    start, end = cut[min(position, len(cut) - 1)]
    for _, further in cut[position + 1 :]:
        if further - start > longest:
            break
        end = further
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text.rstrip()) else ''}"
