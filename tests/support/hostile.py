"""Addresses and values that hostile requests use."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import ITEMS
from tests.support.flask_shop import FlaskShop, shop_app
from tests.support.starlette_shop import build as on_starlette  # noqa: F401  (a fixture)

TOKEN = "an-admin-token-0123456789"


POSTS = ("events", "consent", "chat/messages", "chat/human", "chat/feedback", "chat/csat", "admin/login")


GETS = ("recommendations", "chat/conversation", "chat/messages", "health", "openapi.json", "opsplug.js", "admin/", "no")


NAMES = ("placement", "k", "item_id", "exclude", "cart", "language", "lang", "token", "after", "conversation_id")


DEEP = (
    b'{"events":[{"event":"click","event_id":"abcdefgh","properties":' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}]}"
)


def make(folder: Path, **settings: Any) -> FlaskShop:
    app = shop_app()
    chosen = {"store": f"sqlite:///{folder}/opsplug.db", "consent": "not_required", "train_every": 0, **settings}
    plug = OpsPlug(app, admin_token=TOKEN, **chosen)
    plug.engine.catalog.upsert(ITEMS)
    return FlaskShop(app, plug, "")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FlaskShop]:
    made = make(tmp_path)
    yield made
    made.engine.close()


def faults(shop: FlaskShop) -> dict[str, int]:
    """Exceptions of ours that were swallowed: no 5xx on the outside, but a fault."""
    counts = shop.engine.counters.unsaved()
    shop.engine.flush()
    return {name: n for name, n in {**shop.engine.store.counts(), **counts}.items() if name.startswith("errors.")}
