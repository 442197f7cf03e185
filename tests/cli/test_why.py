"""`opsplug why` as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opsplug import Engine
from opsplug.cli.app import group

EVENT = {"event": "view_item", "event_id": "event-0001", "properties": {"colour": "red"}}


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/opsplug.db"


def why(store: str, *arguments: str, given: object = None) -> Result:
    text = given if isinstance(given, str) else json.dumps(given)
    return CliRunner().invoke(group, ["why", "--store", store, *arguments], input=text, catch_exceptions=False)


def test_an_event_is_followed_to_the_store(store: str) -> None:
    said = why(store, given=EVENT)
    assert said.exit_code == 0
    assert "CHANGED  fields" in said.stdout and "colour" in said.stdout and "Stored as view_item" in said.stdout


def test_a_body_of_several_goes_one_by_one(store: str, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"events": [EVENT, {**EVENT, "event": "purchase"}]}))
    said = why(store, str(file), "--json")
    assert said.exit_code == 1  # one of them is not stored
    assert [one["stored"] for one in json.loads(said.stdout)["events"]] == [True, False]


@pytest.mark.parametrize(
    "given", ["", "no json", "[]", "{}", '{"events": []}', '{"events": 5}', '{"event": 5}', "\x00"]
)
def test_nonsense_is_answered(store: str, given: str) -> None:
    said = why(store, given=given)
    assert said.exit_code == 1 and "Not stored" in said.stdout


def test_an_event_by_its_id(store: str) -> None:
    engine = Engine(store=store, testing=True)
    event_id = engine.track("view_item", items=[{"item_id": "sku1"}], event_id="told-by-us")
    engine.store.add_counts({"rate_limited": 3})
    engine.close()
    assert "Stored as view_item of a visitor" in why(store, "--event", event_id).stdout
    missing = why(store, "--event", "nowhere")
    assert missing.exit_code == 1
    assert "No event with the id nowhere" in missing.stdout and "rate_limited" in missing.stdout
