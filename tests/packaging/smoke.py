"""Run by tests/packaging in a fresh environment and a neutral folder: both adapters, from what was installed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import opsplug
import opsplug_flask
import opsplug_starlette
from opsplug import resources

PAGE = "<!doctype html><html><head><title>Shop</title></head><body><h1>Mug</h1>{}</body></html>"


def flask_answers(folder: Path) -> tuple[str, int]:
    from flask import Flask, render_template_string

    app = Flask(__name__, instance_path=str(folder / "flask"))
    shop = opsplug_flask.OpsPlug(app, consent="not_required")

    @app.get("/product/<product_id>")
    def product(product_id: str) -> str:
        return render_template_string(PAGE.format('{{ opsplug.recommendations("item", item_id="1") }}'))

    client = app.test_client()
    page = client.get("/product/1", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"})
    assert page.status_code == 200, page.data
    source = re.search(r'src="([^"]*/_opsplug/[^"]*)"', page.text)
    assert source, page.text
    script = client.get(source[1])
    assert script.status_code == 200
    assert shop.engine.flush()
    stored = shop.engine.store.last_id()
    shop.engine.close()
    return page.text, stored


def starlette_answers(folder: Path) -> tuple[str, int]:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    async def product(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.format(""))

    app = Starlette(routes=[Route("/product/{product_id}", product)])
    app.add_middleware(
        opsplug_starlette.OpsPlugMiddleware, store=f"sqlite:///{folder}/starlette.db", consent="not_required"
    )
    with TestClient(app, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"}) as client:
        page = client.get("/product/1")
        assert page.status_code == 200
        source = re.search(r'src="([^"]*/_opsplug/[^"]*)"', page.text)
        assert source, page.text
        assert client.get(source[1]).status_code == 200
        engine = opsplug_starlette.current_engine()
        assert engine.flush()
        stored = engine.store.last_id()
        engine.close()
    return page.text, stored


def main() -> None:
    folder = Path.cwd()
    (folder / "flask").mkdir(exist_ok=True)
    for page, stored in (flask_answers(folder), starlette_answers(folder)):
        assert "/_opsplug/" in page
        assert stored >= 1
    assert list((resources.folder("migrations") / "sqlite").glob("*.sql"))
    assert (resources.folder("js_snippet") / "dist" / "manifest.json").exists()
    package = Path(opsplug.__file__).parent
    assert list((package / "demo" / "data").iterdir()), "the demo's data are missing"
    assert list((package / "demo" / "templates").iterdir())
    assert list((package / "web" / "templates").rglob("*.html"))
    command = Path(sys.executable).with_name("opsplug")
    subprocess.run([command, "migrate", "--store", "cli.db"], check=True, capture_output=True)
    assert subprocess.run([command, "doctor", "--store", "cli.db"], check=True, capture_output=True).stdout
    sys.stdout.write(json.dumps({"opsplug": opsplug.__file__, "flask": opsplug_flask.__file__}) + "\n")


main()
