"""gunicorn and uvicorn as shops run them: several workers, preloading, kills, graceful ends."""

import contextlib
import os
import random
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from opsplug.capture.spool import Spool
from opsplug.engine import SPOOL_FOLDER
from opsplug.store import open_store
from tests.support.faults import LOCKED_SECONDS, small_disk  # noqa: F401  (a fixture)
from tests.support.servers import (
    KILLED,
    RELOADERS,
    SERVERS,
    Server,
    server,  # noqa: F401  (a fixture)
)
from tests.support.waiting import soon

KILLS = 200 if os.environ.get("OPSPLUG_SOAK") == "1" else 10


pytestmark = pytest.mark.servers


def in_threads(count: int, work: Callable[[int], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


on_all = pytest.mark.parametrize("server", SERVERS, indirect=True)
on_killed = pytest.mark.parametrize("server", KILLED, indirect=True)
on_reloaders = pytest.mark.parametrize("server", RELOADERS, indirect=True)


@on_all
def test_every_event_is_stored_once(server: Server) -> None:
    statuses: list[int | None] = []

    def shop(number: int) -> None:
        for n in range(1, 41):
            statuses.append(server.ask("GET", f"/product/{number}x{n}"))
            if n % 4 == 0:
                statuses.append(server.ask("POST", f"/buy/{number}x{n}"))

    for thread in in_threads(4, shop):
        thread.join()
    assert Counter(statuses) == {200: 200}
    server.stop()
    events = server.stored()
    assert len({event.event_id for event in events}) == len(events)
    counted = Counter(event.event for event in events if event.route == "/product/<number>")
    first = 1  # at least one request found the server up
    assert counted["page_view"] >= 160 + first
    purchases = [event.properties["transaction_id"] for event in events if event.event == "purchase"]
    assert sorted(purchases) == sorted(f"{number}x{n}" for number in range(4) for n in range(4, 41, 4))
    log = (server.folder / "server.log").read_text()
    assert "database is locked" not in log
    assert "Traceback" not in log, log
    store = open_store(f"sqlite:///{server.folder}/opsplug.db")
    counts = store.counts()
    store.close()
    # A background job may be cut short by the server's end; that is told apart.
    assert not {name for name in counts if name.startswith("errors.") and not name.startswith("errors.job.")}
    assert not counts.get("events_lost")
    assert not counts.get("events_dropped")


def converse(server: Server, number: int, over: threading.Event, acknowledged: list[tuple[str, str]]) -> None:
    """A visitor of the chat who says everything until it has arrived, as the widget does."""
    turn = 0
    while not over.is_set():
        turn += 1
        client = f"10.{number}.{turn % 250}.{turn // 250}"  # many visitors: none of them is too fast
        cookie, conversation = None, None
        for n in range(5):
            message = {"text": f"where is order {turn}?", "message_id": f"m{number}-{turn}-{n}"}
            known = {"Cookie": cookie} if cookie else {}
            while not over.is_set():
                status, given, answer = server.say(
                    "POST",
                    "/_opsplug/chat/messages",
                    message | ({"conversation_id": conversation} if conversation else {}),
                    X_Forwarded_For=client,
                    **known,
                )
                if status == 200:
                    cookie, conversation = cookie or given, answer["conversation_id"]
                    acknowledged.append((answer["conversation_id"], message["message_id"]))
                    break
                assert status in (None, 503), (status, answer)


@pytest.mark.soak
@on_killed
def test_killing_workers_loses_no_acknowledged_purchase_nor_chat_message(server: Server) -> None:
    acknowledged: list[str] = []
    said: list[tuple[str, str]] = []
    over = threading.Event()

    def buy(number: int) -> None:
        n = 0
        while not over.is_set():
            n += 1
            if server.ask("POST", f"/buy/{number}x{n}") == 200:
                acknowledged.append(f"{number}x{n}")

    threads = in_threads(3, buy) + in_threads(2, lambda number: converse(server, number, over, said))
    chance = random.Random(3)
    try:
        for _ in range(KILLS):
            before = len(acknowledged)
            soon(lambda before=before: len(acknowledged) > before and server.workers())  # type: ignore[misc]
            time.sleep(chance.random() * 0.2)
            with contextlib.suppress(psutil.NoSuchProcess):
                chance.choice(server.workers()).kill()
        before = len(acknowledged)
        soon(lambda: len(acknowledged) > before)  # the server has recovered
    finally:
        over.set()
        for thread in threads:
            thread.join()
    server.stop()
    bought = Counter(e.properties["transaction_id"] for e in server.stored() if e.event == "purchase")
    assert set(acknowledged) <= bought.keys()
    assert set(bought.values()) == {1}
    store = open_store(f"sqlite:///{server.folder}/opsplug.db")
    kept = Counter((key.partition("/")[0], event["id"]) for key, event in store.documents("chat"))
    store.close()
    assert said
    assert set(said) <= kept.keys()
    assert set(kept.values()) == {1}


@on_reloaders
def test_a_reload_loses_nothing(server: Server) -> None:
    bought: list[str] = []
    over = threading.Event()

    def buy(number: int) -> None:
        n = 0
        while not over.is_set():
            n += 1
            server.ask("GET", f"/product/{number}x{n}")
            if server.ask("POST", f"/buy/{number}x{n}") == 200:
                bought.append(f"{number}x{n}")

    threads = in_threads(2, buy)
    try:
        for turn in range(2):
            server.reload(turn)
            count = len(bought)
            soon(lambda count=count: len(bought) > count)  # type: ignore[misc]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    server.stop()
    kept = Counter(e.properties["transaction_id"] for e in server.stored() if e.event == "purchase")
    assert set(bought) <= kept.keys()
    assert set(kept.values()) == {1}
    assert "Traceback" not in (server.folder / "server.log").read_text()


@on_all
def test_the_shop_answers_while_the_database_is_lost(server: Server) -> None:
    assert server.ask("POST", "/buy/before") == 200
    soon(lambda: "purchase" in server.kept() and not Spool(server.disk / SPOOL_FOLDER).waiting())
    for file in server.folder.glob("opsplug.db*"):
        file.unlink(missing_ok=True)  # the log goes with the last connection
    assert {server.ask("POST", f"/buy/after{n}") for n in range(10)} == {200}
    assert {server.ask("GET", f"/product/{n}") for n in range(10)} == {200}
    server.stop()
    bought = {e.properties["transaction_id"] for e in server.stored() if e.event == "purchase"}
    assert bought == {f"after{n}" for n in range(10)}


@pytest.mark.soak
@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"], indirect=True)
def test_the_shop_answers_while_the_database_is_locked(server: Server) -> None:
    holder = sqlite3.connect(server.folder / "opsplug.db", isolation_level=None)
    soon(lambda: server.ask("POST", "/buy/before") == 200)
    holder.execute("BEGIN IMMEDIATE")
    until, n, slowest = time.monotonic() + LOCKED_SECONDS, 0, 0.0
    while time.monotonic() < until:
        n += 1
        began = time.monotonic()
        assert server.ask("POST", f"/buy/locked{n}") == 200
        assert server.ask("GET", f"/product/locked{n}") == 200
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(LOCKED_SECONDS / 100)
    holder.execute("ROLLBACK")
    holder.close()
    assert slowest < 60  # 250 ms for the order's answer; the rest is this machine's
    assert server.ask("POST", "/buy/after") == 200
    server.stop()
    events = server.stored()
    bought = Counter(e.properties["transaction_id"] for e in events if e.event == "purchase")
    assert bought == Counter(["before", "after", *(f"locked{i + 1}" for i in range(n))])
    assert len([e for e in events if e.event == "page_view"]) >= n  # they waited in memory


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_the_shop_answers_while_the_disk_takes_nothing(small_disk: Path, tmp_path: Path, fault: str) -> None:
    server = Server("gunicorn", tmp_path, small_disk)
    filler = small_disk / "filler"
    try:
        assert server.ask("POST", "/buy/before") == 200
        if fault == "full":
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        else:
            server.stop()  # a file system with files open for writing cannot be made read-only by hand
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
            server = Server("gunicorn", tmp_path, small_disk)
        for n in range(6):
            assert server.ask("POST", f"/buy/{n}") == 200
            assert server.ask("GET", f"/product/{n}") == 200
        assert server.ask("GET", "/_opsplug/recommendations") == 200
        if fault == "full":
            filler.unlink()
        else:
            subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        assert server.ask("POST", "/buy/after") == 200
    finally:
        server.stop()
    bought = Counter(e.properties["transaction_id"] for e in server.stored() if e.event == "purchase")
    assert {"before", "after"} <= bought.keys()
    assert set(bought.values()) == {1}
    store = open_store(f"sqlite:///{small_disk}/opsplug.db")
    counts = store.counts()
    store.close()
    assert len(bought) + counts.get("events_lost", 0) == 8  # what was given up for lost is counted, if it is
