"""Events a second over HTTP, in batches of 20, through gunicorn and uvicorn with 2 workers each.

Run `python benchmarks/ingest.py`, or `python benchmarks/ingest.py --seconds 600 --rate 5500` for what ten minutes do to
the workers' memory.
Two client processes keep connections open and send bodies of different visitors as fast as they are answered, on the
same two cores. Every accepted event must be in the store afterwards; the workers' memory is told before and after.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from opsplug.capture.ids import new_id
from opsplug.store import open_store

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
BATCH = 20
CONNECTIONS = 12  # of each client process


def flask_app() -> Any:
    from flask import Flask

    from opsplug_flask import OpsPlug

    app = Flask(__name__)
    OpsPlug(app, consent="not_required", train_every=0, trusted_proxies=1)
    return app


def starlette_app() -> Any:
    from starlette.applications import Starlette

    from opsplug_starlette import OpsPlugMiddleware

    app = Starlette()
    app.add_middleware(OpsPlugMiddleware, consent="not_required", train_every=0, trusted_proxies=1)
    return app


def send(port: int, seconds: float, rate: float, seed: int, results: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.monotonic()
    accepted, turn = 0, 0
    while time.monotonic() < began + seconds:
        turn += 1
        if rate:
            time.sleep(max(0.0, began + turn * BATCH * CONNECTIONS * 2 / rate - time.monotonic()))
        events = [
            {
                "event": "view_item",
                "event_id": new_id(),
                "timestamp": time.time() * 1000,
                "path": f"/product/{n}",
                "properties": {"items": [{"item_id": f"sku{n}", "price": 9.9}]},
            }
            for n in range(BATCH)
        ]
        visitor = f"{turn % 500:020d}"
        headers = {
            "User-Agent": BROWSER,
            "Content-Type": "text/plain",
            "X-Forwarded-For": f"10.{seed}.{turn % 250}.{turn % 199}",
            "Cookie": f"opsplug_id={visitor}.{visitor}.{int(time.time() // 60):x}.-",
        }
        try:
            connection.request("POST", "/_opsplug/events", json.dumps({"events": events}), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):  # the server has closed an idle connection
            connection.close()
            continue
        if answer.status != 202:
            raise SystemExit(f"{answer.status}: {body.decode()}")
        accepted += json.loads(body)["accepted"]
    results.put(accepted)


def run(name: str, command: list[str], seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        store = Path(folder) / "o.db"
        environ = {**os.environ, "OPSPLUG_STORE": f"sqlite:///{store}"}
        here = str(Path(__file__).parent)
        server = subprocess.Popen([part.format(port=port, here=here) for part in command], env=environ, cwd=here)
        try:
            wait_for(port)
            workers = psutil.Process(server.pid).children(recursive=True) or [psutil.Process(server.pid)]
            send_for(port, min(3.0, seconds), rate)
            before = sum(worker.memory_info().rss for worker in workers if worker.is_running()) / 1e6
            started, cpu = time.monotonic(), cpu_of(workers)
            minutes = Minutes(workers)
            accepted = send_for(port, seconds, rate)
            minutes.over.set()
            taken, used = time.monotonic() - started, cpu_of(workers) - cpu
            after = sum(worker.memory_info().rss for worker in workers if worker.is_running()) / 1e6
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        reader = open_store(f"sqlite:///{store}")
        stored = reader.last_id()
        counts = reader.counts()
        reader.close()
    print(
        f"{name:22} {accepted / taken:8.0f} events/s  {accepted / used:8.0f} per CPU s of the workers  "
        f"memory {before:.0f} -> {after:.0f} MB  stored {stored}, dropped {counts.get('events_dropped', 0)}"
    )


class Minutes(threading.Thread):
    """The workers' memory, minute by minute."""

    def __init__(self, workers: list[Any]) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self._workers = workers
        self.start()

    def run(self) -> None:
        while not self.over.wait(60.0):
            sizes = [f"{worker.memory_info().rss / 1e6:.0f}" for worker in self._workers if worker.is_running()]
            print(f"  {time.strftime('%H:%M')}  MB of each process: {' '.join(sizes)}", flush=True)


def send_from_threads(port: int, seconds: float, rate: float, seed: int, results: Any) -> None:
    """Several connections: one alone would measure how long its two packets wait for each other's receipt."""
    threads = [
        threading.Thread(target=send, args=(port, seconds, rate, seed * CONNECTIONS + n, results))
        for n in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_for(port: int, seconds: float, rate: float) -> int:
    results: Any = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=send_from_threads, args=(port, seconds, rate, seed, results)) for seed in (1, 2)
    ]
    for client in clients:
        client.start()
    total = sum(results.get() for _ in range(len(clients) * CONNECTIONS))
    for client in clients:
        client.join()
    return int(total)


def cpu_of(processes: list[Any]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes if process.is_running())


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/_opsplug/health")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=0.0, help="events a second; 0: as many as are answered")
    parser.add_argument("--server", choices=("gunicorn", "uvicorn"), help="only this one")
    chosen = parser.parse_args()
    python = sys.executable
    gunicorn = [
        python,
        "-m",
        "gunicorn",
        "-w",
        "2",
        "-k",
        "gthread",
        "--threads",
        "4",
        "--keep-alive",
        "60",
        "--log-level",
        "error",
    ]
    if chosen.server != "uvicorn":
        gunicorn += ["-b", "127.0.0.1:{port}", "ingest:flask_app()"]
        run("gunicorn, Flask", gunicorn, chosen.seconds, chosen.rate)
    uvicorn = [python, "-m", "uvicorn", "--workers", "2", "--port", "{port}", "--log-level", "error", "--factory"]
    if chosen.server != "gunicorn":
        run("uvicorn, Starlette", [*uvicorn, "ingest:starlette_app"], chosen.seconds, chosen.rate)


if __name__ == "__main__":
    main()
