"""The page of rules, as an admin uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import Answer, Visitor
from tests.support.flask_shop import FlaskShop, shop_app

ADMIN = "/_opsplug/admin"


ITEMS = [f"item{n}" for n in range(12)]


FORM = {"placement": "home", "diversity": "0", "rotation": "0", "fairness": "0", "fairness_by": "item_brand"}


class Site:
    """A shop whose stats pages are open to one person."""

    def __init__(self, folder: Path) -> None:
        self.role: Any = {"role": "admin", "name": "Ana"}
        app = shop_app()
        self.plug = OpsPlug(
            app, store=f"sqlite:///{folder}/opsplug.db", admin=lambda request: self.role, consent="not_required",
            testing=True, holdout=0.1,
        )  # fmt: skip
        self.engine = self.plug.engine
        self.engine.catalog.upsert(
            {"item_id": item, "item_name": f"Name {item}", "item_brand": f"b{n % 2}", "item_category": "Kitchen"}
            for n, item in enumerate(ITEMS)
        )
        self.visitor = Visitor(FlaskShop(app, self.plug, ""))

    def get(self, path: str) -> Answer:
        return self.visitor.get(f"{ADMIN}/{path}")

    def send(self, **form: str) -> Answer:
        page = self.get("rules").text
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        body = urlencode({**FORM, **form, "csrf": token}).encode()
        return self.visitor.send(
            "POST", f"{ADMIN}/rules", body, content_type="application/x-www-form-urlencoded", origin="http://localhost"
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.engine.close()
