"""Many who wait on our addresses take nothing from the shop's own pages."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from opsplug.web import http
from opsplug.web.http import Response, Watch
from opsplug_starlette import OpsPlugMiddleware
from opsplug_starlette.translate import send_response

WAITS = 120.0


def page(request: Request) -> PlainTextResponse:
    """A page of the shop that needs a thread, as FastAPI's plain functions do."""
    return PlainTextResponse("the shop")


async def call(app: Any, path: str, client: str = "192.0.2.1") -> int:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
             "client": (client, 1), "server": ("shop", 80)}  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        with anyio.fail_after(300):
            await test()

    anyio.run(in_time)


def test_a_slow_answer_of_ours_leaves_the_shops_threads_alone(tmp_path: Path) -> None:
    release = threading.Event()

    def slow(request: Any) -> None:
        release.wait(WAITS)

    app = Starlette(routes=[Route("/page", page)])
    app.add_middleware(OpsPlugMiddleware, store=f"sqlite:///{tmp_path}/o.db", testing=True, admin=slow)

    async def crowd() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(call, app, "/_opsplug/admin/")
            await anyio.wait_all_tasks_blocked()
            try:
                with anyio.fail_after(WAITS / 2):
                    assert await call(app, "/page") == 200
            finally:
                release.set()

    run(crowd)


@pytest.mark.parametrize(("clients", "waiting"), [(1, 10), (300, 100)])
def test_so_many_may_wait_and_the_others_are_answered_at_once(clients: int, waiting: int) -> None:
    looked: list[bool] = []
    over = anyio.Event()

    def poll(last: bool) -> bytes | None:
        looked.append(last)
        return b"nothing new" if last else None

    async def wait_for(number: int) -> None:
        async def receive() -> dict[str, Any]:
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None: ...

        watch = Watch(poll, WAITS, every=WAITS, lasting=True, client=f"192.0.2.{number % clients}")
        await send_response(Response(200, watch=watch), receive, send, head=False)

    async def crowd() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(wait_for, number)
            while len(looked) < 300:
                await anyio.lowlevel.checkpoint()
            assert looked.count(False) == waiting
            over.set()
        assert not http._polls._held  # given back

    run(crowd)


def test_half_a_form_is_none(tmp_path: Path) -> None:
    app = OpsPlugMiddleware(Starlette(), store=f"sqlite:///{tmp_path}/o.db", testing=True)
    messages = [
        {"type": "http.request", "body": b'{"text": "do not send it"}', "more_body": True}, {"type": "http.disconnect"},
    ]  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/_opsplug/chat/messages", "query_string": b"",
                 "headers": [(b"user-agent", b"Mozilla/5.0")], "client": None}  # fmt: skip
        await app(scope, receive, send)

    anyio.run(ask)
    assert sent[0]["status"] == 400 and app.engine.store.documents("chat") == []
    app.engine.close()
