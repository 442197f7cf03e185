"""Tags of items, learned from names and descriptions: words and pairs of words that say what a thing is.

Pairs and runs of Chinese characters become one tag when they stand together far more often than chance would have it
(pointwise mutual information), so no dictionary and no word segmenter is needed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from opsplug.features.items import CJK, WORD

MIN_ITEMS: Final = 3  # items that share a tag
COMMON: Final = 0.25  # share of the items above which a word says nothing
TOGETHER: Final = 3.0  # bits of mutual information that join a pair
TAGS_EACH: Final = 5
MAX_CHARACTERS: Final = 300  # characters of an item that are read
_STOP: Final = frozenset(
    """a an and are as at be by de for from if in into is it its of on or our out that the their this to up was with you
    your set pack new size small medium large mini""".split()
)
_NUMBER: Final = re.compile(r"\d+\w{0,2}\Z")
_ZH_STOP: Final = frozenset("的了和与在是有为及或等一个款装")


def tags(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Item id -> its tags, the most telling first; `texts` are name and description by item id."""
    found = {item: _parts(text[:MAX_CHARACTERS]) for item, text in texts.items()}
    singles: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for runs in found.values():
        singles.update({part for run in runs for part in run})
        pairs.update({pair for run in runs for pair in pairwise(run)})
    n = max(len(found), 1)
    joined = {pair for pair, count in pairs.items() if count >= MIN_ITEMS and _together(pair, count, singles, n)}
    own = {item: _candidates(runs, joined) for item, runs in found.items()}
    spread = Counter(tag for candidates in own.values() for tag in candidates)
    good = {tag for tag, count in spread.items() if MIN_ITEMS <= count <= max(COMMON * n, MIN_ITEMS) and _telling(tag)}
    return {item: _best([tag for tag in candidates if tag in good], spread, n) for item, candidates in own.items()}


def _together(pair: tuple[str, str], count: int, singles: Counter[str], n: int) -> bool:
    """Far more often than by chance; less will do where one is hardly seen without the other."""
    bits = math.log2(count * n / (singles[pair[0]] * singles[pair[1]]))
    return bits >= (0.5 if count >= 0.6 * min(singles[pair[0]], singles[pair[1]]) else TOGETHER)


def _parts(text: str) -> list[list[str]]:
    """Runs of words; each run of Chinese characters is one of single characters."""
    runs = [
        [word for word in WORD.findall(part) if not _NUMBER.match(word)]
        for part in CJK.sub(" \n ", text.lower()).split("\n")
    ]
    runs += [list(run) for run in CJK.findall(text)]
    return [run for run in runs if run]


def _candidates(runs: Sequence[Sequence[str]], joined: set[tuple[str, str]]) -> list[str]:
    """Longest chains of joined parts, and single words between them; each once."""
    chains: dict[str, None] = {}
    for run in runs:
        chain = [run[0]]
        for part in [*run[1:], ""]:
            if part and (chain[-1], part) in joined and len(chain) < 4:
                chain.append(part)
                continue
            chinese = bool(CJK.match(chain[0]))
            chains.setdefault(("" if chinese else " ").join(chain))
            chain = [part]
    return list(chains)


def _telling(tag: str) -> bool:
    if CJK.match(tag):
        return len(tag) > 1 and tag[0] not in _ZH_STOP and tag[-1] not in _ZH_STOP
    words = tag.split()
    return len(tag) > 2 and not any(word in _STOP for word in (words[0], words[-1]))


def _best(candidates: Sequence[str], spread: Counter[str], n: int) -> list[str]:
    """The rarer a tag the more it says, but one that few share helps little: the balance of both."""
    return sorted(candidates, key=lambda tag: -math.log(n / spread[tag]) * math.log1p(spread[tag]))[:TAGS_EACH]
