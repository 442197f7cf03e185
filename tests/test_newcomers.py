"""What somebody meets who has just added the line: mistakes are named at the start, not after a week."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine, Settings
from opsplug.cli.operate import _doctor
from opsplug.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"currency": "Euro"}, "ISO 4217"),
        ({"store": "mysql://shop"}, "'mysql' is no kind of store"),
        ({"events": {"GET /p/<id>": "view_itme"}}, "did you mean 'view_item'"),
        ({"events": {"GET /p/<id>": "bought"}}, "is no event"),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**given)


def test_disabled_means_that_nothing_is_stored_and_no_file_made(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", enabled=False)
    assert engine.track("purchase", transaction_id="1", user_id="u", value=3)
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_the_package_is_a_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "opsplug", "--version"], capture_output=True, text=True, timeout=120, check=True
    )
    assert ran.stdout.startswith("opsplug ")


def found(engine: Engine, name: str) -> list[tuple[str, str]]:
    engine.flush()
    return [(one.state, one.detail) for one in _doctor(engine).examine() if one.name == name]


def test_the_doctor_says_that_events_and_catalogue_use_other_ids(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True)
    engine.catalog.upsert([{"item_id": "#1001"}, {"item_id": "1002"}])
    engine.track_many([{"event": "view_item", "items": ["1001"]}] * 30)
    [(state, detail)] = found(engine, "ids")
    assert state == "warning"
    assert "0 % of the items" in detail and "unknown: 1001" in detail and "#1001" in detail
    engine.catalog.upsert([{"item_id": "1001"}])
    assert found(engine, "ids")[0][0] == "ok"
    engine.close()


def test_the_doctor_says_that_nobody_was_asked(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True)
    assert found(engine, "consent") == []
    engine.store.add_counts({"visits_without_identity": 60})
    [(state, detail)] = found(engine, "consent")
    assert state == "warning" and "nobody was asked" in detail
    engine.store.add_counts({"consents_refused": 1})
    assert found(engine, "consent")[0][0] == "ok"
    engine.close()
