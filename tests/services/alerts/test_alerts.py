"""Alerts over real sockets: what fires, what waits, what is tried again, and that nothing is lost or told twice."""

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from opsplug.errors import SettingsError
from opsplug.services.alerts import job as alert_job
from opsplug.services.alerts.alerts import Alerts
from opsplug.services.alerts.notify import NotifyError, addresses, channel_of, send
from opsplug.services.alerts.outbox import OUTBOX
from opsplug.services.alerts.quiet_hours import AlertTimes
from opsplug.services.alerts.rules import Rule, firings
from opsplug.services.measures.reader import Point
from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.run.job import Work
from opsplug.training.series.job import ALARM, alarm_key

# Modules that apprise's plugins import; what is old there is not ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


class Hook:
    """A webhook on the loopback that remembers what came and can refuse it."""

    def __init__(self) -> None:
        self.came: list[tuple[dict, dict]] = []
        self.refusing = False
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not hook.refusing:
                    hook.came.append((json.loads(body), dict(self.headers)))
                self.send_response(503 if hook.refusing else 200)
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


class Mail(socketserver.StreamRequestHandler):
    letters: list[bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                letter = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    letter += line
                Mail.letters.append(letter)
                self.wfile.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def store():
    store = open_store("sqlite://")
    yield store
    store.close()


def alarm(at: float = NOON - HOUR, measure: str = "orders", tone: str = "worse", **fields) -> dict:
    return {
        "series": measure, "measure": measure, "route": "", "every": "hour", "day": "2026-03-03", "slot": 11, "at": at,
        "end": at + HOUR, "value": 2.0, "expected": 30.0, "lower": 18.0, "upper": 42.0, "score": 0.8, "up": False,
        "unit": "count", "tone": tone, "told": False, "notes": [{"kind": "deploy", "text": "v7", "at": at + 60}],
        "causes": [[{"dimension": "device", "value": "mobile", "power": 0.96, "surprise": 0.2, "actual": 0.0, "expected": 27.0}]],
        **fields,
    }  # fmt: skip


def put(store, *alarms: dict) -> None:
    store.put_documents([(ALARM, alarm_key(a["at"], a["every"], a["series"]), a) for a in alarms], 1)


def run(store, hook: str, now: float = NOON, language: str = "en") -> list[str]:
    said: list[str] = []
    alert_job.run(Work(store, None, now=now, options={"alerts": hook, "language": language}, say=said.append))
    return said


def test_an_alarm_reaches_the_webhook_once_with_cause_and_deploy(store, hook) -> None:
    put(store, alarm())
    run(store, hook.address)
    run(store, hook.address, NOON + 300)
    [(body, headers)] = hook.came
    assert body["title"] == "opsplug: Orders"
    assert "Critical: Orders fell to 2 (Mar 3, 2026 11:00–12:00); 30 was expected, 18 to 42" in body["message"]
    assert "device mobile (96 %)" in body["message"] and "Deploy at Mar 3, 2026 11:01: v7" in body["message"]
    assert len(headers["Idempotency-Key"]) == 24


def test_in_chinese(store, hook) -> None:
    put(store, alarm())
    run(store, hook.address, language="zh")
    assert "严重：订单数降至 2（2026年3月3日 11:00 至 12:00），预计为 30" in hook.came[0][0]["message"]


def test_a_refused_message_is_tried_again_under_the_same_key_also_by_another_process(store, hook) -> None:
    put(store, alarm())
    hook.refusing = True
    assert "1 to be tried again" in run(store, hook.address)[-1]
    [(key, waiting)] = store.documents(OUTBOX)
    assert waiting["tries"] == 1 and "json" in waiting["error"] and "127.0.0.1" not in waiting["channel"]
    hook.refusing = False
    run(store, hook.address, NOON + 30)  # too early
    assert hook.came == []
    run(store, hook.address, NOON + 90)
    run(store, hook.address, NOON + 900)
    assert [headers["Idempotency-Key"] for _, headers in hook.came] == [key]


def test_a_crash_between_writing_down_and_sending_loses_nothing(store, hook) -> None:
    put(store, alarm())
    alert_run = alert_job.AlertRun(Work(store, None, now=NOON, options={"alerts": hook.address}), NOON)
    assert (alert_run.find(), alert_run.queue()) == (1, 1)
    # The process dies here; the next one only has the store.
    run(store, hook.address, NOON + 60)
    assert len(hook.came) == 1


def test_a_message_nobody_takes_is_given_up_after_three_days_and_counted(store, hook) -> None:
    put(store, alarm())
    hook.refusing = True
    for hours in range(0, 100, 7):
        run(store, hook.address, NOON + hours * HOUR)
    assert store.documents(OUTBOX)[0][1]["state"] == "given up"
    assert store.counts()["alerts_undelivered"] == 1


def test_mail_arrives_over_smtp(store) -> None:
    Mail.letters = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = server.server_address[1]
        put(store, alarm())
        run(store, f"mailto://127.0.0.1:{port}?from=shop@example.com&to=owner@example.com&mode=insecure")
        server.shutdown()
    letter = email.message_from_bytes(Mail.letters[0])
    text = next(p for p in letter.walk() if p.get_content_maintype() == "text").get_payload(decode=True).decode()
    assert letter["To"] == "owner@example.com" and "Orders fell to 2" in text


def test_quiet_hours_hold_warnings_but_nothing_critical(store, hook) -> None:
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC).timestamp()
    put(store, alarm(late - HOUR), alarm(late - HOUR, "conversion", unit="share"))
    run(store, hook.address, late)
    assert [body["title"] for body, _ in hook.came] == ["opsplug: Orders"]
    run(store, hook.address, late + 8 * HOUR)  # 07:30
    assert [body["title"] for body, _ in hook.came][1:] == ["opsplug: Visits that bought"]


