import json

from click.testing import CliRunner

from opsplug import Engine
from opsplug.cli.app import group


def test_one_visitor_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = Engine(store=f"sqlite:///{tmp_path}/shop.db", testing=True)
    item = {"item_id": "tea", "price": 4.0, "quantity": 2}
    engine.track("purchase", items=[item], value=8.0, currency="EUR", user_id="u42", properties={"transaction_id": "1"})
    engine.flush()
    engine.close()
    store = str(tmp_path / "shop.db")
    told = CliRunner().invoke(group, ["insight", "u42", "--store", store], catch_exceptions=False)
    assert "8.00 EUR" in told.output
    assert "Not trained yet" in told.output
    assert "u42" not in told.output
    as_json = CliRunner().invoke(group, ["insight", "u42", "--json", "--store", store], catch_exceptions=False)
    assert json.loads(as_json.output)["profile"]["orders"] == 1
    nobody = CliRunner().invoke(group, ["insight", "nobody", "--store", store], catch_exceptions=False)
    assert "Nothing is known" in nobody.output
