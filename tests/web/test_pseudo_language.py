"""Nothing that a person reads is outside of opsplug/locales: every stats page and widget in a language made for this."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsplug import locales, reasons
from opsplug.engine.stats_pages import stats_pages
from opsplug.services.alerts.messages import alert_text, subject
from opsplug.services.chat.desk.transcript import transcript
from opsplug.services.chat.handover import Conversation, Message
from opsplug.services.insight.findings.evidence import Finding
from opsplug.services.insight.findings.sentences import Sentences
from opsplug.services.recommend.reason_sentences import sentence
from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import Visitor
from tests.support.flask_shop import FlaskShop, shop_app
from tests.support.insight_shop import InsightShop
from tests.support.pseudo import TAG, untranslated, untranslated_in, write_language

WORD = re.compile(r"[^\W\d_]{2,}")
ITEMS = [{"item_id": f"i{n}", "item_name": f"XX {n}", "price": 5.5, "currency": "EUR"} for n in range(9)]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = write_language(tmp_path_factory.mktemp("locales"))
    assert locales.use(made) == []
    yield made
    locales.use("")


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InsightShop]:
    shop = InsightShop(tmp_path_factory.mktemp("sold"))
    shop.fill(buyers=24)
    shop.train("profiles", "forecasts")
    yield shop
    shop.store.close()


def plug(at: Path, folder: Path, **settings: Any) -> tuple[OpsPlug, Visitor]:
    app = shop_app()
    made = OpsPlug(
        app, store=f"sqlite:///{at}/opsplug.db", consent="not_required", testing=True, locales=str(folder),
        admin=lambda request: True, **settings,
    )  # fmt: skip
    return made, Visitor(FlaskShop(app, made, ""))


def page_names(made: OpsPlug) -> list[str]:
    """From the wiring: a page that is added is looked at by these tests."""
    engine = made.engine
    return [page.name for page in stats_pages(engine, engine.web.helpers._snippet)]


def looked_at(visitor: Visitor, names: list[str], known: frozenset[str]) -> dict[str, list[str]]:
    found = {}
    for name in [*names, "inbox/canned", "inbox/unanswered", "nothing-such"]:
        answer = visitor.get(f"/_opsplug/admin/{name}?lang={TAG}")
        assert answer.status in (200, 404), name
        assert "⟦" in answer.text
        found[name] = untranslated_in(answer.text, known)
    return {name: words for name, words in found.items() if words}


def test_every_stats_page_of_an_empty_shop(tmp_path: Path, folder: Path) -> None:
    made, visitor = plug(tmp_path, folder)
    names = page_names(made)
    assert len(names) >= 15
    assert looked_at(visitor, names, frozenset(reasons_shown())) == {}


def test_every_stats_page_of_a_shop_that_sells(tmp_path: Path, folder: Path, sold: InsightShop) -> None:
    made, visitor = plug(tmp_path, folder)
    made.engine.__dict__["store"] = sold.store
    made.engine.__dict__["catalog"] = sold.catalog
    made.engine.insight.__dict__["people"] = sold.people
    made.engine.insight.alerts.put(measure="page_views", created=0.0)
    made.engine.insight.alerts.put_day("2026-12-24", "holiday", "")
    ids = " ".join(sold.user(f"{'often' if n % 2 else 'once'}{n}") for n in range(24))
    known = frozenset(reasons_shown()) | frozenset(WORD.findall(f"Tea Toys tea toy EUR {ids}"))
    assert looked_at(visitor, page_names(made), known) == {}


def reasons_shown() -> list[str]:
    """Names of counters, as they stand in the log and the command line."""
    return WORD.findall(" ".join(row.name for row in reasons.REASONS))


def test_the_closed_door(tmp_path: Path, folder: Path) -> None:
    for settings in ({}, {"admin_token": "x" * 20}):
        app = shop_app()
        made = OpsPlug(app, store=f"sqlite:///{tmp_path}/a.db", testing=True, locales=str(folder), **settings)
        answer = Visitor(FlaskShop(app, made, "")).get(f"/_opsplug/admin/?lang={TAG}")
        assert "⟦" in answer.text and untranslated_in(answer.text) == []


def test_widgets_on_the_page_and_fetched(tmp_path: Path, folder: Path) -> None:
    made, visitor = plug(tmp_path, folder, language=TAG)
    made.engine.catalog.upsert(ITEMS)
    page = visitor.get("/helpers").text
    assert page.count("⟦") > 4 and untranslated_in(page, frozenset(["XX"])) == []
    assert "qps" in re.search(r'data-texts="([^"]*)"', page).group(1).split()  # type: ignore[union-attr]
    answer = visitor.get(f"/_opsplug/recommendations?placement=cart&language={TAG}").json()
    shown = [answer["title"], *answer["texts"].values(), *(item["reason"] for item in answer["items"])]
    assert all("⟦" in text and untranslated(text) == [] for text in shown)
    texts = visitor.get(f"/_opsplug/texts?language={TAG}").json()
    assert texts.keys() == locales.shipped("snippet", "en").keys()
    assert untranslated(str([list(texts[part].values()) for part in ("chat", "banner", "recommendations")])) == []


def test_what_the_chat_says(tmp_path: Path, folder: Path) -> None:
    made, _ = plug(tmp_path, folder, language=TAG)
    made.engine.catalog.upsert(ITEMS)
    known = frozenset(["XX", "AB"])
    said = ["hello", "who are you", "thanks", "talk to a person", "where is my order AB-12345", "recommend something",
            "do you have XX", "do you have XX under 1", "qwertz uiop", "another customer's orders"]  # fmt: skip
    for n, text in enumerate(said):
        reply = made.engine.chat.reply(text, anonymous_id=f"v{n}", language=TAG)
        assert "⟦" in reply.text and untranslated(reply.text, known) == [], text


def test_mails_and_alerts() -> None:
    system = [Message(f"m{n}", "system", key, 0) for n, key in enumerate(("waiting", "agent_joined", "closed"))]
    talk = Conversation("c1", language=TAG, messages=(*system, Message("v", "visitor", "12", 0)))
    for text in transcript(talk, "UTC"):
        assert "⟦" in text and untranslated(text) == []
    cause = {"dimension": "device", "value": "12", "power": 0.9, "actual": 1.0, "expected": 2.0}
    alarm = {"series": "orders", "measure": "orders", "every": "hour", "unit": "count", "value": 1.0, "expected": 9.0,
             "lower": 5.0, "upper": 12.0, "up": False, "at": 0.0, "end": 3600.0, "causes": [[cause]],
             "notes": [{"kind": "deploy", "at": 0.0, "text": "7"}]}  # fmt: skip
    for condition, inside in (("anomaly", alarm), ("above", None), ("below", None)):
        alert = {**alarm, "alarm": inside, "condition": condition, "severity": "critical", "threshold": 3.0}
        for text in (alert_text(alert, TAG, ZoneInfo("UTC")), subject([alert], TAG)):
            assert "⟦" in text and untranslated(text) == []


def test_findings_and_reasons() -> None:
    sentences = Sentences(TAG, ZoneInfo("UTC"), "EUR", str)
    facts: dict[str, Any] = dict.fromkeys(
        "count visits left usual share more reached lost since views expected week p95 requests past new".split(), 1.0
    ) | dict.fromkeys("term step item route error element path form field".split(), "1")
    why = {
        kind: {"reason": reason, "facts": dict.fromkeys(("n", "minutes", "gap", "value", "times"), 7.0)}
        for kind, reason in (
            ("scraper", "scraper_steady"),
            ("card_testing", "card_testing"),
            ("odd_order", "odd_order"),
        )
    } | {"unfair": {"what": "much", "by": "seller", "group": "1", "value": 2.0}}
    for kind in locales.shipped("findings", "en")["kinds"]:
        told = {**facts, "why": why[kind]} if kind in why else facts
        finding = Finding(kind=kind, subject="x", facts=told, impact=1, low=0.1, high=0.2)
        if kind != "anomaly":
            for text in (sentences.text(finding), sentences.action(finding), sentences.uncertainty(finding)):
                assert "⟦" in text and untranslated(text) == [], kind
    for code in locales.shipped("recommendations", "en")["reasons"]:
        for item in ({}, {"item_category": "1"}):
            text = sentence(code, TAG, item=item, anchor={})
            assert "⟦" in text and untranslated(text) == []
