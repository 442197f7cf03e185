"""The two servers of the demonstration: Werkzeug's for Flask, uvicorn for Starlette. Both are bound before they run."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from opsplug import OpsPlugError
from opsplug.demo.shop import Shop

INSTALL = {"flask": "Flask", "starlette": "starlette uvicorn itsdangerous jinja2"}


class DemoError(OpsPlugError):
    """The demonstration cannot start; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """`forever` returns when the process is interrupted."""

    shop: Shop
    address: str
    forever: Callable[[], None]


def open_server(framework: str, folder: Path, host: str, port: int, admin_token: str) -> Server:
    """The shop on one of the frameworks, listening at `host` and `port` (0: a free one)."""
    openers = {"flask": _on_flask, "starlette": _on_starlette}
    if framework not in openers:
        raise DemoError(f"framework {framework!r} is not supported; use flask or starlette")
    listening = _listen(host, port)
    try:
        shop, forever = openers[framework](folder, listening, admin_token)
    except ModuleNotFoundError as error:
        listening.close()
        wanted = INSTALL[framework]
        raise DemoError(f"the demo on {framework} needs {error.name}; install it with: pip install {wanted}") from error
    shown = f"[{host}]" if ":" in host else host
    return Server(shop, f"http://{shown}:{listening.getsockname()[1]}", forever)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise DemoError(f"cannot listen at {host}:{port}: {error.strerror}. Choose another port with --port") from error
    listening.listen(128)
    return listening


def _on_flask(folder: Path, listening: socket.socket, admin_token: str) -> tuple[Shop, Callable[[], None]]:
    from werkzeug.serving import WSGIRequestHandler, make_server

    from opsplug.demo.flask_app import create_app

    class QuietHandler(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """The terminal tells what the demonstration does, not each picture it serves."""

    app = create_app(folder, admin_token)
    host, port = listening.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler, fd=listening.fileno())
    shop: Shop = app.extensions["demo_shop"]

    def forever() -> None:
        """In a thread of its own, for a signal that falls between a connection and its thread would break that."""
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            serving.join()
        finally:
            server.shutdown()

    return shop, forever


def _on_starlette(folder: Path, listening: socket.socket, admin_token: str) -> tuple[Shop, Callable[[], None]]:
    import uvicorn

    from opsplug.demo.starlette_app import create_app

    app = create_app(folder, admin_token)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    shop: Shop = app.state.shop
    return shop, lambda: server.run(sockets=[listening])
