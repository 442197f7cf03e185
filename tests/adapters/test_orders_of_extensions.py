"""Any order of extensions: what the shop puts around or beside us changes nothing that we see."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse as Page
from starlette.routing import Route
from starlette.testclient import TestClient
from werkzeug.middleware.proxy_fix import ProxyFix

from opsplug import Engine
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.shops.served import BROWSER

PAGE = "<html><head></head><body>hello</body></html>"
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/shop", "X-Forwarded-Host": "shop.example"}


def plug(app: flask.Flask, folder: Path) -> OpsPlug:
    made = OpsPlug(app, store=f"sqlite:///{folder}/o.db", testing=True, consent="not_required")
    assert made.engine.catalog.all() == []  # the engine is used while the app is still being made
    return made


def behind_proxies(app: flask.Flask, folder: Path) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]


def compressing(app: flask.Flask, folder: Path) -> None:
    """As Flask-Compress does."""

    def compress(response: flask.Response) -> flask.Response:
        response.set_data(gzip.compress(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        return response

    app.after_request(compress)


def strict(app: flask.Flask, folder: Path) -> None:
    """As Flask-Talisman does: the nonce before the view, the policy after it."""

    def before() -> None:
        flask.request.csp_nonce = "n0nce"  # type: ignore[attr-defined]

    def after(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = "script-src 'self' 'nonce-n0nce'; object-src 'none'"
        return response

    app.before_request(before)
    app.after_request(after)


EXTENSIONS = {"proxies": behind_proxies, "compress": compressing, "talisman": strict}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("order", [("proxies", "compress", "talisman"), ("talisman", "compress", "proxies")])
def test_the_tag_the_prefix_and_the_nonce_are_there_in_any_order(
    tmp_path: Path, place: int, order: tuple[str, ...]
) -> None:
    app = flask.Flask("shop", instance_path=str(tmp_path))
    app.add_url_rule("/page", "page", lambda: PAGE)
    steps: list[Callable[[flask.Flask, Path], Any]] = [EXTENSIONS[name] for name in order]
    steps.insert(place, plug)
    made = [step(app, tmp_path) for step in steps]
    [ours] = [one for one in made if one is not None]
    answer = app.test_client().get("/page", headers={"User-Agent": BROWSER, **PROXIED})
    body = gzip.decompress(answer.data).decode()
    assert 'src="/shop/_opsplug/' in body
    assert 'nonce="n0nce"' in body
    cookies = [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("opsplug_id")]
    assert "Secure" in cookies[0]
    assert "Path=/shop" in cookies[0]
    assert app.test_client().get("/_opsplug/health", headers=PROXIED).status_code == 200
    ours.engine.close()


def test_a_page_that_leaves_without_the_tag_is_counted_with_its_reason(tmp_path: Path) -> None:
    app = flask.Flask("shop", instance_path=str(tmp_path))
    app.add_url_rule("/closed", "closed", lambda: (PAGE, 200, {"Content-Security-Policy": "script-src 'none'"}))
    app.add_url_rule("/packed", "packed", lambda: (gzip.compress(PAGE.encode()), 200, {"Content-Encoding": "gzip"}))
    app.add_url_rule("/part", "part", lambda: "<p>a part</p>")
    app.add_url_rule("/stream", "stream", lambda: flask.Response(iter(["<p>"]), mimetype="text/html"))
    engine = plug(app, tmp_path).engine
    for path in ("/closed", "/packed", "/part", "/stream"):
        assert app.test_client().get(path, headers={"User-Agent": BROWSER}).status_code == 200
    found = {name: n for name, n in engine.counters.unsaved().items() if name.startswith("pages_without_tag")}
    assert found == {f"pages_without_tag.{why}": 1 for why in ("policy", "compressed", "no_head", "streamed")}
    engine.close()


async def page(request: Request) -> Page:
    return Page(PAGE)


def test_added_twice_it_counts_once(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/page", page)])
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True)
    for _ in range(2):
        app.add_middleware(OpsPlugMiddleware, engine=engine)
    assert TestClient(app).get("/page", headers={"user-agent": BROWSER}).text.count("<script") == 1
    engine.flush()
    assert [event.event for batch in engine.store.read_events() for _, event in batch] == ["page_view"]
    engine.close()


def test_the_documentation_that_fastapi_makes_is_no_page_of_the_shop(tmp_path: Path) -> None:
    app = FastAPI()
    app.get("/page", response_class=HTMLResponse)(lambda: PAGE)
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True)
    app.add_middleware(OpsPlugMiddleware, engine=engine)
    client = TestClient(app)
    for path in ("/docs", "/redoc", "/openapi.json"):
        answer = client.get(path, headers={"user-agent": BROWSER})
        assert answer.status_code == 200
        assert "opsplug" not in answer.text
    assert "data-opsplug" in client.get("/page", headers={"user-agent": BROWSER}).text
    engine.flush()
    assert [event.route for batch in engine.store.read_events() for _, event in batch] == ["/page"]
    engine.close()
