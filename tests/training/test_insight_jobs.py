import json
from datetime import date

import pytest

from opsplug.errors import StoreError
from opsplug.features.local_time import shifted
from opsplug.models.visitors.segments import KEYS
from tests.support.insight_shop import DAY, NOW, InsightShop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    found = InsightShop(tmp_path_factory.mktemp("insight"))
    found.fill()
    found.reports = found.train("propensity", "profiles", "forecasts")
    yield found
    found.store.close()


def test_propensity_knows_who_comes_back(shop):
    told = shop.people.document("propensity")["questions"]["buys"]
    assert told["served"]
    assert told["forward"]["auroc"] > 0.9
    assert told["metrics"]["calibration_error"] < 0.06
    regular, gone = shop.people.propensity("often41"), shop.people.propensity("once2")
    assert regular.probability > 0.6 > 0.2 > gone.probability
    assert regular.reasons
    assert regular.model == shop.artefacts.current("propensity")
    assert regular.known_until > NOW - 11 * DAY
    assert json.dumps(regular.to_dict())


def test_churn_is_the_other_way_round(shop):
    assert shop.people.churn("once2").probability > shop.people.churn("often41").probability


def test_reasons_speak_the_language(shop):
    english = shop.people.propensity("often41", language="en").reasons[0].text
    chinese = shop.people.propensity("often41", language="zh").reasons[0].text
    assert english.isascii()
    assert not chinese.isascii()


def test_what_was_done_since_is_taken_into_account(shop):
    before = shop.people.propensity("once0").probability
    shop.store.add_events([shop.order("once0", NOW - 5 * DAY, "tea1"), shop.order("once0", NOW - DAY, "tea2")])
    assert shop.people.propensity("once0").probability > before


def test_unknown_visitors_and_a_broken_store_raise_nothing(shop, monkeypatch, caplog):
    assert shop.people.propensity("nobody").probability is None
    assert "Nothing is known" in shop.people.propensity("nobody").note
    assert shop.people.propensity().probability is None
    assert shop.people.churn("").probability is None

    def broken(*args, **keywords):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(shop.store, "history", broken)
    assert "the log says why" in shop.people.propensity("often41").note
    assert "disk is gone" in caplog.text


def test_segments_live_and_by_day_agree(shop):
    lines = dict(shop.people.visitors(most=1000))
    assert lines
    assert all(line["segment"] in KEYS for line in lines.values())
    key = shop.user("often41")
    assert shop.people.segment("often41") == lines[key]["segment"] == shop.people.segment(key)
    assert shop.people.profile("often41").visitor == key
    assert shop.people.profile("often41").currency == "EUR"


def test_forecasts_of_revenue_items_and_categories(shop):
    told = shop.people.document("forecasts")
    kinds = [one["kind"] for one in told["series"]]
    assert {"revenue", "orders", "category", "item"} <= set(kinds)
    for one in told["series"]:
        assert len(one["mean"]) == 28
        assert all(
            low <= mid <= high for low, mid, high in zip(one["lower95"], one["mean"], one["upper95"], strict=True)
        )


def test_what_runs_out_and_what_does_not(shop):
    told = shop.people.document("forecasts")
    (warning,) = told["stock"]
    assert warning["item_id"] == "tea1"
    assert warning["stock"] == 40
    days = 40 / warning["a_day"]
    expected = shifted(told["days"][-1], round(days))
    assert warning["early"] <= warning["date"] <= warning["late"]
    apart = date.fromisoformat(warning["date"]) - date.fromisoformat(expected)
    assert abs(apart.days) <= 7, "at the mean rate of sales it would run out about then"


def test_a_forgotten_visitors_line_goes_with_the_events(shop):
    key = shop.user("often43")
    assert shop.store.get_document("visitor", key)
    shop.store.forget_visitor([key])
    assert shop.store.get_document("visitor", key) is None
    assert not shop.people.profile("often43").known
    assert shop.people.propensity("often43").probability is None


def test_reports_say_what_was_measured(shop):
    assert [report.name for report in shop.reports] == ["propensity", "profiles", "forecasts"]
    assert "serves" in shop.reports[0].reason
    assert shop.reports[2].metrics["series"] > 3


def test_an_empty_shop_teaches_and_nothing_fails(tmp_path):
    empty = InsightShop(tmp_path)
    empty.train("propensity", "profiles", "forecasts")
    assert empty.people.document("forecasts")["reason"] == "too few days"
    assert empty.people.document("propensity")["questions"]["buys"]["reason"] == "not enough yet"
    assert empty.people.propensity("x").note == "There is not enough data yet."
    assert empty.people.visitors() == []
    assert empty.people.segment("x") == ""
    empty.store.close()


def test_a_clock_in_the_wrong_century_and_one_order(tmp_path):
    odd = InsightShop(tmp_path)
    odd.store.add_events([odd.order("u", 400_000_000.0, "tea1"), odd.order("u", NOW - DAY, "tea1")])
    odd.train("propensity", "profiles", "forecasts")
    assert len(odd.people.document("forecasts").get("days", [])) <= 120
    odd.store.close()


def test_a_shop_that_is_visited_before_it_sells_has_a_forecast_of_visits(tmp_path):
    young = InsightShop(tmp_path)
    young.store.add_events([young.look(n, NOW - day * DAY) for n, day in enumerate(40 * [*range(1, 41)])])
    young.train("forecasts", "profiles")
    (one,) = young.people.document("forecasts")["series"]
    assert one["kind"] == "traffic"
    assert 35 < one["mean"][0] < 45
    young.store.close()
