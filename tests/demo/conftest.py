"""The real shop and catalogue; opsplug itself is a list of what was tracked and a helper that marks its place."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from opsplug.demo.catalogue import Catalogue
from opsplug.demo.http import Page, Redirect, Request
from opsplug.demo.orders import OrderBook
from opsplug.demo.routes import BY_NAME, address
from opsplug.demo.shop import Shop
from tests.support.demo_shop import DEMO, Engine, Helpers, Visit


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def shop(catalogue: Catalogue, engine: Engine, tmp_path: Path) -> Shop:
    return Shop(catalogue, OrderBook(tmp_path / "orders.jsonl"), engine, 7)  # type: ignore[arg-type]


@pytest.fixture
def session() -> dict[str, Any]:
    return {}


@pytest.fixture
def visit(shop: Shop, session: dict[str, Any]) -> Visit:
    """`visit("product", item_id="x")` or `visit("add_to_cart", form={...})`, always by the same visitor."""

    def go(name: str, root: str = "", form: Any = None, query: Any = None, **values: str) -> Page | Redirect:
        path = BY_NAME[name].address("", **values)
        request = Request(path, session, partial(address, root), values, query or {}, form or {}, root)
        return BY_NAME[name].handler(shop, request)

    return go


@pytest.fixture(scope="session")
def render() -> Callable[[Page], str]:
    templates = Environment(loader=FileSystemLoader(DEMO / "templates"), autoescape=True, undefined=StrictUndefined)
    templates.globals["opsplug"] = Helpers()

    def rendered(page: Page) -> str:
        return templates.get_template(page.template).render(page.context)

    return rendered
