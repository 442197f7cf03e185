"""The kinds of arrays that the modules of the recommender hand to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]  # what a model exports, by name
Scores = NDArray[np.float32]  # one per item of a candidate set, higher is better
Codes = NDArray[np.int64]  # items, as places in the model's vocabulary
