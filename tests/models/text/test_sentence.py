"""The packaged sentence encoder: like the model whose weights it has, near where meanings are, safe with any text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from opsplug.errors import ModelError
from opsplug.models.text.sentence import MiniLm, packaged, read_safetensors

FOLDER = packaged()
needs_weights = pytest.mark.skipif(FOLDER is None, reason="the extra embeddings is not installed")


@pytest.fixture(scope="module")
def encoder() -> MiniLm:
    assert FOLDER is not None
    return MiniLm(FOLDER)


@needs_weights
def test_the_forward_pass_is_berts(encoder: MiniLm) -> None:
    """Against torch's own layers with the same weights."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    text = "Where is my parcel, please?"
    ids = torch.tensor([encoder._tokenizer.encode(text).ids])
    weights = {name: torch.from_numpy(np.array(value)) for name, value in encoder._weights.items()}
    functional, width = torch.nn.functional, 384

    def norm(x: object, name: str) -> object:
        return functional.layer_norm(x, (width,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)

    def linear(x: object, name: str) -> object:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    state = weights["embeddings.word_embeddings.weight"][ids]
    state = state + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    state = norm(state + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            linear(state, f"{at}.attention.self.{part}").view(1, -1, 12, 32).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(1, -1, width)
        state = norm(state + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        wide = functional.gelu(linear(state, f"{at}.intermediate.dense"))
        state = norm(state + linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    expected = functional.normalize(state.mean(1)).numpy()
    assert np.allclose(encoder.encode([text]), expected, atol=1e-5)


@needs_weights
def test_meanings_are_near_each_other(encoder: MiniLm) -> None:
    rows = encoder.encode(["how do I return this?", "can I send it back?", "the weather is nice"])
    assert rows.shape == (3, 384) and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > 0.5 > 0.2 > rows[0] @ rows[2]


@needs_weights
def test_any_text_has_a_vector_alone_and_among_others(encoder: MiniLm) -> None:
    texts = ["", "😀", "可以退货吗", "x" * 100_000, "word " * 5000]
    rows = encoder.encode(texts)
    assert np.isfinite(rows).all()
    assert all(np.allclose(encoder.encode([text])[0], row, atol=1e-5) for text, row in zip(texts, rows, strict=True))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ModelError, match="MiniLM"):
        read_safetensors(tmp_path / "m.safetensors")
