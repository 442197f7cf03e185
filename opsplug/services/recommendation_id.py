"""A recommendation's id says where, when and by which model it was made, so that nothing is stored for an answer.

18 bytes in URL-safe base64: format; placement, rung and holdout; epoch seconds; the end of the model's version; random.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Final

from opsplug.services.ranking import RUNGS

PLACEMENTS: Final = ("home", "item", "cart", "order", "search", "article")
UNTRAINED: Final = "untrained"
_FORMAT = 1
_LENGTH = 18


@dataclass(frozen=True, slots=True)
class Made:
    """What an id tells. `model` is the eight hex digits that end the model's version, or `untrained`."""

    placement: str
    rung: str
    holdout: bool
    at: int
    model: str


def make_id(placement: str, rung: str, *, at: float, version: str = "", holdout: bool = False) -> str:
    """24 URL-safe characters."""
    tag = bytes.fromhex(version.rpartition("-")[2]) if version else bytes(4)
    packed = PLACEMENTS.index(placement) | RUNGS.index(rung) << 3 | holdout << 6
    seconds = min(max(int(at), 0), 2**40 - 1)
    body = bytes([_FORMAT, packed]) + seconds.to_bytes(5) + tag + os.urandom(7)
    return base64.urlsafe_b64encode(body).decode()


def read_id(recommendation_id: object) -> Made | None:
    """What the id tells, None for anything that is not one of ours."""
    if not isinstance(recommendation_id, str) or len(recommendation_id) != 24:
        return None
    try:
        body = base64.b64decode(recommendation_id, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    placement, rung = body[1] & 7, body[1] >> 3 & 7
    if len(body) != _LENGTH or body[0] != _FORMAT or placement >= len(PLACEMENTS) or rung >= len(RUNGS):
        return None
    tag = body[7:11]
    model = tag.hex() if any(tag) else UNTRAINED
    return Made(PLACEMENTS[placement], RUNGS[rung], bool(body[1] & 64), int.from_bytes(body[2:7]), model)
