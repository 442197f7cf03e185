"""A shop's process whose files belong to somebody else; run by test_owners.py in an interpreter of its own.

Usage: other_owner.py FOLDER. Prints one JSON object: what each call of the public surface did.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from opsplug import Engine
from opsplug.cli import operate
from opsplug_flask import OpsPlug, current_engine

NOBODY = 65534


def make(folder: Path) -> None:
    engine = Engine(store=f"sqlite:///{folder}/o.db")
    engine.catalog.upsert([{"item_id": f"sku{n}", "item_name": "Mug", "price": 1} for n in range(9)])
    engine.track("purchase", items=["sku1"], transaction_id="1", user_id="u")
    engine.train(["recommendations"])
    engine.close()


def take_away(folder: Path) -> None:
    """Root's files, looked at by nobody; where the tests are not root's, files without any rights."""
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0)
    folder.chmod(0)


def attempt(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return repr(error)
    return "ok"


def shop(folder: Path) -> dict[str, str]:
    app = Flask("shop")
    OpsPlug(app, store=f"sqlite:///{folder}/o.db", consent="not_required")
    calls: dict[str, Callable[[Engine], Any]] = {
        "track": lambda engine: engine.track("purchase", items=["sku1"], transaction_id="2", user_id="u"),
        "recommend": lambda engine: engine.recommend(user_id="u"),
        "chat": lambda engine: engine.chat.reply("hello"),
        "upsert": lambda engine: engine.catalog.upsert([{"item_id": "sku1", "price": 2}]),
        "remove": lambda engine: engine.catalog.remove("sku1"),
        "get": lambda engine: engine.catalog.get("sku1"),
        "all": lambda engine: engine.catalog.all(),
        "sentiment": lambda engine: engine.sentiment.score("good"),
        "helper": lambda engine: engine.helpers.recommendations("home"),
        "flush": lambda engine: engine.flush(0.1),
    }
    app.add_url_rule("/call/<name>", "call", lambda name: attempt(lambda: calls[name](current_engine())))
    visitor = app.test_client()
    told = {name: visitor.get(f"/call/{name}").text for name in calls}
    told["health"] = visitor.get("/_opsplug/health").json["status"]
    engine: Engine = app.extensions["opsplug"].engine
    found = operate._doctor(engine).examine()
    told["doctor"] = " ".join(finding.name for finding in found if finding.state == "problem")
    told["close"] = attempt(engine.close)
    return told


def main(folder: Path) -> None:
    warm = folder / "warm"
    warm.mkdir()
    make(warm)
    shop(warm)  # imports whatever is imported when it is needed: the interpreter itself may not be nobody's to read
    make(folder)
    if os.fork() == 0:
        take_away(folder)
        sys.stdout.write(json.dumps(shop(folder)))
        sys.stdout.flush()
        os._exit(0)
    os.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
