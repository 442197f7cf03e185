"""gunicorn and uvicorn as shops run them: several workers, preloading, kills, graceful ends."""

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from opsplug.capture.spool import Spool
from opsplug.engine import SPOOL_FOLDER
from opsplug.events import Event
from opsplug.store import open_store
from tests.contracts.store_contract import read

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if os.environ.get("OPSPLUG_SOAK") == "1" else 10
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
GUNICORN = ("-m", "gunicorn", "tests.faults.server_apps:flask_shop()", "-w", "3", "--graceful-timeout", "10")
UVICORN = ("-m", "uvicorn", "tests.faults.server_apps:starlette_shop", "--factory", "--workers", "2")
SERVERS = {"gunicorn": GUNICORN, "gunicorn preload": (*GUNICORN, "--preload"), "uvicorn": UVICORN}

pytestmark = pytest.mark.servers


class Server:
    def __init__(self, kind: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        where = ("-b", f"127.0.0.1:{self.port}") if "gunicorn" in kind else ("--port", str(self.port))
        paths = [str(ROOT), str(ROOT / "adapters/flask"), str(ROOT / "adapters/starlette")]
        self.log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, *SERVERS[kind], *where],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPSPLUG_STORE": f"sqlite:///{folder}/opsplug.db"},
            stdout=self.log,
            stderr=self.log,
        )
        self.folder = folder
        soon(lambda: self.ask("GET", "/product/0") == 200, 60)

    def ask(self, method: str, path: str) -> int | None:
        """The status, or None when no answer came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers={"User-Agent": AGENT})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
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

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.log.close()

    def stored(self) -> list[Event]:
        store = open_store(f"sqlite:///{self.folder}/opsplug.db")
        Spool(self.folder / SPOOL_FOLDER).drain(lambda events: store.add_events(events))
        events = read(store)
        store.close()
        return events


def soon(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(params=SERVERS)
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
    assert "Traceback" not in log
    store = open_store(f"sqlite:///{server.folder}/opsplug.db")
    counts = store.counts()
    store.close()
    assert not {name for name in counts if name.startswith("errors.")}
    assert not counts.get("events_lost")
    assert not counts.get("events_dropped")


@pytest.mark.soak
def test_killing_workers_loses_no_acknowledged_purchase(server: Server) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def buy(number: int) -> None:
        n = 0
        while not over.is_set():
            n += 1
            if server.ask("POST", f"/buy/{number}x{n}") == 200:
                acknowledged.append(f"{number}x{n}")

    threads = in_threads(4, buy)
    chance = random.Random(3)
    try:
        for _ in range(KILLS):
            before = len(acknowledged)
            soon(lambda before=before: len(acknowledged) > before and server.workers(), 60)  # type: ignore[misc]
            time.sleep(chance.random() * 0.2)
            with contextlib.suppress(psutil.NoSuchProcess):
                chance.choice(server.workers()).kill()
        before = len(acknowledged)
        soon(lambda: len(acknowledged) > before, 60)  # the server has recovered
    finally:
        over.set()
        for thread in threads:
            thread.join()
    server.stop()
    bought = Counter(e.properties["transaction_id"] for e in server.stored() if e.event == "purchase")
    assert set(acknowledged) <= bought.keys()
    assert set(bought.values()) == {1}


def test_the_shop_answers_while_the_database_is_lost(server: Server) -> None:
    assert server.ask("POST", "/buy/before") == 200
    for file in server.folder.glob("opsplug.db*"):
        file.unlink()
    assert {server.ask("POST", f"/buy/after{n}") for n in range(10)} == {200}
    assert {server.ask("GET", f"/product/{n}") for n in range(10)} == {200}
    server.stop()
    bought = {e.properties["transaction_id"] for e in server.stored() if e.event == "purchase"}
    assert bought == {f"after{n}" for n in range(10)}
