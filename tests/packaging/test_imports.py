"""What a web process loads: neither at import nor while it serves does it open what only training needs."""

import subprocess
import sys

import pytest

HEAVY = ("sklearn", "joblib", "scipy", "nltk", "textblob", "torch", "pandas", "sqlite_utils", "apprise", "openai")
IMPORTS = "import opsplug, opsplug_flask, opsplug_starlette; from opsplug import Engine, Settings"
SERVES = """
import flask, sys
from opsplug_flask import OpsPlug
app = flask.Flask("shop", instance_path=sys.argv[1])
plug = OpsPlug(app, consent="not_required", admin=lambda request: True)
app.add_url_rule("/p/<item_id>", "p", lambda item_id: flask.render_template_string(
    "<html><head></head><body>{{ opsplug.recommendations('item', item_id=i) }}</body></html>", i=item_id))
engine = plug.engine
engine.catalog.upsert([{"item_id": f"s{n}", "item_name": f"Blue mug {n}", "price": n} for n in range(20)])
engine.chat.knowledge.upsert([{"id": "r", "question": "How do I return it?", "answer": "By post."}])
client = app.test_client()
assert "data-item-id" in client.get("/p/s1").text
assert client.get("/_opsplug/recommendations").json["items"]
assert client.post("/_opsplug/chat/messages", json={"text": "I am angry, how do I return it?"}).json["messages"]
assert client.get("/_opsplug/admin/").status_code == 200
engine.close()
"""


PAGES = """
import flask, sys
from opsplug_flask import OpsPlug
app = flask.Flask("shop", instance_path=sys.argv[1])
engine = OpsPlug(app, consent="not_required").engine
app.add_url_rule("/", "home", lambda: "<html><head></head><body>hello</body></html>")
page = app.test_client().get("/", headers={"User-Agent": "Mozilla/5.0 Firefox/128.0"})
assert "data-opsplug" in page.text
"""


def loaded_by(program: str, *arguments: str) -> set[str]:
    report = "\nimport sys; print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", program + report, *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    assert not loaded_by(IMPORTS).intersection((*HEAVY, "numpy"))


def test_serving_loads_nothing_heavy(tmp_path: "pytest.TempPathFactory") -> None:
    assert not loaded_by(SERVES, str(tmp_path)).intersection(HEAVY)


def test_a_page_alone_loads_no_arrays_and_no_stats_pages(tmp_path: "pytest.TempPathFactory") -> None:
    """The first visitor of a new worker waits for what the tag needs, and for nothing else."""
    assert "numpy" not in loaded_by(PAGES, str(tmp_path))


def test_importing_opens_and_starts_nothing() -> None:
    program = f"import threading, os; before = len(os.listdir('/proc/self/fd')); {IMPORTS}\n"
    program += "assert len(os.listdir('/proc/self/fd')) == before and threading.active_count() == 1"
    loaded_by(program)
