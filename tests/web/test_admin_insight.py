"""The pages findings, anomalies and alerts: what they show, what their forms change, who may, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
import pytest

from opsplug.services.alerts import job as alert_job
from opsplug.services.insight.findings.evidence import Finding
from opsplug.services.insight.findings.job import FINDINGS
from opsplug.training.run.job import Work
from opsplug.training.series import job as insight_series
from opsplug.training.series.job import ALARM
from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import Answer, Visitor
from tests.support.flask_shop import FlaskShop, shop_app
from tests.support.series_shop import fill

ADMIN = "/_opsplug/admin"
ZONE = ZoneInfo("Europe/Berlin")


class Site:
    """A shop in which page views fell to next to nothing some hours ago; its stats pages are open to one person."""

    def __init__(self, folder: Path) -> None:
        self.role: Any = {"role": "admin", "name": "Ana"}
        app = shop_app()
        self.plug = OpsPlug(
            app, store=f"sqlite:///{folder}/opsplug.db", admin=lambda request: self.role, consent="not_required",
            testing=True, timezone="Europe/Berlin", language="en",
        )  # fmt: skip
        self.engine = self.plug.engine
        self.visitor = Visitor(FlaskShop(app, self.plug, ""))

    def break_down(self) -> None:
        now = datetime.now(ZONE).replace(minute=15, second=0, microsecond=0)
        broken = now - timedelta(hours=5, minutes=15)
        fill(self.engine.store, broken - timedelta(days=33), 33.25, mean=60,
             change=lambda at, count: 1 if at >= broken else 30 + (at.hour * 7 + at.day * 5) % 11)  # fmt: skip
        self.engine.insight.note("deploy", "checkout 2.1", at=(broken - timedelta(minutes=5)).timestamp())
        work = Work(
            self.engine.store, self.engine.artefacts, now=now.timestamp(), options=self.engine.settings.job_options()
        )
        insight_series.run(work)
        alert_job.run(work)

    def get(self, path: str) -> Answer:
        return self.visitor.get(f"{ADMIN}/{path}")

    def send(self, path: str, **form: str) -> Answer:
        token = self.get(path).text.partition('name="csrf" value="')[2].partition('"')[0]
        body = urlencode({**form, "csrf": token}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.visitor.send("POST", f"{ADMIN}/{path}", body, content_type=kind, origin="http://localhost")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.engine.close()


@pytest.mark.parametrize("path", ["findings", "anomalies", "alerts"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_empty_pages_teach(site: Site, path: str, language: str) -> None:
    page = site.get(f"{path}?lang={language}")
    assert page.status == 200
    text = {"findings": ("Findings appear here within an hour", "有访问后一小时内"), "anomalies": ("Series appear here", "有访问后即显示曲线"),
            "alerts": ("Nowhere yet: set alerts", "尚未设置：请把 alerts")}[path]  # fmt: skip
    assert text[language == "zh"] in page.text


def test_an_anomaly_is_marked_on_its_series_and_says_why(site: Site) -> None:
    site.break_down()
    page = site.get("anomalies?series=page_views&every=hour").text
    assert '<path class="band" d="M' in page and 'class="mark"' in page
    link = re.search(r'href="([^"]+\?alarm=[^"]+)"', page)
    assert link is not None
    why = site.visitor.get(link[1]).text
    assert "Page views fell to " in why and "Deploy at " in why and "checkout 2.1" in why
    assert "浏览量降至 " in site.visitor.get(f"{link[1]}&lang=zh").text
    assert (
        site.get("anomalies.csv?series=page_views&every=hour&lang=en")
        .text.lstrip("\ufeff")
        .startswith("Time,Measured,Expected,Normal")
    )
    assert site.get("anomalies?alarm=nothing").status == 404
    assert site.get(f"anomalies?series={quote('<script>')}").status == 200


def test_the_first_screen_and_the_findings_page_show_the_same_sentences_and_feedback_hides(site: Site) -> None:
    found = [
        Finding(kind="zero_search", subject="tea <pot>", facts={"term": "tea <pot>", "count": 43, "visits": 30, "left": 12}, impact=40),
        Finding(kind="out_of_stock", subject="x", facts={"item": "x", "views": 20}, impact=20),
    ]  # fmt: skip
    site.engine.store.put_document(
        FINDINGS, "now", {"at": 1.0, "until": 1.7e9, "findings": msgspec.to_builtins(found)}, 1
    )
    sentence = "Search “tea &lt;pot&gt;” found nothing 43 times this week; 12 of those 30 visitors left."
    assert sentence in site.get("findings").text and sentence in site.get("").text
    assert "有 43 次没有结果" in site.get("findings?lang=zh").text
    answer = site.send("findings?lang=en", key="zero_search/tea <pot>", useful="0")
    assert answer.status == 404 or answer.status == 303
    answer = site.send("findings", key="zero_search/tea <pot>", useful="0")
    assert answer.status == 303 and sentence not in site.get("findings?lang=en").text
    assert site.get("findings.csv").text.count("\n") == 2


def test_rules_are_previewed_saved_snoozed_and_removed(site: Site) -> None:
    site.break_down()
    rule = {"measure": "page_views", "every": "hour", "condition": "below", "threshold": "2", "severity": "critical"}
    preview = site.send("alerts", action="preview", **rule).text
    assert "Would have fired once in the last 30 days" in preview
    assert site.send("alerts", action="save", **rule).status == 303
    [saved] = [rule for rule in site.engine.insight.alerts.rules() if rule.measure == "page_views"]
    page = site.get("alerts").text
    assert "Page views: below 2 in one hour" in page
    site.send("alerts", action="snooze", id=saved.id, hours="4")
    assert "quiet until" in site.get("alerts").text
    site.send("alerts", action="remove", id=saved.id)
    assert "below 2" not in site.get("alerts").text


def test_what_does_not_fit_is_said_and_nothing_is_saved(site: Site) -> None:
    for form in (
        {"action": "save", "measure": "ordres", "every": "hour", "condition": "anomaly", "severity": "info"},
        {"action": "save", "measure": "orders", "every": "hour", "condition": "above", "threshold": "many", "severity": "info"},
        {"action": "times", "quiet_from": "25:00", "quiet_to": "07:00", "digest_at": "08:00"},
        {"action": "add_day", "date": "soon", "kind": "sale"},
    ):  # fmt: skip
        answer = site.send("alerts", **form)
        assert answer.status == 422 and 'role="alert"' in answer.text
    assert site.engine.store.documents("alert_rule") == [] and site.engine.insight.alerts.calendar() == []
    assert site.send("alerts", action="page").status == 404


def test_days_and_times_are_saved(site: Site) -> None:
    site.send("alerts", action="add_day", date="2026-02-17", kind="holiday", name="春节")
    site.send("alerts", action="times", quiet_from="21:00", quiet_to="06:30", digest_at="09:00")
    page = site.get("alerts").text
    assert "春节" in page and 'value="06:30"' in page
    site.send("alerts", action="remove_day", date="2026-02-17")
    assert "春节" not in site.get("alerts").text


def test_a_viewer_sees_findings_and_anomalies_and_no_alerts(site: Site) -> None:
    site.role = {"role": "viewer", "name": "Vi"}
    assert [site.get(path).status for path in ("findings", "anomalies", "alerts")] == [200, 200, 404]


def test_alarms_are_in_the_history(site: Site) -> None:
    site.engine.insight.alerts.put(measure="page_views", created=0.0)
    site.break_down()
    assert len(site.engine.store.documents(ALARM)) >= 1
    page = site.get("alerts").text
    assert "Warning: Page views fell to " in page and ">waits<" in page