def test_snoozed_rules_tell_nothing_and_keep_the_history(store, hook) -> None:
    alerts = Alerts(lambda: store, Settings(alerts=hook.address), lambda: NOON)
    alerts.snooze("orders", 4)
    put(store, alarm())
    run(store, hook.address)
    run(store, hook.address, NOON + 6 * HOUR)
    assert hook.came == [] and [alert["state"] for alert in alerts.history()] == ["snoozed"]


def test_the_digest_is_one_message_at_its_hour(store, hook) -> None:
    alerts = Alerts(lambda: store, Settings(alerts=hook.address), lambda: NOON - 4 * HOUR)
    alerts.put(id="orders", digest=True, severity="warning")
    alerts.put(id="conversion", digest=True)
    put(store, alarm(), alarm(measure="conversion", unit="share"))
    run(store, hook.address)
    assert hook.came == []
    run(store, hook.address, NOON + 20 * HOUR)  # 08:00 on the next day
    [(body, _)] = hook.came
    assert body["title"] == "opsplug: Visits that bought and 1 more" and body["message"].count("Warning:") == 2


def test_good_news_old_news_and_news_from_before_the_rule_are_none(store, hook) -> None:
    put(store, alarm(tone="better", up=True), alarm(NOON - 60 * HOUR), alarm(measure="visitors"))
    Alerts(lambda: store, Settings(), lambda: NOON).put(measure="visitors")
    run(store, hook.address)
    assert hook.came == []


def test_without_an_address_alerts_are_kept_and_expire(store) -> None:
    put(store, alarm())
    run(store, "")
    alerts = Alerts(lambda: store, Settings(), lambda: NOON)
    assert [alert["state"] for alert in alerts.history()] == ["waiting"]
    run(store, "", NOON + 73 * HOUR)
    assert [alert["state"] for alert in alerts.history()] == ["untold"]


def test_a_threshold_is_told_when_it_is_crossed_and_once_a_day_while_it_stays_crossed() -> None:
    nan = float("nan")
    values = [1, 9, 9, nan, 9, 1, 9, *[9] * 30]
    points = [Point(n * HOUR, (n + 1) * HOUR, v) for n, v in enumerate(values)]
    above = firings(Rule(id="x", measure="errors", condition="above", threshold=5), points, ())
    assert [f.at / HOUR for f in above] == [1, 25]  # one hour back between two crossings ends nothing
    below = firings(Rule(id="x", measure="orders", condition="below", threshold=5), points, ())
    assert [f.at / HOUR for f in below] == [0, 5]


def test_rules_are_checked_and_the_default_ones_can_be_removed_for_good(store) -> None:
    alerts = Alerts(lambda: store, Settings(), lambda: NOON)
    with pytest.raises(SettingsError, match="there is no measure 'ordres'"):
        alerts.put(measure="ordres")
    with pytest.raises(SettingsError, match="alert rule"):
        alerts.put(measure="orders", condition="sideways")
    for rule in alerts.rules():
        alerts.remove(rule.id)
    assert alerts.rules() == []
    mine = alerts.put(measure="errors", condition="above", threshold="10")
    assert [(r.id, r.threshold) for r in alerts.rules()] == [(mine.id, 10.0)]


@pytest.mark.parametrize(("hour", "quiet"), [(21, False), (22, True), (3, True), (7, False)])
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    assert AlertTimes().quiet(datetime(2026, 3, 3, hour)) is quiet
    assert not AlertTimes(quiet_from="00:00", quiet_to="00:00").quiet(datetime(2026, 3, 3, hour))


def test_times_and_days_that_are_none_are_refused(store) -> None:
    alerts = Alerts(lambda: store, Settings(), lambda: NOON)
    with pytest.raises(SettingsError, match="quiet_from"):
        alerts.put_times(quiet_from="25:00")
    with pytest.raises(SettingsError, match="calendar"):
        alerts.put_day("2026-02-30", "sale")
    alerts.put_day("2026-02-17", "holiday", "春节")
    assert alerts.calendar() == [{"date": "2026-02-17", "kind": "holiday", "name": "春节"}]


def test_addresses_keep_their_commas_and_their_secrets() -> None:
    assert addresses("mailto://a?to=x@y.z,b@c.d, json://h/1\njson://h/2") == [
        "mailto://a?to=x@y.z,b@c.d",
        "json://h/1",
        "json://h/2",
    ]
    assert channel_of("slack://secret/token").startswith("slack-") and "secret" not in channel_of(
        "slack://secret/token"
    )
    with pytest.raises(NotifyError, match="nowhere://"):
        send("nowhere://x", "t", "b", key="k")
