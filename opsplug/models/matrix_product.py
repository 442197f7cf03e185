"""Products that stay in the thread that asks for them.

OpenBLAS, which numpy brings, spreads a product of a matrix with a vector over its threads from 460,800 multiplications
on, and one with a matrix from 262,145 on (its interface/gemv.c and interface/gemm.c). Where other work keeps the cores
busy, these threads wait for each other by spinning, and 0.05 ms become 8 ms of CPU (benchmarks/results/serving.md).
How many threads there are holds for the whole process and so is the shop's to say; smaller products use none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALONE = 1 << 18  # multiplications with a matrix that one thread is given
ALONE_WITH_VECTOR = 460_000


def product(matrix: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """`matrix @ other` for a matrix (n, d) and a vector (d,) or a matrix (d, m), in blocks of rows."""
    rows = max((ALONE_WITH_VECTOR if other.ndim == 1 else ALONE) // max(other.size, 1), 1)
    if len(matrix) <= rows:
        found: NDArray[Any] = matrix @ other
        return found
    whole = len(matrix) // rows * rows
    blocks = matrix[:whole].reshape(-1, rows, matrix.shape[1]) @ other  # numpy multiplies them one after the other
    return np.concatenate([blocks.reshape(whole, *other.shape[1:]), matrix[whole:] @ other])
