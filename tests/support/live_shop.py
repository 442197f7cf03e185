"""A real little shop on each framework, on a real socket, with an inbox: for tests of two people in two browsers."""

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from werkzeug.serving import make_server

from opsplug import Engine
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.support.flask_shop import shop_app
from tests.support.starlette_shop import shop_routes


def agent_of(request: Any) -> Any:
    """Who has the cookie of an agent is one."""
    name = request.cookies.get("agent")
    return {"role": "agent", "name": name} if name else None


class LiveShop:
    """Use as a context manager; `url` is its address. Pages are those of the adapters' tests."""

    def __init__(self, framework: str, folder: Path, **settings: Any) -> None:
        chosen = {
            "store": f"sqlite:///{folder}/opsplug.db", "consent": "required", "train_every": 0, "chat": True,
            "admin": agent_of, "testing": False, **settings,
        }  # fmt: skip
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.engine: Engine
        if framework == "flask":
            app = shop_app()
            self.engine = OpsPlug(app, **chosen).engine
            wsgi = make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno())
            self._end, run = wsgi.shutdown, wsgi.serve_forever
        else:
            self.engine = Engine(**chosen)
            asgi = Starlette(routes=shop_routes(folder))
            asgi.add_middleware(OpsPlugMiddleware, engine=self.engine)
            server = uvicorn.Server(uvicorn.Config(asgi, log_level="error", timeout_graceful_shutdown=1))
            self._end = lambda: setattr(server, "should_exit", True)
            run = lambda: server.run(sockets=[listening])  # noqa: E731
        self._listening = listening
        self._thread = threading.Thread(target=run, daemon=True)

    def __enter__(self) -> "LiveShop":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._thread.join(10)
        self.engine.close()
        self._listening.close()
