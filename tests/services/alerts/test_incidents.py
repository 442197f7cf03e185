"""What stands between a limit and a person: hysteresis, one incident for what belongs together, a quiet recovery."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import pytest

from opsplug.services.alerts import job as alert_job
from opsplug.services.alerts.alerts import Alerts
from opsplug.services.alerts.incidents import INCIDENT, Incidents
from opsplug.services.alerts.rules import Rule, firings
from opsplug.services.measures.reader import Point, SeriesReader
from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.run.job import Work
from opsplug.training.series.detection import DETECTOR
from opsplug.training.series.job import ALARM, alarm_key
from opsplug.units import HOUR

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()


class Inbox:
    """A webhook on the loopback."""

    def __init__(self) -> None:
        self.came: list[dict] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inbox.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.came]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.server.shutdown()
    inbox.server.server_close()


@pytest.fixture
def store():
    store = open_store("sqlite://")
    yield store
    store.close()


def run(store, inbox: Inbox, now: float, language: str = "en") -> None:
    alert_job.run(Work(store, None, now=now, options={"alerts": inbox.address, "language": language}))


def alarm(measure: str, at: float, value: float = 2.0) -> dict:
    return {
        "series": measure, "measure": measure, "route": "", "every": "hour", "day": "2026-03-03", "slot": 11, "at": at,
        "end": at + HOUR, "value": value, "expected": 30.0, "lower": 18.0, "upper": 42.0, "score": 0.8, "up": False,
        "unit": "count", "tone": "worse", "told": False, "notes": [], "causes": [],
    }  # fmt: skip


def put(store, *alarms: dict) -> None:
    store.put_documents([(ALARM, alarm_key(a["at"], a["every"], a["series"]), a) for a in alarms], 1)


def episode(store, measure: str, side: int) -> None:
    store.put_document(DETECTOR, f"hour/{measure}", {"episode": {"side": side, "back": 0, "age": 1}}, 1)


# ------------------------------------------------------------------ hysteresis


def points(values) -> list[Point]:
    return [Point(n * HOUR, (n + 1) * HOUR, float(value)) for n, value in enumerate(values)]


ERRORS = Rule(id="x", measure="errors", condition="above", threshold=20)


def test_values_around_a_limit_are_told_once_in_twelve_hours():
    values = [5, 5, 5, 21, 19, 22, 19, 20, 23, 18, 21, 19, 24, 19, 21]
    assert sum(a <= 20 < b for a, b in pairwise(values)) == 6  # so many it was before
    assert [f.at / HOUR for f in firings(ERRORS, points(values), ())] == [3]


def test_what_was_well_back_for_three_hours_is_news_again():
    assert [f.at / HOUR for f in firings(ERRORS, points([5, 30, 5, 5, 5, 30]), ())] == [1, 5]
    assert [f.at / HOUR for f in firings(ERRORS, points([5, 30, 5, 5, 30]), ())] == [1]
    assert [f.at / HOUR for f in firings(ERRORS, points([5, 30, 19, 19, 19, 19, 30]), ())] == [1]  # not well back


def test_a_daily_limit_needs_one_day_back():
    daily = Rule(id="x", measure="orders", every="day", condition="below", threshold=10)
    assert len(firings(daily, points([20, 5, 20, 5]), ())) == 2
    assert len(firings(daily, points([20, 5, 10.5, 5]), ())) == 1


def test_a_limit_crossed_for_a_week_is_told_once_a_day(store, inbox, monkeypatch):
    Alerts(lambda: store, Settings(), lambda: NOON - 400 * HOUR).put(
        id="x", measure="errors", condition="above", threshold=20
    )
    for rule in ("orders", "revenue", "conversion", "errors", "payments", "scripts", "slow", "visits"):
        Alerts(lambda: store, Settings(), lambda: NOON).remove(rule)

    def crossed(self, series, every, days, until):
        first = until // HOUR * HOUR - days * 24 * HOUR
        return [Point(first + n * HOUR, first + (n + 1) * HOUR, 30.0) for n in range(days * 24)]

    monkeypatch.setattr(SeriesReader, "points", crossed)
    for hours in range(5 * 24):
        run(store, inbox, NOON + hours * HOUR)
    assert 4 <= len(inbox.came) <= 6


# ------------------------------------------------------------------ incidents


def test_what_fails_together_is_one_message_and_what_follows_joins_it(store, inbox):
    put(store, alarm("orders", NOON - HOUR), alarm("sessions", NOON - HOUR), alarm("conversion", NOON - HOUR))
    run(store, inbox, NOON)
    put(store, alarm("payment_errors", NOON), alarm("latency_p95", NOON))
    run(store, inbox, NOON + HOUR)
    assert len(inbox.came) == 1
    [(_, incident)] = store.documents(INCIDENT)
    assert len(incident["members"]) == 5
    states = {one["series"]: one["state"] for one in Alerts(lambda: store, Settings(), lambda: NOON).history()}
    assert states["orders"] == "told"
    assert states["payment_errors"] == states["latency_p95"] == "joined"


def test_what_gets_worse_is_told(store, inbox):
    put(store, alarm("conversion", NOON - HOUR))  # a warning
    run(store, inbox, NOON)
    put(store, alarm("orders", NOON))  # critical
    run(store, inbox, NOON + HOUR)
    assert inbox.titles == ["opsplug: Visits that bought", "opsplug: Orders"]
    assert len(store.documents(INCIDENT)) == 1


def test_the_same_series_again_is_told_only_after_a_day(store, inbox):
    for hours in (0, 6, 12, 26):
        put(store, alarm("orders", NOON + (hours - 1) * HOUR))
        run(store, inbox, NOON + hours * HOUR)
    assert inbox.titles == ["opsplug: Orders", "opsplug: Orders"]


def test_another_matter_hours_later_is_another_incident(store, inbox):
    put(store, alarm("orders", NOON - HOUR))
    run(store, inbox, NOON)
    put(store, alarm("js_errors", NOON + 5 * HOUR))
    run(store, inbox, NOON + 6 * HOUR)
    assert inbox.titles == ["opsplug: Orders", "opsplug: Script errors"]
    assert len(store.documents(INCIDENT)) == 2


# ------------------------------------------------------------------ recovery


def test_recovery_is_told_once_quietly_and_only_when_all_are_back(store, inbox):
    put(store, alarm("orders", NOON - HOUR), alarm("sessions", NOON - HOUR))
    episode(store, "orders", -1)
    episode(store, "sessions", -1)
    run(store, inbox, NOON)
    episode(store, "orders", 0)
    run(store, inbox, NOON + HOUR)
    assert len(inbox.came) == 1
    episode(store, "sessions", 0)
    run(store, inbox, NOON + 2 * HOUR)
    run(store, inbox, NOON + 3 * HOUR)
    assert len(inbox.came) == 2
    last = inbox.came[-1]
    assert last["title"] == "opsplug: Orders and 1 more back to normal"
    assert "11:00–14:00" in last["message"]
    assert last["type"] == "info"


def test_recovery_waits_for_the_end_of_the_quiet_hours(store, inbox):
    late = datetime(2026, 3, 3, 21, tzinfo=UTC).timestamp()
    put(store, alarm("orders", late - HOUR))
    run(store, inbox, late)
    episode(store, "orders", 0)
    run(store, inbox, late + 5 * HOUR)  # 02:00
    assert len(inbox.came) == 1
    run(store, inbox, late + 11 * HOUR)
    assert inbox.titles[1:] == ["opsplug: Orders back to normal"]


def test_recovery_in_chinese(store, inbox):
    put(store, alarm("orders", NOON - HOUR))
    run(store, inbox, NOON, "zh")
    episode(store, "orders", 0)
    run(store, inbox, NOON + HOUR, "zh")
    assert inbox.titles[-1] == "opsplug: 订单数已恢复正常"


def test_an_incident_of_which_nothing_is_heard_is_closed_without_a_word(store, inbox):
    put(store, alarm("orders", NOON - HOUR))
    run(store, inbox, NOON)
    run(store, inbox, NOON + 80 * HOUR)
    assert len(inbox.came) == 1
    assert [one["state"] for _, one in store.documents(INCIDENT)] == ["over"]


def test_the_order_of_alerts_does_not_matter(store):
    def alert(rule, severity, at):
        return f"{at}/{rule}", {"rule": rule, "series": rule, "every": "hour", "at": at, "severity": severity}

    ready = [alert("a", "warning", 10.0), alert("b", "critical", 20.0), alert("c", "info", 30.0)]
    found = []
    for order in (ready, ready[::-1]):
        incidents = Incidents(store, 100.0)
        told, joined = incidents.sort(order)
        found.append(([one["rule"] for _, one in told], joined, len(incidents.rows())))
    assert found[0] == found[1] == (["b", "a", "c"], [], 1)
