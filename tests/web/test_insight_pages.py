"""Forecasts, market, visitors and propensity: full and empty, in both languages, and who may see one visitor."""

import json
import re
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from opsplug.web.admin.propensity import ENDS
from tests.support.insight_shop import InsightShop
from tests.support.stats_site import ADMIN, Site

PAGES = ("forecasts", "market", "visitors", "propensity")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    found = InsightShop(tmp_path_factory.mktemp("pages"))
    found.fill()
    found.train("propensity", "profiles", "forecasts")
    yield found
    found.store.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    found = InsightShop(tmp_path_factory.mktemp("empty"))
    yield found
    found.store.close()


def site(folder, shop, answer=True):
    made = Site(folder, answer)
    made.plug.engine.insight.__dict__["people"] = shop.people
    return made


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_of_a_shop_that_sells(tmp_path, shop, page, language):
    answer = site(tmp_path, shop).get(f"{page}?lang={language}")
    assert answer.status == 200
    text = answer.text
    assert "undefined" not in text.lower()
    assert not re.search(r"\{\w+\}", re.sub(r"\[\{.*?\}\]", "", text))  # no place of a sentence is left open
    if page in ("forecasts", "propensity"):
        assert "<svg" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_will_buy_is_told_in_words_of_the_shop(tmp_path, shop, language):
    text = site(tmp_path, shop).get(f"propensity?lang={language}").text
    jargon = (
        r"AUROC|\bAP\b|calibration error|cross-valid|boosted|neural|base rate|recency|nan|校准|交叉验证|提升树|神经"
    )
    assert not re.search(jargon, re.sub(r"<[^>]*>", " ", text), re.I)
    assert re.search(r"\d+ of 100|100 次中 \d+ 次", text)
    chart = text[text.index('<svg class="square"') :]
    ticks = [float(tick) for tick in re.findall(r">([\d.]+) %</text>", chart[: chart.index("</svg>")])][::2]
    assert ticks[-1] in ENDS
    assert ticks == [ticks[-1] * number / 4 for number in range(5)]


def test_an_axis_of_probabilities_ends_just_above_what_it_shows():
    assert ENDS[-1] == 100
    assert all(above <= 2.1 * below for below, above in pairwise(ENDS))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_empty_pages_teach(tmp_path, empty, page, language):
    answer = site(tmp_path, empty).get(f"{page}?lang={language}")
    assert answer.status == 200
    assert "<svg" not in answer.text
    assert "opsplug train" in answer.text or page == "market"


@pytest.mark.parametrize("page", PAGES)
def test_files_for_a_spreadsheet(tmp_path, shop, page):
    answer = site(tmp_path, shop).get(f"{page}.csv")
    assert answer.status == 200
    assert "text/csv" in (answer.header("content-type") or "")
    assert answer.text.count("\n") > (0 if page == "market" else 3)


def test_one_series_and_its_file(tmp_path, shop):
    made = site(tmp_path, shop)
    assert "Category, units: Tea a day" in made.get("forecasts?series=category:Tea&lang=en").text
    assert made.get("forecasts?series=none:such&lang=en").status == 200
    assert made.get("forecasts.csv?series=item:tea1").text.count("\n") == 29


def test_what_runs_out_stands_first(tmp_path, shop):
    text = site(tmp_path, shop).get("forecasts?lang=en").text
    assert text.index("Tea tea1") < text.index("<figure")
    assert "Tea tea1" in site(tmp_path, shop).get("forecasts.csv?list=stock&lang=en").text


def test_a_raw_user_id_is_looked_up_but_never_shown(tmp_path, shop):
    made = site(tmp_path, shop)
    token = re.search(r'name="csrf" value="([^"]+)"', made.get("visitors").text).group(1)
    body = urlencode({"csrf": token, "visitor": "often41"}).encode()
    answer = made.visitor.send("POST", f"{ADMIN}/visitors", body, **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 303
    place = answer.header("location")
    assert place.endswith(f"/visitors/{shop.user('often41')}")
    page = made.visitor.get(place).text
    assert "often41" not in page
    assert shop.user("often41") in page
    told = json.loads(made.visitor.get(f"{place}.json").text)
    assert told["orders"] > 3
    assert told["buys"]["probability"] > 0.5
    assert "often41" not in json.dumps(told)


def test_an_unknown_visitor_is_said_to_be_unknown(tmp_path, shop):
    answer = site(tmp_path, shop).get("visitors/nobody?lang=en")
    assert answer.status == 404
    assert "Nothing is known" in answer.text


def test_only_an_admin_sees_single_visitors(tmp_path, shop):
    made = site(tmp_path, shop, "viewer")
    text = made.get("visitors?lang=en").text
    assert "Segments of buyers" in text
    assert shop.user("often41") not in text
    assert made.get(f"visitors/{shop.user('often41')}").status == 404
    assert made.get("visitors.csv").status == 404


def test_a_segment_is_listed(tmp_path, shop):
    answer = site(tmp_path, shop).get("visitors?segment=lapsed&by=buys&lang=en")
    assert answer.status == 200
    assert site(tmp_path, shop).get("visitors?segment=<script>&by=x").status == 200
