"""The pages rules, fairness and recommendations: what they show, what a form changes, and who may."""

from __future__ import annotations

import pytest

from opsplug.errors import SettingsError
from opsplug.services.recommend.rules import parse_rules
from opsplug.web.admin import rules_form
from tests.support.rules_site import (
    ITEMS,
    Site,
    site,  # noqa: F401  (a fixture)
)


def test_rules_are_saved_and_lists_follow(site: Site) -> None:
    answer = site.send(action="save", pins="item9, 1, home", brands="b0", caps="item_brand, 3", rotation="0.2")
    assert answer.status == 303, answer.text
    stored = site.engine.store.get_document("rules", "recommendations")
    assert stored["pins"] == [{"item_id": "item9", "position": 0, "placement": "home"}]
    assert stored["block"]["brands"] == ["b0"]
    shown = [one.item_id for one in site.engine.recommend(k=8).items]
    assert shown[0] == "item9"
    assert all(int(item[4:]) % 2 for item in shown)
    page = site.get("rules").text
    assert "item9, 1, home" in page
    assert "Last changed by Ana" in page


def test_a_preview_shows_both_lists_and_saves_nothing(site: Site) -> None:
    answer = site.send(action="preview", items="\n".join(ITEMS[:6]))
    assert answer.status == 200
    assert "With these rules (not saved yet)" in answer.text
    then = answer.text.partition("With these rules")[2].partition("</div>")[0]
    assert "Name item7" in then
    assert "Name item1<" not in then
    assert site.engine.store.get_document("rules", "recommendations") is None


@pytest.mark.parametrize(
    ("form", "said"),
    [({"pins": "item1, first"}, "not a number"), ({"weights": "Acme, 2"}, "a field, its value"), ({"rotation": "7"}, "0 to 1"),
     ({"caps": "item_brand, 0"}, "at least 1"), ({"caps": "5"}, "whole number"), ({"weights": "a=b, nan"}, "not a number")],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_what_was_typed_stays(site: Site, form: dict[str, str], said: str) -> None:
    answer = site.send(action="save", **form)
    assert answer.status == 422
    assert said in answer.text
    assert next(iter(form.values())) in answer.text
    assert site.engine.store.get_document("rules", "recommendations") is None


def test_only_an_admin_may_change_rules(site: Site) -> None:
    site.role = {"role": "agent", "name": "Bo"}
    assert site.get("rules").status == 404
    assert "admin/rules" not in site.get("recommendations").text


def test_the_form_says_what_the_document_says() -> None:
    document = {
        "pins": [{"item_id": "a, b", "position": 2, "placement": None}, {"item_id": "c", "position": 0, "placement": "cart"}],
        "weights": [{"match": {"item_brand": "A", "item_category": "K"}, "factor": 0.5, "placement": "home"}],
        "block": {"items": ["x y"], "brands": [], "categories": ["厨房"]}, "caps": {"item_brand": 3},
        "diversity": 0.3, "rotation": 0.1, "fairness": 0.2, "fairness_by": "seller_id",
    }  # fmt: skip
    assert rules_form.read(rules_form.shown(parse_rules(document))) == document
    with pytest.raises(SettingsError, match="place is a whole number"):
        rules_form.read({"pins": "a, 0"})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_say_what_is_not_known_yet(site: Site, language: str) -> None:
    fairness = site.get(f"fairness?lang={language}")
    assert fairness.status == 200
    assert "opsplug train fairness" in fairness.text
    page = site.get(f"recommendations?lang={language}").text
    assert ("No list was seen yet" if language == "en" else "还没有列表被看到") in page
    assert ("Nobody was shown a list" if language == "en" else "没有展示过专属列表") in page


def test_the_daily_look_is_on_the_page(site: Site) -> None:
    from opsplug.engine.jobs import train

    train(site.engine.store, site.engine.artefacts, ["fairness"])
    page = site.get("fairness").text
    assert "Too few events to measure yet" in page
    assert "from 1,000 on" in page
    row = {"group": "zh", "items": 40, "catalogue": 0.5, "demand": 0.5, "exposure": 0.1, "ratio": 0.2}
    tiny = [row | {"group": f"tiny{n}", "items": 3, "demand": 0.01, "ratio": None} for n in range(20)]
    document = site.engine.store.get_document("fairness", "latest") | {
        "source": "shown", "exposure": {"brand": [row, *tiny]},
        "quality": {"language": [{"group": "en", "questions": 90, "ndcg": 0.1, "low": 0.08, "high": 0.12, "coverage": 0.2}]},
        "sliders": {"brand": [
            {"slider": 0.0, "ndcg": 1.0, "low": 1.0, "high": 1.0, "gap": 0.4},
            {"slider": 0.3, "ndcg": 0.97, "low": 0.95, "high": 0.99, "gap": 0.2},
        ]},
        "alerts": [{"what": "little", "by": "brand", "group": "zh", "value": 0.2}],
    }  # fmt: skip
    site.engine.store.put_document("fairness", "latest", document, 0)
    page = site.get("fairness").text
    assert "Brands: zh is shown 0.20 times as much as it is wanted" in page
    for told in (page, site.get("rules").text):
        assert "−3.0 % (−5.0 to −1.0)" in told
        assert "40 % → 20 %" in told
    assert "20 smaller groups together" in page
    assert "tiny7" not in page
    assert "tiny7" in site.get("fairness.csv").text
    assert "商家" not in page
    assert "品牌" in site.get("fairness?lang=zh").text
