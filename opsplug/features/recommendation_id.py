"""A recommendation's id says where, when and by which models it was made, so that nothing is stored for an answer.

24 bytes in URL-safe base64: format; placement, rung, holdout, known; epoch seconds; the ends of the versions of the mix
and of the slot ranker; where the mix had put the first eight items; random.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Rungs of the fallback chain, from the most to the least that was known.
RUNGS: Final = ("personal", "session", "item", "popular", "catalogue")
PLACEMENTS: Final = ("home", "item", "cart", "order", "search", "article")
UNTRAINED: Final = "untrained"
HEAD: Final = 8  # places whose rank in the mix an id tells
ELSEWHERE: Final = 15  # the rank of what stood further down, or came otherwise: a pin, a thing to buy again
_FORMAT = 2
_LENGTH, _CHARACTERS = 24, 32


@dataclass(frozen=True, slots=True)
class Made:
    """What an id tells. `model` is the eight hex digits that end the model's version, or `untrained`; `slots` those of
    the slot ranker, or empty. `ranks`: where the mix had put each of the first items, 15 for what came otherwise.
    `known`: it was made for one visitor, not for everybody."""

    placement: str
    rung: str
    holdout: bool
    at: int
    model: str
    slots: str = ""
    ranks: tuple[int, ...] = tuple(range(HEAD))
    known: bool = True


def make_id(
    placement: str,
    rung: str,
    *,
    at: float,
    version: str = "",
    slots: str = "",
    ranks: Sequence[int] = range(HEAD),
    holdout: bool = False,
    known: bool = True,
) -> str:
    """32 URL-safe characters."""
    packed = PLACEMENTS.index(placement) | RUNGS.index(rung) << 3 | holdout << 6 | known << 7
    seconds = min(max(int(at), 0), 2**40 - 1)
    padded = [*ranks, *[ELSEWHERE] * HEAD][:HEAD]
    nibbles = bytes(padded[place] << 4 | padded[place + 1] for place in range(0, HEAD, 2))
    body = bytes([_FORMAT, packed]) + seconds.to_bytes(5) + _tag(version) + _tag(slots) + nibbles + os.urandom(5)
    return base64.urlsafe_b64encode(body).decode()


def read_id(recommendation_id: object) -> Made | None:
    """What the id tells, None for anything that is not one of ours."""
    if not isinstance(recommendation_id, str) or len(recommendation_id) != _CHARACTERS:
        return None
    try:
        body = base64.b64decode(recommendation_id, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    placement, rung = body[1] & 7, body[1] >> 3 & 7
    if len(body) != _LENGTH or body[0] != _FORMAT or placement >= len(PLACEMENTS) or rung >= len(RUNGS):
        return None
    model, slots = body[7:11], body[11:15]
    ranks = tuple(half for byte in body[15:19] for half in (byte >> 4, byte & 15))
    return Made(
        PLACEMENTS[placement], RUNGS[rung], bool(body[1] & 64), int.from_bytes(body[2:7]),
        model.hex() if any(model) else UNTRAINED, slots.hex() if any(slots) else "", ranks, bool(body[1] & 128),
    )  # fmt: skip


def _tag(version: str) -> bytes:
    return bytes.fromhex(version.rpartition("-")[2]) if version else bytes(4)
