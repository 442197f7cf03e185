"""The demonstration shop on Starlette."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

import opsplug_starlette
from opsplug import Engine
from opsplug.demo import http
from opsplug.demo.opening import open_shop, session_secret, settings
from opsplug.demo.routes import ROUTES, address
from opsplug.demo.shop import Shop
from opsplug.demo.visit import not_found

HERE = Path(__file__).parent
LARGEST_FORM = 16_384  # bytes; the shop's own forms are far smaller


def create_app(folder: Path, admin_token: str = "") -> Starlette:
    """The shop whose data live in `folder`; it is `app.state.shop`."""
    engine = Engine(
        **settings(folder, admin_token),
        user_id=lambda request: request.session.get("customer"),
        cart=lambda request: list(request.session.get("cart", {})),
        order_lookup=lambda number, customer: shop.order_state(number, customer),
    )
    shop: Shop = open_shop(folder, engine)
    templates = Jinja2Templates(HERE / "templates", context_processors=[opsplug_starlette.context])

    def work(handler: http.Handler, request: Request, form: dict[str, str]) -> Response:
        return _answer(templates, request, handler(shop, _request(request, form)))

    async def view(handler: http.Handler, request: Request) -> Response:
        return await run_in_threadpool(work, handler, request, await _form(request))

    async def missing(request: Request, error: Exception) -> Response:
        return await run_in_threadpool(work, not_found, request, {})

    routes: list[Route | Mount] = [
        Route(
            route.path.replace("<", "{").replace(">", "}"),
            partial(view, route.handler),
            methods=[route.method],
            name=route.name,
        )
        for route in ROUTES
    ]
    routes.append(Mount("/static", StaticFiles(directory=HERE / "static"), name="static"))
    app = Starlette(routes=routes, exception_handlers={404: missing})
    app.state.shop = shop
    app.add_middleware(opsplug_starlette.OpsPlugMiddleware, engine=engine)
    # Added last, so it stands outside: opsplug finds the session opened.
    app.add_middleware(SessionMiddleware, secret_key=session_secret(folder), same_site="lax")
    return app


async def _form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _request(request: Request, form: dict[str, str]) -> http.Request:
    root = request.scope.get("root_path", "").rstrip("/")
    return http.Request(
        path=request.url.path.removeprefix(root),
        session=request.session,
        address=partial(address, root),
        values=request.path_params,
        query=request.query_params,
        form=form,
        root=root,
    )


def _answer(templates: Jinja2Templates, request: Request, answer: http.Page | http.Redirect) -> Response:
    if isinstance(answer, http.Redirect):
        return RedirectResponse(answer.location, 303)
    return templates.TemplateResponse(
        request,
        answer.template,
        answer.context,
        status_code=answer.status,
        media_type=answer.media_type,
        headers=http.headers(answer),
    )
