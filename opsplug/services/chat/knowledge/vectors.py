"""Sentence encoder for the knowledge: loaded at the first question, skipped for a minute after a failure."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.text.sentence import Encoder, Floats

log = logging.getLogger("opsplug")
_RETRY_AFTER = 60.0  # seconds without vectors after a failure: no visitor waits for a broken endpoint again and again
_MAX_CACHED = 12_000  # texts of the knowledge whose vectors are kept, so that one changed entry costs one text


class Vectors:
    """`current` is the encoder, or None: none is chosen, none is installed, or it failed within the last minute."""

    def __init__(self, open_encoder: Callable[[], Encoder | None], failed: Callable[[], object] = lambda: None) -> None:
        self._open = open_encoder
        self._failed = failed
        self._lock = threading.Lock()
        self._held: _Remembering | None = None
        self._is_open = False
        self._rests_until = 0.0

    def current(self) -> Encoder | None:
        if time.monotonic() < self._rests_until:
            return None
        with self._lock:
            if not self._is_open:
                try:
                    opened = self._open()
                except ModelError as error:
                    self.rest(error)
                    return None
                self._held = _Remembering(opened) if opened is not None else None
                self._is_open = True
        return self._held

    def rest(self, error: ModelError) -> None:
        """Words alone decide for a minute."""
        log.warning("opsplug: the chat finds answers by words alone for a minute: %s", error)
        self._failed()
        self._rests_until = time.monotonic() + _RETRY_AFTER


class _Remembering:
    """An encoder that keeps the vectors of knowledge, in half precision, from one index to the next."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self._known: dict[str, NDArray[np.float16]] = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        if len(texts) <= 1:
            return self._encoder.encode(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(missing) > _MAX_CACHED:
            self._known.clear()
            missing = list(dict.fromkeys(texts))
        if missing:
            rows = self._encoder.encode(missing).astype(np.float16)
            self._known.update(zip(missing, rows, strict=True))
        return np.stack([self._known[text] for text in texts]).astype(np.float32)
