"""A shop whose files are searched for secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import ITEMS
from tests.support.flask_shop import FlaskShop, shop_app


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FlaskShop]:
    app = shop_app()
    app.add_url_rule("/search", view_func=lambda: "<html><head></head></html>")
    plug = OpsPlug(
        app,
        store=f"sqlite:///{tmp_path}/data/opsplug.db",
        consent="not_required",
        train_every=0,
        admin_token="an-admin-token-0123456789",
        events={"GET /product/<id>": "view_item", "GET /search": "search"},
    )
    plug.engine.catalog.upsert(ITEMS)
    yield FlaskShop(app, plug, "")
    plug.engine.close()


def files_of(shop: FlaskShop) -> dict[str, bytes]:
    """Every file of ours but the key, as it is on the disk while the database is open."""
    shop.engine.flush()
    folder = shop.engine.settings.folder
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"}
