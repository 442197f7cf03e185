"""An OpenAI-compatible server on a local socket that streams what a test tells it to, or misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Keeps what it was sent. `behaviour`: stream, hang (before a word), stall (after the words), garbage."""

    daemon_threads = True
    status = 200
    content = ""
    behaviour = "stream"
    headers: tuple[tuple[str, str], ...] = ()
    usage: int | None = 42

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.keys.append(self.headers["Authorization"])
        if self.server.behaviour == "hang":
            self.server.release.wait(120)
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        is_error = self.server.status != 200
        self.send_header("Content-Type", "application/json" if is_error else "text/event-stream")
        self.end_headers()
        if is_error or self.server.behaviour == "garbage":
            self.wfile.write(b'{"error": {"message": "no"}}' if is_error else b"data: {not json}\n\n")
            return
        for piece in _pieces(self.server.content):
            self._tell({"choices": [{"index": 0, "delta": {"content": piece}}]})
        if self.server.behaviour == "stall":
            while not self.server.release.wait(0.02):
                self._tell({"choices": [{"index": 0, "delta": {"content": ""}}]})
            return
        self._tell({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if self.server.usage is not None:
            self._tell(
                {
                    "choices": [],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": self.server.usage},
                }
            )
        self.wfile.write(b"data: [DONE]\n\n")

    def _tell(self, chunk: dict[str, Any]) -> None:
        about = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        self.wfile.write(b"data: " + json.dumps({**about, **chunk}).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, *arguments: Any) -> None:
        pass


def _pieces(content: str) -> Iterator[str]:
    for at in range(0, len(content), 7):
        yield content[at : at + 7]


def running() -> Iterator[Server]:
    """For a fixture: the server until the test ends."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.release.set()
        made.shutdown()
        thread.join()
