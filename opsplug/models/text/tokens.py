"""Texts as terms and terms as arrays: what the text models share.

A fitted text model is a dictionary from term to number. It travels as two arrays (the terms' UTF-8 bytes and their
numbers), so that a web process reads it with numpy alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[a-z0-9]+(?:['’][a-z]+)?|[^\W\d_a-z{HAN}]+|[{HAN}]")
_GRAM_SIZES = (2, 3, 4, 5)

Arrays = dict[str, NDArray[np.generic]]


def words(text: str) -> list[str]:
    """Lower-case words; each Chinese character is a word of its own."""
    return _WORD.findall(text.lower())


def with_pairs(terms: Sequence[str]) -> set[str]:
    """The distinct terms and neighbouring pairs of terms."""
    return {*terms, *map(" ".join, pairwise(terms))}


def character_ngrams(text: str, sizes: Iterable[int]) -> set[str]:
    """The distinct stretches of `sizes` characters."""
    return {text[at : at + size] for size in sizes for at in range(len(text) - size + 1)}


@lru_cache(maxsize=50_000)
def grams_of_word(word: str) -> tuple[str, ...]:
    """Stretches of two to five characters of one word between spaces, so that beginnings and endings differ."""
    padded = f" {word[:40]} "
    return tuple(padded[at : at + size] for size in _GRAM_SIZES for at in range(len(padded) - size + 1))


_ENDINGS = ("ingly", "edly", "ing", "ied", "ies", "ed", "ly", "es", "s", "er", "est")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """An English word without its ending, marked so that it is no word: works, worked and working share "~work"."""
    left = word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            left = word[: -len(ending)]
            break
    if len(left) > 3 and left[-1] == left[-2] and left[-1] not in "aeiousl":
        left = left[:-1]
    return f"~{left.rstrip('ey') if len(left) > 4 else left}"


def pack_terms(terms: Iterable[str]) -> NDArray[np.uint8]:
    """Terms as one array of UTF-8 bytes; a term holds no line break."""
    return np.frombuffer("\n".join(terms).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpack_terms(packed: NDArray[np.generic]) -> list[str]:
    """The terms of `pack_terms`, in order."""
    raw = np.asarray(packed, dtype=np.uint8).tobytes()
    return raw.decode("utf-8", "surrogatepass").split("\n") if raw else []
