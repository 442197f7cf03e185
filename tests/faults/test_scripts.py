"""Scripts report without a server: what they track is stored, whether they wait, go on or end at once."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsplug import Engine
from opsplug.store import open_store
from tests.contracts.store_contract import read

ROOT = Path(__file__).resolve().parents[2]
REPORTS = """
import sys
from opsplug import Engine
engine = Engine(store=sys.argv[1])
for n in range(50):
    engine.track("view_item", items=[{"item_id": f"sku{n}"}], anonymous_id="v", event_id=f"view{n}")
"""
ENDINGS = {
    "it ends": "",
    "it fails": "raise SystemExit(3)",
    "it raises": "1 / 0",
    "it reports at the very end": "import atexit; atexit.register(lambda: engine.track('search', event_id='last'))",
    "an order at the end": "engine.track('purchase', items=[{'item_id': 'a', 'price': 1}], value=1, currency='EUR')",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_script_that_tracks_and_ends_loses_nothing(tmp_path: Path, ending: str) -> None:
    store = f"sqlite:///{tmp_path}/opsplug.db"
    subprocess.run([sys.executable, "-c", REPORTS + ENDINGS[ending], store], cwd=ROOT, capture_output=True, timeout=300)
    opened = open_store(store)
    found = {event.event_id for event in read(opened)}
    opened.close()
    assert {f"view{n}" for n in range(50)} <= found
    assert len(found) == 50 + ("very end" in ending or "order" in ending)


def test_an_exit_handler_registered_before_us_may_still_report(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/opsplug.db"
    early = "import atexit\natexit.register(lambda: engine.track('search', event_id='last'))\n"
    subprocess.run([sys.executable, "-c", early + REPORTS, store], cwd=ROOT, capture_output=True, timeout=300)
    opened = open_store(store)
    assert "last" in {event.event_id for event in read(opened)}
    opened.close()


def test_a_long_scripts_events_are_on_the_disk_without_its_doing(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/opsplug.db")
    for n in range(5):
        engine.track("view_item", items=[{"item_id": "a"}], anonymous_id="v")
        deadline = time.monotonic() + 60
        while engine.store.last_id() <= n:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    engine.close()


def test_tests_keep_one_thread(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/opsplug.db", testing=True)
    engine.track("view_item", items=[{"item_id": "a"}], anonymous_id="v")
    assert engine.store.last_id() == 0
    assert engine.flush()
    assert engine.store.last_id() == 1
    engine.close()
