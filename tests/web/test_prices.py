"""One price: what the server renders is what a fetched card shows, in every language and for every currency."""

import html
import re
from pathlib import Path

import pytest

from opsplug import locales
from opsplug.locales.formats import money
from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import Visitor
from tests.support.flask_shop import FlaskShop, shop_app

PRICES = [("EUR", 9.9), ("USD", 1234.5), ("CNY", 0.125), ("JPY", 1200.0), ("CHF", 7.0), ("no money", 3.0), ("", 2.0)]
CARD = re.compile(r'data-item-id="([^"]+)".*?class="opsplug-price">([^<]*)<', re.DOTALL)


@pytest.mark.parametrize("language", locales.languages())
def test_a_rendered_price_is_a_fetched_price(tmp_path: Path, language: str) -> None:
    app = shop_app()
    plug = OpsPlug(app, store=f"sqlite:///{tmp_path}/a.db", consent="not_required", testing=True, language=language)
    plug.engine.catalog.upsert(
        {"item_id": f"i{n}", "item_name": f"Mug {n}", "price": price, "currency": currency, "availability": "in_stock"}
        for n, (currency, price) in enumerate(PRICES)
    )
    visitor = Visitor(FlaskShop(app, plug, ""))
    rendered = dict(CARD.findall(html.unescape(visitor.get("/helpers").text)))
    answer = visitor.get(f"/_opsplug/recommendations?placement=home&k=9&language={language}").json()
    fetched = {item["item_id"]: item["price_text"] for item in answer["items"]}
    assert len(rendered) >= 3 and len(fetched) == len(PRICES)
    assert {item_id: fetched[item_id] for item_id in rendered} == rendered
    assert fetched["i1"] == money(1234.5, "USD", language)
