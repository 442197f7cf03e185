"""The stats pages of a shop, as an admin asks for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import Answer, Visitor
from tests.support.flask_shop import FlaskShop, shop_app

ADMIN = "/_opsplug/admin"


class Site:
    """A shop whose stats pages have one page more; `visitor` is whom the shop's check takes for this person."""

    def __init__(self, folder: Path, answer: Any) -> None:
        app = shop_app()
        self.plug = OpsPlug(
            app,
            store=f"sqlite:///{folder}/opsplug.db",
            admin=lambda request: answer,
            consent="not_required",
            testing=True,
        )
        self.visitor = Visitor(FlaskShop(app, self.plug, ""))

    def get(self, path: str) -> Answer:
        return self.visitor.get(f"{ADMIN}/{path}")

    def send(self, form: Mapping[str, str], **headers: str) -> Answer:
        return self.visitor.send("POST", f"{ADMIN}/notes", urlencode(form).encode(), **headers)
