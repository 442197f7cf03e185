"""Intents from the ways in which entries were asked: served where they answer more, silent where they would mislead."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from opsplug import Engine
from opsplug.errors import ModelError, SettingsError
from opsplug.models.intents import Intent
from opsplug.models.text.retrieval import CONFIDENT, preferred
from opsplug.settings import Settings
from opsplug.training.encoders import Endpoint, encoder_of
from opsplug.training.intents import HeldOut, Phrase, _gate

# Invented words: what no vocabulary and no spelling gives away.
WAYS = {
    "returns": "zorg my blimp|I want to zorg it|how does one zorg a blimp|zorg please|may I zorg this blimp|zorging a blimp",
    "delivery": "quaff the wibble|when is the quaff|wibble quaff time|has the wibble quaffed|quaff my wibble soon",
    "payment": "snarf by flarn|can I snarf|flarn or snarf|snarfing with a flarn|is snarf by flarn possible",
    "gifts": "trunkle it prettily|a trunkle with a bow|could you trunkle|trunkle as a present|do you trunkle",
    "account": "forb a new nidget|can I forb|forbing the nidget|where do I forb a nidget|my nidget will not forb",
    "stock": "is the drizzock grunted|grunted drizzock|when is it grunted again|grunt the drizzock|drizzocks grunted",
}  # fmt: skip
ANSWERS = {"returns": "Within 30 days.", "delivery": "3 to 5 days.", "payment": "By card.", "gifts": "Yes, wrapped.",
           "account": "Press sign up.", "stock": "On Monday."}  # fmt: skip
QUESTIONS = {
    "returns": "What is your return policy?", "delivery": "How long does delivery take?",
    "payment": "Which cards do you accept?", "gifts": "Do you wrap gifts?",
    "account": "How do I register?", "stock": "When is it back in stock?",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(store=f"sqlite:///{tmp_path}/s.db", testing=True)
    yield made
    made.close()


def teach(shop: Engine) -> None:
    shop.chat.knowledge.upsert(
        {"id": name, "question": QUESTIONS[name], "answer": ANSWERS[name], "also": ways} for name, ways in WAYS.items()
    )


def test_ways_to_ask_are_learnt_and_answered(shop: Engine) -> None:
    teach(shop)
    [report] = shop.train(["intents"])
    assert report.metrics["right and sure"] >= report.baseline["right and sure"] and report.promoted
    assert report.metrics["wrong and sure"] <= 0.02
    assert shop.chat.reply("may I zorg a blimp?", anonymous_id="v").text == ANSWERS["returns"]
    assert shop.chat.reply("tell me of your opening hours", anonymous_id="w").action == "ask"
    kept = shop.store.get_document("intents_report", "now")
    assert kept["served"] and set(kept["languages"]) == {"en"} and kept["phrases"] > 10


def test_too_few_ways_teach_nothing(shop: Engine) -> None:
    assert shop.train(["intents"]) == []
    shop.chat.knowledge.upsert([{"id": "a", "question": "a b c?", "answer": "d", "also": "e f|g h"}])
    assert shop.train(["intents"]) == []


def test_an_entry_that_ran_out_is_not_answered_though_it_was_learnt(shop: Engine) -> None:
    teach(shop)
    shop.train(["intents"])
    shop.chat.knowledge.upsert(
        [{"id": "returns", "question": QUESTIONS["returns"], "answer": ANSWERS["returns"], "valid_until": "2020-01-01"}]
    )
    assert shop.chat.reply("may I zorg a blimp?", anonymous_id="v").text != ANSWERS["returns"]


def test_an_intent_joins_what_was_found() -> None:
    found = [("en/a", 0.5), ("en/b", 0.3)]
    assert preferred(found, None) == found == preferred(found, Intent(None, 0.2))
    assert preferred(found, Intent("en/a", 0.9)) == [("en/a", 0.9), ("en/b", 0.3)]
    assert preferred(found, Intent("en/b", 0.9)) == [("en/b", 0.9), ("en/a", 0.5)]
    assert preferred([], Intent("en/c", 0.9)) == [("en/c", 0.9)]
    disputed = preferred([("en/a", 0.9)], Intent("en/b", 0.95))
    assert [name for name, _ in disputed] == ["en/a", "en/b"] and all(share < CONFIDENT for _, share in disputed)


class Vectors(BaseHTTPRequestHandler):
    """An OpenAI-compatible embeddings endpoint: counts of letters; `broken` answers with what does not fit."""

    received: ClassVar[list[str]] = []
    broken = False

    def do_POST(self) -> None:
        texts: Sequence[str] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        type(self).received += texts
        rows: list[Any] = [[text.lower().count(chr(97 + at)) + 0.01 for at in range(26)] for text in texts]
        data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows)]
        body = json.dumps({"object": "list", "model": "m", "data": data[:-1] if self.broken else data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    Vectors.received, Vectors.broken = [], False
    with ThreadingHTTPServer(("127.0.0.1", 0), Vectors) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_vectors_of_an_endpoint_are_of_unit_length_and_texts_leave_masked(endpoint: str) -> None:
    pytest.importorskip("openai", reason="the extra llm is not installed")
    encoder = encoder_of({"embeddings": endpoint, "embeddings_model": "m"})
    assert isinstance(encoder, Endpoint)
    rows = encoder.encode([*["a text"] * 70, "write to a@b.io"])
    assert rows.shape == (71, 26) and np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert "a@b.io" not in Vectors.received and Vectors.received[-1] == "write to [email]"
    assert np.allclose(encoder.encode(["a text"])[0], rows[0])
    count = len(Vectors.received)
    encoder.encode(["a text"])
    assert len(Vectors.received) == count
    Vectors.broken = True
    with pytest.raises(ModelError, match="do not fit"):
        encoder.encode(["one", "two"])
    encoder.close()
    gone = Endpoint("http://127.0.0.1:9/v1", "m", "", timeout=0.5)
    with pytest.raises(ModelError, match="no vectors"):
        gone.encode(["x"])
    gone.close()


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"embeddings": "somewhere"}, "embeddings"), ({"embeddings": "https://host/v1"}, "embeddings_model")],
)
def test_settings_that_do_not_fit_are_named(settings: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings(**settings)


def test_the_gate_raises_the_threshold_until_few_are_wrong() -> None:
    """Five of a hundred intents are wrong at 0.82; those at 0.9 are right."""

    def one(name: str, said: str, confidence: float) -> HeldOut:
        return HeldOut(Phrase("x", name, "y", False), [("en/z", 0.2)], Intent(said, confidence))

    held = [*[one("en/a", "en/b", 0.82)] * 5, *[one("en/a", "en/a", 0.9)] * 95]
    threshold, outcomes, serves = _gate(held, {"right and sure": 0.0})
    assert threshold == 0.85 and serves and sum(sure for _, _, sure in outcomes) == 95
    assert not _gate([*[one("en/a", "en/b", 0.99)] * 5, *held[5:]], {"right and sure": 0.0})[2]
