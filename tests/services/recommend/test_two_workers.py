"""What one worker saw, another one knows soon; a model trained elsewhere serves without a restart."""

import subprocess
import sys
import time
from pathlib import Path

from opsplug import Engine

ITEMS = [
    {"item_id": f"{kind}{n}", "item_name": f"{kind} {colour}", "item_category": kind}
    for kind in ("mug", "lamp", "kite")
    for n, colour in enumerate(("red", "blue", "green", "white", "black"))
]
CLICK = """
import sys
from opsplug import Engine
engine = Engine(store=sys.argv[1], train_every=0)
engine.start()
engine.track("view_item", items=[{"item_id": "kite1"}], anonymous_id="somebody-with-an-id", session_id="s")
input()   # the worker lives on: nothing is flushed at exit
"""


def test_a_click_in_one_worker_changes_the_next_list_of_another(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/opsplug.db"
    engine = Engine(store=address, train_every=0, testing=True)
    engine.catalog.upsert(ITEMS)

    def ask() -> tuple[str, list[str]]:
        found = engine.recommend(placement="home", anonymous_id="somebody-with-an-id", k=4)
        return found.rung, [item.item_id for item in found.items]

    before = ask()
    worker = subprocess.Popen([sys.executable, "-c", CLICK, address], stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 120
        while (now := ask())[0] != "session" and time.monotonic() < deadline:
            time.sleep(0.01)
        rung, items = now
    finally:
        worker.communicate(b"\n", timeout=120)
        engine.close()
    assert before[0] in ("catalogue", "popular")
    assert rung == "session"
    assert sum(item.startswith("kite") for item in items) >= 2
    assert "kite1" not in items
