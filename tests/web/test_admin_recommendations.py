"""What recommendations brought, on the page that says it: in words, with intervals, or how much is missing."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from opsplug.features.recommendation_id import make_id
from opsplug.models.rerank.list_ranker import SlotList
from opsplug.services.recommend.holdout import FEWEST_SUCCESSES, FEWEST_VISITORS
from tests.support.rules_site import Site, site

__all__ = ["site"]
VERSION = "20260101T000000000-aaaaaaaa"


def sell(site: Site, visitors: int) -> None:
    """Half of them are held out; of those a tenth buys, of the others half."""
    began = time.time() - 3600
    for number in range(visitors):
        held = number % 2 == 0
        who = {"anonymous_id": f"visitor-{number:012d}", "timestamp": began + number}
        rec = make_id("home", "popular", at=began, version=VERSION, holdout=held)
        shown = [{"item_id": "item1", "index": 0}]
        site.engine.track("view_item_list", items=shown, properties={"recommendation_id": rec}, **who)
        if number % 20 < (2 if held else 20):
            line = [{"item_id": "item1", "price": 10.0, "quantity": 1}]
            site.engine.track("purchase", items=line, value=10.0, currency="EUR", **who)
    assert site.engine.flush(60)


def text_of(site: Site, path: str) -> str:
    page = site.get(path)
    assert page.status == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_too_little_is_said_with_what_is_missing(site: Site) -> None:
    sell(site, 30)
    told = text_of(site, "recommendations")
    assert f"not enough data yet (15 of {FEWEST_VISITORS} visitors in the smaller group)" in told
    assert f"（较小组的顾客 15，需 {FEWEST_VISITORS}）" in text_of(site, "recommendations?lang=zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lift_is_told_with_its_interval_and_no_name_of_ours(site: Site, language: str) -> None:
    site.engine.effects.holdout = 0.5
    sell(site, max(2 * FEWEST_VISITORS, 20 * FEWEST_SUCCESSES))
    told = text_of(site, f"recommendations?lang={language}")
    number = r"[+−]\d+\.\d"
    forms = {
        "en": rf"{number} \({number} to {number}\): better than without",
        "zh": rf"{number}（{number} 至 {number}）：优于对照",
    }
    assert re.search(forms[language], told), told
    assert re.search(rf"{number}\d EUR", told)
    for raw in ("holdout", "untrained", "-0", " – +"):
        assert raw not in told


def test_the_order_by_clicks_has_its_quality_on_the_page_of_models(site: Site, tmp_path: Path) -> None:
    metrics = {"to mix": 1.06, "to mix low": 1.04, "to mix high": 1.08, "clicks": 1302.0}
    about = {"at": time.time(), "metrics": metrics, "reason": "better"}
    site.engine.artefacts.publish("slots-home", SlotList.off().export(), about=about, at=time.time())
    about = {"at": time.time(), "reason": "it stays out of the mix"}
    site.engine.artefacts.publish("deep", SlotList.off().export(), about=about, at=time.time())
    assert "it stays out of the mix" in site.get("models").text
    assert "1.06 times the clicks of the mix&#39;s own order (1.04 to 1.08), of 1,302 clicks" in site.get("models").text
    assert "点击为原排序的 1.06 倍（1.04 至 1.08）" in text_of(site, "models?lang=zh")
