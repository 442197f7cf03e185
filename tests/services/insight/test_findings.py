"""Every planted cause is found with the right sentence; in a harmless shop nothing is claimed."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from opsplug.locales import languages, words
from opsplug.locales.formats import moment
from opsplug.services.insight.findings import job
from opsplug.services.insight.findings.evidence import (
    Finding,
    benjamini_hochberg,
    binomial_test,
    difference,
    share_interval,
    two_proportion_test,
)
from opsplug.services.insight.findings.sentences import Sentences
from opsplug.services.insight.insight import Insight
from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.run.job import Work
from opsplug.training.series import job as insight_series
from tests.support.busy_shop import END, STEPS, Shop, Visit


class LosesAtDelivery:
    since = END - timedelta(days=2, hours=10)

    def took(self, visit: Visit, route: str, took: float) -> float:
        return took * 20 if route == STEPS[1] and visit.start >= self.since else took

    def stops(self, visit: Visit, step: str) -> bool:
        return step == STEPS[1] and visit.start >= self.since and visit.rng.random() < 0.6


class Teapot:
    def searched(self, visit: Visit) -> None:
        if visit.last_week and visit.rng.random() < 0.2:
            visit.page("/search")
            visit.say("view_search_results", "/search", search_term=" Teapot ", results_count=0)
            visit.gone = visit.rng.random() < 0.5


class Broken:
    """Scripts, an element, a page and a form that fail in the last week."""

    def page(self, visit: Visit, route: str) -> None:
        if not visit.last_week:
            return
        rng = visit.rng
        if route == "/cart" and rng.random() < 0.3:
            visit.say("js_error", route, error_type="TypeError", source="/static/cart.js", line=7, source_route=route)
        if route == "/category/<slug>" and rng.random() < 0.2:
            visit.say("rage_click", route, selector_path="div.filter > b", count=4)
        if route == "/" and rng.random() < 0.15:
            visit.say("dead_click", route, selector_path="img.hero", wait_ms=2500)
        if route == "/" and rng.random() < 0.3:
            visit.say("quick_back", "/category/<slug>", from_path="/")
        if route == "/product/<item_id>" and rng.random() < 0.03:
            visit.say("http_request", "/stock", by="server", method="GET", status=500, duration_ms=20.0)
        if route == STEPS[0] and rng.random() < 0.5:
            visit.say("form_start", route, form_id="voucher", first_field="code")
            visit.say("form_abandon", route, form_id="voucher", last_field="code")
        if route == STEPS[0]:
            status = 422 if rng.random() < 0.5 else 303
            visit.say("http_request", route, by="server", method="POST", status=status, duration_ms=30.0)


class SlowSearch:
    def took(self, visit: Visit, route: str, took: float) -> float:
        return took * 30 if route == "/search" and visit.last_week else took


def found(shop: Shop, sold_out: str = "") -> tuple[list[Finding], Insight]:
    store = open_store("sqlite://")
    now = shop.fill(store)
    if sold_out:
        gone = {"item_id": sold_out, "item_name": "Blue teapot", "availability": "out_of_stock"}
        store.put_items([gone], origin="explicit", now_ms=1)
    work = Work(store, None, now=now, options={"timezone": "Europe/London"})
    insight_series.run(work)
    job.run(work)
    insight = Insight(lambda: store, Settings(timezone="Europe/London"), lambda: now)
    return insight.findings(), insight


@pytest.fixture(scope="module")
def planted() -> tuple[list[Finding], Insight]:
    """One shop with everything wrong at once."""
    shop = Shop(14, 160, (LosesAtDelivery(), Teapot(), Broken(), SlowSearch()), unsold=("sku0",))
    return found(shop, sold_out="sku5")


@pytest.fixture(scope="module")
def said(planted) -> dict[str, str]:
    findings, insight = planted
    return {finding.key: insight.sentences("en").text(finding) for finding in findings}


@pytest.mark.parametrize("seed", [1, 2])
def test_in_a_harmless_shop_nothing_is_claimed(seed: int) -> None:
    assert found(Shop(seed))[0] == []


@pytest.mark.parametrize(
    ("key", "beginning", "part"),
    [
        (
            "checkout_loss//checkout/delivery",
            "Checkout step /checkout/delivery loses ",
            "p95 of /checkout/delivery rose from ",
        ),
        ("zero_search/teapot", "Search “teapot” found nothing ", " visitors left"),
        ("js_error//cart", "Scripts fail on /cart for ", "most often TypeError /static/cart.js 7, which is new"),
        ("rage//category/<slug> div.filter > b", "", "clicked div.filter > b on /category/<slug> again and again"),
        ("dead// img.hero", "", "clicked img.hero on / and nothing happened"),
        ("quick_back//", "", " visits left / within seconds"),
        ("server_error//stock", "/stock answered ", "with a server error"),
        ("form//checkout/address voucher", "The form /checkout/address voucher is given up by ", "most stop at “code”"),
        ("refused//checkout/address", "/checkout/address refused ", ""),
        ("slower//search", "/search has become slow: one answer in twenty now takes ", " s or more"),
        ("never_bought/sku0", "Thing 0 was looked at ", "never bought"),
        ("out_of_stock/sku5", "Blue teapot is sold out", ""),
    ],
)
def test_every_planted_cause_is_found(said: dict[str, str], key: str, beginning: str, part: str) -> None:
    assert said[key].startswith(beginning) and part in said[key]


def test_the_beginning_of_a_loss_is_dated(said: dict[str, str]) -> None:
    since = [moment(LosesAtDelivery.since + timedelta(hours=h), "en") for h in (-1, 0, 1)]
    assert any(f"since {hour[:-3]}" in said["checkout_loss//checkout/delivery"] for hour in since)


def test_nothing_else_is_claimed(said: dict[str, str]) -> None:
    """Besides the causes: their alarms, and pages that people leave because of them."""
    kinds = [key.partition("/")[0] for key in said]
    assert kinds.count("never_bought") == 1 and kinds.count("js_error") == 1 and kinds.count("zero_search") == 1
    assert set(kinds) <= set("checkout_loss zero_search js_error rage dead quick_back server_error form refused slower "
                             "never_bought out_of_stock anomaly exit".split())  # fmt: skip


def test_in_chinese_with_an_action_and_an_interval(planted) -> None:
    findings, insight = planted
    chinese = insight.sentences("zh")
    [finding] = [one for one in findings if one.kind == "zero_search"]
    assert chinese.text(finding).startswith("本周搜索“teapot”有 ")
    assert "同义词" in chinese.action(finding) and chinese.uncertainty(finding).startswith("95 % 区间")


def test_feedback_reorders(planted) -> None:
    findings, insight = planted
    last, first = findings[-1], findings[0]
    insight.feedback(last, useful=True)
    insight.feedback(first, useful=False)
    after = [finding.key for finding in insight.findings()]
    assert first.key not in after
    assert after.index(last.key) < len(after) - 1


WHY = {
    "scraper": {"reason": "scraper_steady", "facts": {"n": 400, "minutes": 9, "gap": 1.3}},
    "card_testing": {"reason": "card_testing", "facts": {"n": 14, "minutes": 4}},
    "odd_order": {"en": "because", "zh": "因为"},  # as a version before wrote it
    "unfair": {"what": "little", "by": "seller", "group": "Acme", "value": 0.25},
}


def test_all_sentences_format_in_every_language() -> None:
    for language in languages():
        sentences = Sentences(language, ZoneInfo("UTC"), "EUR", str)
        facts = dict.fromkeys(
            "count visits left usual share more reached lost since views expected week p95 requests at_field past".split(),
            1.0,
        ) | dict.fromkeys("term step item route error element path form field".split(), "x")
        for kind in words("findings", language)["kinds"]:
            if kind in WHY:
                facts["why"] = WHY[kind]
            if kind != "anomaly":
                finding = Finding(kind=kind, subject="x", facts=dict(facts), impact=1, low=0.1, high=0.2)
                assert "{" not in sentences.text(finding) + sentences.action(finding) + sentences.uncertainty(finding)


def test_many_tests_claim_little() -> None:
    chance = [Finding(kind="exit", subject=str(n), facts={}, impact=1, p=(n + 0.5) / 200) for n in range(200)]
    assert benjamini_hochberg(chance) == []
    true = [Finding(kind="exit", subject="true", facts={}, impact=1, p=1e-6)]
    assert [one.subject for one in benjamini_hochberg([*chance, *true])] == ["true"]
    assert benjamini_hochberg([Finding(kind="exit", subject="small", facts={}, impact=1, p=1e-9, telling=False)]) == []


def test_tails_and_intervals() -> None:
    assert binomial_test(3, 10, 0.1) == pytest.approx(0.0702, abs=1e-4)  # scipy.stats.binom.sf(2, 10, 0.1)
    assert binomial_test(700, 6000, 0.1) == pytest.approx(1.40e-5, rel=0.01)
    assert binomial_test(0, 10, 0.5) == 1.0 and two_proportion_test(1, 0, 1, 1) == 1.0
    assert two_proportion_test(30, 100, 200, 1000) == pytest.approx(0.0098, abs=5e-4)
    low, high = difference(30, 100, 200, 1000)
    assert low < 0.1 < high and high - low < 0.2
    assert share_interval(0, 0) == (0.0, 1.0) and share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)


def test_findings_of_the_version_before_are_read() -> None:
    stored = {"kind": "exit", "subject": "/cart", "facts": {}, "hurt": 12.0, "p": 0.01, "tone": "worse"}
    finding = msgspec.convert(stored, Finding)
    assert finding.impact == 12.0
    assert msgspec.to_builtins(finding)["hurt"] == 12.0  # and the version before reads what this one writes


def test_a_strange_visit_is_explained_by_its_facts() -> None:
    def said(kind: str, language: str) -> str:
        finding = Finding(kind=kind, subject="week", facts={"count": 1, "why": WHY[kind]}, impact=1)
        return Sentences(language, ZoneInfo("UTC"), "EUR", str).text(finding)

    assert "400 pages in 9 minutes, one every 1.3 s, as regular as a clock" in said("scraper", "en")
    assert "4 分钟内有 14 次支付被拒" in said("card_testing", "zh")
    assert "because" in said("odd_order", "en")
    assert said("unfair", "en") == "Seller Acme is shown only 0.25 times as much as it is wanted."
