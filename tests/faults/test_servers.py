"""gunicorn and uvicorn as shops run them: several workers, preloading, kills, graceful ends."""

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from opsplug.capture.spool import Spool
from opsplug.engine import SPOOL_FOLDER
from opsplug.events import Event
from opsplug.store import open_store
from tests.contracts.store_contract import read
from tests.faults.test_processes import LOCKED_SECONDS, small_disk  # noqa: F401  (a fixture)

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if os.environ.get("OPSPLUG_SOAK") == "1" else 10
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
# However busy the machine is, no worker is thought dead, and none is cut short at the end.
PATIENT = ("--timeout", "600", "--graceful-timeout", "600")
GUNICORN = ("-m", "gunicorn", "tests.faults.server_apps:flask_shop()", "-w", "3", *PATIENT)
# A worker that is killed while uvicorn asks it whether it lives is missed only when that question times out.
UVICORN = (
    "-m",
    "uvicorn",
    "tests.faults.server_apps:starlette_shop",
    "--factory",
    "--workers",
    "2",
    "--timeout-worker-healthcheck",
    "20",
)
FLASK = ("-m", "flask", "--app", "shop:flask_shop", "run", "--debug")
RELOADED = ("-m", "uvicorn", "shop:starlette_shop", "--factory", "--reload")
KILLED = {"gunicorn": GUNICORN, "gunicorn preload": (*GUNICORN, "--preload"), "uvicorn": UVICORN}
RELOADERS = {"flask debug": FLASK, "uvicorn reload": RELOADED}
SERVERS = KILLED | RELOADERS | {"gunicorn threads": (*GUNICORN, "--threads", "4")}
MODULE = "from tests.faults.server_apps import flask_shop, starlette_shop\n"  # in the shop's folder, to be touched

JSON = "application/json"

pytestmark = pytest.mark.servers


class Server:
    def __init__(self, kind: str, folder: Path, disk: Path | None = None) -> None:
        """The store lies on `disk`, all else in `folder`."""
        self.log = (folder / "server.log").open("wb")
        self.folder = folder
        self.disk = disk or folder
        self.write_module(MODULE)
        self.start(kind)
        while not self.is_up():  # somebody else has taken the port in the meantime
            self.log.truncate(0)
            self.start(kind)

    def start(self, kind: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        where = ("-b", f"127.0.0.1:{self.port}") if "gunicorn" in kind else ("--port", str(self.port))
        paths = [str(ROOT), str(ROOT / "adapters/flask"), str(ROOT / "adapters/starlette")]
        self.process = subprocess.Popen(
            [sys.executable, *SERVERS[kind], *where],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "OPSPLUG_STORE": f"sqlite:///{self.disk}/opsplug.db",
            },
            stdout=self.log,
            stderr=self.log,
        )

    def is_up(self) -> bool:
        """Waits until it answers; False where another one has its port."""
        soon(lambda: self.ask("GET", "/product/0") == 200 or self.process.poll() is not None)
        if self.process.poll() is None:
            return True
        said = (self.folder / "server.log").read_text()
        assert "in use" in said, said
        return False

    def write_module(self, text: str) -> None:
        """Whole, as a good editor does: nobody reads half of it."""
        draft = self.folder / "shop.draft"
        draft.write_text(text)
        draft.replace(self.folder / "shop.py")

    def reload(self, number: int) -> None:
        """Touches the module until other processes serve: one that begins only now to watch it has seen no change."""
        before = {process.pid for process in self.family()}
        for turn in itertools.count():
            self.write_module(f"{MODULE}\nTURN = ({number}, {turn})\n")
            with contextlib.suppress(AssertionError):
                soon(lambda: not before & {process.pid for process in self.family()}, 10)
                return
            assert turn < 30, "it does not reload"

    def ask(self, method: str, path: str) -> int | None:
        """The status, or None when no answer came."""
        return self.say(method, path)[0]

    def say(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int | None, str | None, dict[str, Any]]:
        """(status, cookie that was set, JSON of the answer); the status is None when no answer came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        sent = {"User-Agent": AGENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
            cookie = answer.getheader("Set-Cookie", "").partition(";")[0] or None
            return answer.status, cookie, json.loads(text) if answer.getheader("Content-Type") == JSON else {}
        except (OSError, http.client.HTTPException):
            return None, None, {}
        finally:
            connection.close()

    def workers(self) -> list[psutil.Process]:
        """Processes that serve (not uvicorn's resource tracker)."""
        serving = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie, too
                if "resource_tracker" not in " ".join(child.cmdline()):
                    serving.append(child)
        return serving

    def family(self) -> list[psutil.Process]:
        """The processes that a reloader starts anew."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child for child in self.workers() if child.is_running()]
        return []

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(300)
        self.log.close()

    def kept(self) -> set[str]:
        """Names of the events in the store, whatever else is under way."""
        store = open_store(f"sqlite:///{self.disk}/opsplug.db")
        names = {event.event for event in read(store)}
        store.close()
        return names

    def stored(self) -> list[Event]:
        store = open_store(f"sqlite:///{self.disk}/opsplug.db")
        Spool(self.disk / SPOOL_FOLDER).drain(lambda events: store.add_events(events))
        events = read(store)
        store.close()
        return events


def soon(condition: Callable[[], object], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    server = Server(request.param, tmp_path)
    try:
        yield server
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(server.process.pid).children(recursive=True)
            server.stop()
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


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
def test_the_shop_answers_while_the_disk_takes_nothing(small_disk: Path, tmp_path: Path, fault: str) -> None:  # noqa: F811
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
