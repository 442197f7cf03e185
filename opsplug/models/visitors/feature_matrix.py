"""A feature table of any kind as a matrix of floats: a column for each common category, NaN for gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError

Array = NDArray[np.float64]
CATEGORIES = 12  # the commonest values of a column get a column of their own; the rest are "other"


def columns_of(X: Any) -> dict[str, list[Any]]:
    """Columns by name from a DataFrame, a dict of columns, a list of dicts or a two-dimensional array."""
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        return {str(name): list(X[name]) for name in X.columns}
    if isinstance(X, Mapping):
        return {str(name): list(column) for name, column in X.items()}
    rows = list(X)
    if rows and isinstance(rows[0], Mapping):
        names = dict.fromkeys(str(name) for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}
    array = np.asarray(X, dtype=object)
    if array.ndim == 1:
        array = array.reshape(-1, 1) if len(array) else array.reshape(0, 0)
    return {f"x{j}": list(array[:, j]) for j in range(array.shape[1])}


def number(value: Any) -> float:
    """The value as a finite float, else NaN."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return float("nan")
    return result if abs(result) < 1e30 else float("nan")


def _missing(value: Any) -> bool:
    return value is None or value == "" or bool(value != value)


class Table:
    """Learns the columns of one table and turns others like it into the same matrix; unknown columns are ignored."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str] | None] = {}  # None: a number; a list: the categories
        self.names: list[str] = []
        self.typical: Array = np.empty(0)

    def fit(self, X: Any) -> Array:
        columns = columns_of(X)
        self.kept = {name: self._kind(column) for name, column in columns.items()}
        self.names = [
            name if value is None else f"{name} = {value}"
            for name, kind in self.kept.items()
            for value in ([None] if kind is None else kind)
        ]
        matrix = self.transform(columns)
        self.typical = _typical(matrix)
        return matrix

    @property
    def sources(self) -> list[str]:
        """The table's column behind each column of the matrix."""
        return [name for name, kind in self.kept.items() for _ in ([None] if kind is None else kind)]

    def leave_out(self, names: set[str]) -> list[str]:
        """Ignore these columns of the table from now on; -> those that there were."""
        gone = [name for name in self.kept if name in names]
        kept = [place for place, name in enumerate(self.sources) if name not in names]
        self.names = [self.names[place] for place in kept]
        self.typical = self.typical[kept]
        for name in gone:
            del self.kept[name]
        return gone

    def export(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; `load` makes the same table of them."""
        rows = []
        for name, kind in self.kept.items():
            rows += [(name, value, kind is None) for value in ([""] if kind is None else kind)]
        return {
            "table/columns": np.array([row[0] for row in rows], object),
            "table/values": np.array([row[1] for row in rows], object),
            "table/numbers": np.array([row[2] for row in rows], bool),
            "table/typical": self.typical,
        }

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Table:
        table = cls()
        columns, values = arrays["table/columns"].tolist(), arrays["table/values"].tolist()
        for name, value, plain in zip(columns, values, arrays["table/numbers"].tolist(), strict=True):
            if plain:
                table.kept[name] = None
            else:
                table.kept.setdefault(name, []).append(value)  # type: ignore[union-attr]
        table.names = [
            name if plain else f"{name} = {value}"
            for name, value, plain in zip(columns, values, arrays["table/numbers"].tolist(), strict=True)
        ]
        table.typical = arrays["table/typical"]
        return table

    def _kind(self, column: list[Any]) -> list[str] | None:
        present = [value for value in column if not _missing(value)]
        texts = [value for value in present if isinstance(value, str) and np.isnan(number(value))]
        if len(texts) <= 0.05 * len(present):
            return None
        return [value for value, _ in Counter(map(str, present)).most_common(CATEGORIES)]

    def transform(self, X: Any) -> Array:
        columns = columns_of(X)
        rows = max((len(column) for column in columns.values()), default=0)
        parts = []
        for name, kind in self.kept.items():
            column = columns.get(name)
            if column is None:
                parts += [np.full(rows, np.nan)] * (1 if kind is None else len(kind))
            elif kind is None:
                parts.append(np.array([number(value) for value in column], dtype=float))
            else:
                texts = np.array(["" if _missing(value) else str(value) for value in column], dtype=object)
                parts += [(texts == value).astype(float) for value in kind]
        if not parts:
            raise ModelError("the feature table has no columns: give at least one")
        return np.column_stack(parts)


def _typical(matrix: Array) -> Array:
    known = np.isfinite(matrix)
    return np.array([np.median(c[k]) if k.any() else 0.0 for c, k in zip(matrix.T, known.T, strict=True)])
