"""Agents of a support chat, who work through real pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.contracts.adapter_contract import Visitor
from tests.support.flask_shop import FlaskShop, shop_app
from tests.support.starlette_shop import StarletteShop

INBOX = "/_opsplug/admin/inbox"


def person(request: Any) -> Any:
    role, _, name = request.headers.get("x-person", "").partition(":")
    return {"role": role, "name": name} if role else None


@pytest.fixture(params=["flask", "starlette"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    settings = {"store": f"sqlite:///{tmp_path}/opsplug.db", "consent": "not_required", "testing": True}
    if request.param == "flask":
        app = shop_app()
        plug = OpsPlug(app, admin=person, **settings)
        made: Any = FlaskShop(app, plug, "")
    else:
        asgi = Starlette()
        asgi.add_middleware(OpsPlugMiddleware, admin=person, **settings)
        made = StarletteShop(asgi, "")
    yield made
    made.engine.close()


class Agent:
    """A browser of one of the shop's people."""

    def __init__(self, shop: Any, who: str = "agent:kim") -> None:
        self.visitor, self.who = Visitor(shop), who

    def get(self, path: str = "", **headers: str) -> Any:
        return self.visitor.get(INBOX + path, x_person=self.who, accept_language="en", **headers)

    def post(self, path: str, token: str | None = None, **form: str) -> Any:
        csrf = self.token() if token is None else token
        body = urlencode({"csrf": csrf, **form}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.visitor.send("POST", INBOX + path, body, x_person=self.who, accept_language="en", content_type=kind)

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/canned").text)
        assert found
        return found[1]


def waiting(shop: Any, text: str = "talk to a person", visitor: str = "v") -> str:
    reply = shop.engine.chat.reply(text, anonymous_id=visitor)
    shop.engine.chat.ask_for_person(reply.conversation_id, f"a:{visitor}")
    return str(reply.conversation_id)
