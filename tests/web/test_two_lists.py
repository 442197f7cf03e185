"""Two lists on one page, rendered on the server: no item stands in both."""

import re
from pathlib import Path

from flask import Flask, render_template_string

from opsplug_flask import OpsPlug

PAGE = "{{ opsplug.recommendations('home', k=4) }}<hr>{{ opsplug.recommendations('article', k=4) }}"


def test_no_item_twice_on_one_page(tmp_path: Path) -> None:
    app = Flask("shop")
    app.secret_key = "x"
    plug = OpsPlug(app, store=f"sqlite:///{tmp_path}/shop.db", consent="not_required", testing=True)
    plug.engine.catalog.upsert({"item_id": f"sku{n}", "item_name": f"Mug {n}"} for n in range(8))
    app.add_url_rule("/", "home", lambda: render_template_string(PAGE))
    lists = [re.findall(r'data-item-id="([^"]+)"', part) for part in app.test_client().get("/").text.split("<hr>")]
    assert [len(items) for items in lists] == [4, 4]
    assert len({*lists[0], *lists[1]}) == 8
    plug.engine.close()
