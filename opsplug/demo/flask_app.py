"""The demonstration shop on Flask."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from flask import Flask, Response, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from opsplug.demo import http
from opsplug.demo.opening import open_shop, session_secret, settings
from opsplug.demo.routes import ROUTES, address
from opsplug.demo.shop import Shop
from opsplug.demo.visit import not_found
from opsplug_flask import OpsPlug


def create_app(folder: Path, admin_token: str = "") -> Flask:
    """The shop whose data live in `folder`; it is `app.extensions["demo_shop"]`."""
    app = Flask(__name__)
    app.secret_key = session_secret(folder)
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    plug = OpsPlug(
        app,
        **settings(folder, admin_token),
        user_id=lambda request: session.get("customer"),
        cart=lambda request: list(session.get("cart", {})),
        order_lookup=lambda number, customer: shop.order_state(number, customer),
    )
    shop: Shop = open_shop(folder, plug.engine)
    app.extensions["demo_shop"] = shop

    def view(handler: http.Handler, **values: str) -> AnyResponse:
        return _answer(handler(shop, _request(values)))

    for route in ROUTES:
        app.add_url_rule(route.path, route.name, partial(view, route.handler), methods=[route.method])
    app.register_error_handler(404, lambda error: _answer(not_found(shop, _request({}))))
    return app


def _request(values: dict[str, str]) -> http.Request:
    root = request.script_root
    return http.Request(
        path=request.path,
        session=session,
        address=partial(address, root),
        values=values,
        query=request.args,
        form=request.form,
        root=root,
    )


def _answer(answer: http.Page | http.Redirect) -> AnyResponse:
    if isinstance(answer, http.Redirect):
        return redirect(answer.location, 303)
    response: Response = make_response(render_template(answer.template, **answer.context), answer.status)
    response.mimetype = answer.media_type
    response.headers.update(http.headers(answer))
    return response
