"""Mixes written by the version before: their channels were known by position, and some members had other names.

The other way round, that version refuses a mix of this one in one line of the log (it finds no `weights`) and goes on
serving the last one that it could read: nothing is read by a wrong position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.recommend.arrays import Arrays

FORMAT: Final = 2  # of the arrays of a mix
POSITIONS: Final = (
    "taste", "lately", "session", "next", "also_viewed", "factors", "factors_lately", "similar", "popular", "recent",
    "trend", "buy_again", "repurchase_rate", "deep", "repurchase_interval",
)  # fmt: skip  # the frozen order of format 1, by the names of today
MEMBERS: Final = {"taken": "item_bias", "new": "cold_items"}
ARRAYS: Final = {"trend/fresh": "trend/recent", "buy_again/habit": "buy_again/repurchase_rate"}


def current_format(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    """The arrays of a mix as this version writes them; `ModelError` for those of a later version."""
    version = int(arrays["format"][0]) if "format" in arrays else 1
    if version > FORMAT:
        raise ModelError(f"models: this mix has format {version}, this version of opsplug reads up to {FORMAT}")
    return arrays if version == FORMAT else _from_positions(arrays)


def _from_positions(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    found: Arrays = {"format": np.array([FORMAT])}
    for key, value in arrays.items():
        member, slash, name = ARRAYS.get(key, key).partition("/")
        if name == "kind":
            value = np.array([MEMBERS.get(str(value[0]), str(value[0]))], dtype=np.str_)
        found[f"{MEMBERS.get(member, member)}{slash}{name}"] = value
    table = found.pop("weights")
    found |= {"channels": np.array(POSITIONS[: table.shape[1]], dtype=np.str_), "channel_weights": table}
    if "cold_items/codes" in found:
        found.setdefault("cold_items/strength", np.array([1.0]))  # from before it was learnt
    return found
