"""A store, models and a spool that the version before wrote are opened by this one: served, drained, misread never.

tests/data/previous_version.tar.gz was written by opsplug 0.1.0 as of 2026-11-24: 120 visitors of two tastes (tea00 to
tea11, toy00 to toy11), 40 orders, two entries of knowledge, one conversation, a trained recommender, and one purchase
that waits in the spool.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug import Engine

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "previous_version.tar.gz"
SECRET = "for tests only, 0123456789abcdef"
CONVERSATION = "As8dr_pbDAevmWswjSr4YQ"
NOW = 1_790_000_000 + 200 * 3600  # epoch seconds: shortly after its last visit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(SAMPLE) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[Engine]:
    engine = Engine(
        store=f"sqlite:///{folder}/opsplug.db", models=str(folder / "opsplug-models"), timezone="UTC", secret_key=SECRET
    )
    yield engine
    engine.close()


def test_its_events_orders_and_catalogue_are_there(engine: Engine) -> None:
    events = [event for batch in engine.store.read_events() for _, event in batch]
    assert sum(event.event == "view_item" for event in events) == 480
    assert sum(event.event == "purchase" for event in events) == 40
    assert len(list(engine.store.items())) == 24


def test_its_model_serves_and_speaks_of_the_right_items(engine: Engine) -> None:
    """Weights of the wrong sign or shape show here; tests of the registry read weights by name."""
    found = engine.recommend("home", anonymous_id="v1", history=["tea01", "tea02"], k=5, now=NOW)
    assert found.rung in ("personal", "session")
    assert found.model.startswith("recommendations/")
    assert [item.item_id[:3] for item in found.items] == ["tea"] * 5


def test_what_waits_in_its_spool_is_stored_once(engine: Engine) -> None:
    for _ in range(2):
        engine.spool.drain(lambda events: engine.store.add_events(events, durable=True))
    bought = [e for batch in engine.store.read_events() for _, e in batch if e.event_id == "spooled-purchase-1"]
    assert len(bought) == 1
    assert bought[0].items[0].item_id == "tea01"


def test_its_knowledge_answers_and_its_conversation_goes_on(engine: Engine) -> None:
    assert "30 days" in engine.chat.reply("How do I return an item?", anonymous_id="v2").text
    again = engine.chat.reply("hello?", conversation_id=CONVERSATION, anonymous_id="v1")
    assert (again.conversation_id, again.action) == (CONVERSATION, "wait")  # a person had been asked for


def test_a_new_training_replaces_its_model(engine: Engine) -> None:
    (report,) = engine.train(["recommendations"], now=NOW)
    assert report.promoted, report.reason
