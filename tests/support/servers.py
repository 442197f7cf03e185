"""Real server processes in front of a shop."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from opsplug.capture.spool import Spool
from opsplug.engine import SPOOL_FOLDER
from opsplug.events import Event
from opsplug.store import open_store
from tests.contracts.store_contract import read
from tests.support.faults import LOCKED_SECONDS, small_disk  # noqa: F401  (a fixture)
from tests.support.waiting import soon

ROOT = Path(__file__).resolve().parents[2]


AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


# However busy the machine is, no worker is thought dead, and none is cut short at the end.
PATIENT = ("--timeout", "600", "--graceful-timeout", "600")


GUNICORN = ("-m", "gunicorn", "tests.support.server_apps:flask_shop()", "-w", "3", *PATIENT)


# A worker that is killed while uvicorn asks it whether it lives is missed only when that question times out.
UVICORN = (
    "-m",
    "uvicorn",
    "tests.support.server_apps:starlette_shop",
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


MODULE = "from tests.support.server_apps import flask_shop, starlette_shop\n"  # in the shop's folder, to be touched


JSON = "application/json"


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
        # The reloader that Flask brings: watchdog, which other tools install, does not hear of a file put in place.
        (self.folder / "watchdog.py").write_text("raise ImportError('not here')\n")
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
