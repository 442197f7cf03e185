"""The same tiny shop on both frameworks, for real servers: a page, and a till whose answer waits for the disk."""

from typing import Any


def _buy(engine: Any, number: str) -> str:
    return str(
        engine.track(
            "purchase",
            items=[{"item_id": "mug", "price": 9.9, "quantity": 1}],
            value=9.9,
            currency="EUR",
            transaction_id=number,
        )
    )


def flask_shop() -> Any:
    from flask import Flask

    from opsplug_flask import OpsPlug

    app = Flask(__name__)
    plug = OpsPlug(app, train_every=0, trusted_proxies=1)

    @app.get("/product/<number>")
    def product(number: str) -> str:
        return f"<!doctype html><html><body>{number}</body></html>"

    @app.post("/buy/<number>")
    def buy(number: str) -> str:
        return _buy(plug.engine, number)

    return app


def starlette_shop() -> Any:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, PlainTextResponse, Response
    from starlette.routing import Route

    from opsplug_starlette import OpsPlugMiddleware, current_engine

    async def product(request: Request) -> Response:
        return HTMLResponse(f"<!doctype html><html><body>{request.path_params['number']}</body></html>")

    async def buy(request: Request) -> Response:
        return PlainTextResponse(_buy(current_engine(), request.path_params["number"]))

    routes = [Route("/product/{number}", product), Route("/buy/{number}", buy, methods=["POST"])]
    return Starlette(routes=routes, middleware=[Middleware(OpsPlugMiddleware, train_every=0, trusted_proxies=1)])
