"""From stored events to alarms: what is counted when, what is strange and why, and what is not strange."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsplug.events import BOT
from opsplug.features.calendar import Calendar, black_friday
from opsplug.services.measures.reader import SeriesReader
from opsplug.settings import Settings
from opsplug.training.run.job import Work
from opsplug.training.series import daily_series as series_book
from opsplug.training.series import job as insight_series
from opsplug.training.series.annotations import add_note
from opsplug.training.series.daily_series import SeriesBook
from tests.support.series_shop import (
    event,
    fill,
    store,  # noqa: F401  (a fixture)
)

ZONE = ZoneInfo("Europe/Berlin")


def run(store, now: datetime, **options) -> list[str]:
    said: list[str] = []
    insight_series.run(
        Work(store, None, now=now.timestamp(), options={"timezone": "Europe/Berlin", **options}, say=said.append)
    )
    return said


def alarms(store) -> list[dict]:
    return [alarm for _, alarm in store.documents("alarm")]


def values(store, series: str, every: str, days: int, until: datetime) -> list[float]:
    return [
        point.value for point in SeriesReader(store, "Europe/Berlin").points(series, every, days, until.timestamp())
    ]


# ---------------------------------------------------------------------------------------------- counting


def test_hours_days_and_visits_are_counted_on_the_shops_clock(store) -> None:
    at = datetime(2026, 5, 1, 0, 30, tzinfo=ZONE)  # still April in UTC
    who = {"anonymous_id": "a", "session_id": "s"}
    store.add_events([
        event(at, 1, **who), event(at, 2, "add_to_cart", items=[{"item_id": "x"}], **who),
        event(at + timedelta(minutes=20), 3, **who), event(at + timedelta(hours=2), 4, audience=BOT),
        event(at + timedelta(hours=2), 5, "purchase", items=[{"item_id": "x", "price": 4.0, "quantity": 2}], properties={"currency": "EUR"}, anonymous_id="b"),
        event(at + timedelta(hours=2), 6, "purchase", properties={"currency": "USD", "value": 99.0}),
    ])  # fmt: skip
    until = datetime(2026, 5, 2, 6, tzinfo=ZONE)
    run(store, until)
    assert values(store, "page_views", "hour", 2, until)[:3] == [2, 0, 0]
    assert values(store, "sessions", "day", 2, until)[0] == 1
    assert values(store, "visitors", "day", 2, until)[0] == 2
    assert values(store, "orders", "day", 2, until)[0] == 2
    assert values(store, "revenue", "day", 2, until)[0] == 8  # of two currencies only the shop's own
    assert values(store, "bots", "day", 2, until)[0] == 1
    cells = SeriesReader(store, "Europe/Berlin").days("2026-05-01", 1, parts=True)["2026-05-01"]
    assert sum(cells.total("carts_ended")) == sum(cells.total("abandoned")) == 1
    assert cells.part("exits", "route") == {"/": {0: 1.0}}


def test_a_search_told_before_its_page_is_stored_counts_as_left_when_nothing_follows(store) -> None:
    """A shop tells of the search inside the request; the page view is written when the answer has left."""
    at = datetime(2026, 5, 1, 12, tzinfo=ZONE)
    for n in range(2):
        who = {"anonymous_id": f"a{n}", "session_id": f"s{n}"}
        said = {"search_term": "Teapot", "results_count": 0}
        store.add_events(
            [
                event(at + timedelta(seconds=1), n, "view_search_results", properties=said, **who),
                event(at, n, route="/search", **who),
            ]
        )
        if n:
            store.add_events([event(at + timedelta(minutes=1), n, route="/product/<id>", **who)])
    run(store, at + timedelta(hours=6))
    cells = SeriesReader(store, "Europe/Berlin").days("2026-05-01", 1, parts=True)["2026-05-01"]
    assert cells.part("zero_sessions", "term") == {"teapot": {12: 2.0}}
    assert cells.part("left_zero", "term") == {"teapot": {12: 1.0}}


def test_late_events_join_their_own_hour_and_nothing_is_counted_twice(store) -> None:
    first = datetime(2026, 5, 1, tzinfo=ZONE)
    fill(store, first, 2, mean=3)
    run(store, first + timedelta(days=2))
    before = values(store, "page_views", "hour", 3, first + timedelta(days=2))
    run(store, first + timedelta(days=2))
    assert values(store, "page_views", "hour", 3, first + timedelta(days=2)) == before
    late = event(first + timedelta(hours=5), 999, received=first + timedelta(days=2, minutes=1), source="browser")
    store.add_events([late])
    run(store, first + timedelta(days=2, minutes=5))
    after = values(store, "page_views", "hour", 3, first + timedelta(days=2))
    assert after[5] == before[5] + 1 and sum(after) == sum(before) + 1


def test_a_run_that_dies_half_way_counts_nothing_twice(store, monkeypatch) -> None:
    first = datetime(2026, 5, 1, tzinfo=ZONE)
    fill(store, first, 3, mean=4)
    monkeypatch.setattr(insight_series, "SAVE_DAYS", 0)  # save after each batch
    real, calls = SeriesBook.save, []

    def dies(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(self, *arguments)

    original = type(store).read_events
    monkeypatch.setattr(type(store), "read_events", lambda self, **options: original(self, **{**options, "batch": 100}))
    monkeypatch.setattr(SeriesBook, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        run(store, first + timedelta(days=3))
    monkeypatch.setattr(SeriesBook, "save", real)
    run(store, first + timedelta(days=3, hours=1))
    assert sum(values(store, "page_views", "hour", 4, first + timedelta(days=3))) == store.last_id()


def test_another_time_zone_or_another_database_begins_anew(store) -> None:
    first = datetime(2026, 5, 1, tzinfo=ZONE)
    fill(store, first, 2, mean=4)
    run(store, first + timedelta(days=2))
    run(store, first + timedelta(days=2), timezone="Asia/Shanghai")
    total = sum(
        p.value
        for p in SeriesReader(store, "Asia/Shanghai").points(
            "page_views", "day", 5, (first + timedelta(days=4)).timestamp()
        )
    )
    assert total == store.last_id()


def test_many_days_are_not_all_held_in_memory(store, monkeypatch) -> None:
    monkeypatch.setattr(series_book, "MOST_DAYS", 5)
    first = datetime(2026, 1, 1, tzinfo=ZONE)
    fill(store, first, 60, mean=1)
    run(store, first + timedelta(days=60))
    assert sum(values(store, "page_views", "day", 62, first + timedelta(days=61))) == store.last_id()


def test_the_mood_in_the_chat_is_a_series_and_each_message_counts_once(store) -> None:
    first = datetime(2026, 5, 1, tzinfo=ZONE)
    fill(store, first, 1, mean=3)
    for n in range(8):
        at_ms = int((first + timedelta(hours=10, minutes=n)).timestamp() * 1000)
        said = {"kind": "visitor_said", "at": at_ms, "data": {"sentiment": -0.5 if n % 2 else -0.3}}
        store.put_document("chat", f"c/{n}", said, at_ms)
        store.put_document("chat", f"c/{n}b", {"kind": "bot_said", "at": at_ms, "data": {}}, at_ms)
    until = first + timedelta(days=1, hours=3)
    run(store, until)
    run(store, until + timedelta(minutes=20))
    assert values(store, "sentiment", "hour", 2, until)[10] == pytest.approx(-0.4)
    cells = SeriesReader(store, "Europe/Berlin").days("2026-05-01", 1)["2026-05-01"]
    assert cells.total("chat_messages")[10] == 8


# ---------------------------------------------------------------------------------------------- alarms


def test_an_outage_is_an_alarm_with_its_deploy_and_is_told_once(store) -> None:
    first, broken = datetime(2026, 5, 4, tzinfo=ZONE), datetime(2026, 6, 5, 14, tzinfo=ZONE)
    add_note(store, "deploy", "checkout 2.1", int((broken - timedelta(minutes=10)).timestamp() * 1000))
    fill(store, first, 33, change=lambda at, count: 1 if broken <= at < broken + timedelta(hours=4) else count)
    for n in range(6):
        run(store, broken + timedelta(hours=n, minutes=15))
    found = [alarm for alarm in alarms(store) if alarm["measure"] == "page_views"]
    assert [datetime.fromtimestamp(alarm["at"], ZONE) for alarm in found] == [broken]
    [alarm] = found
    assert not alarm["up"] and alarm["tone"] == "worse" and alarm["value"] == 1 and alarm["lower"] > 5
    assert [note["text"] for note in alarm["notes"]] == ["checkout 2.1"]


@pytest.mark.parametrize("hour", [0, 5])
def test_an_outage_that_begins_at_night_is_found_by_the_morning(store, hour: int) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    broken = first + timedelta(days=32, hours=hour)
    fill(store, first, 32.75, change=lambda at, count: 0 if at >= broken else count)
    for n in range(14):
        run(store, broken + timedelta(hours=n, minutes=15))
    [alarm] = [alarm for alarm in alarms(store) if alarm["measure"] == "page_views" and alarm["every"] == "hour"]
    assert alarm["at"] == broken.timestamp() and alarm["value"] == 0 and alarm["tone"] == "worse"
    assert datetime.fromtimestamp(alarm["end"], ZONE) <= broken.replace(hour=11)


def test_the_breakdown_names_the_page_that_fails(store) -> None:
    first, broken = datetime(2026, 5, 4, tzinfo=ZONE), datetime(2026, 6, 5, 14, tzinfo=ZONE)
    for seed, route in enumerate(("/", "/product/<id>", "/cart")):
        gone = route == "/product/<id>"
        fill(
            store, first, 33, route=route, seed=seed, mean=40 if gone else 10,
            change=lambda at, count, gone=gone: 0 if gone and at >= broken else count,
        )  # fmt: skip
    run(store, broken + timedelta(hours=2))
    alarm = next(alarm for alarm in alarms(store) if alarm["measure"] == "page_views" and alarm["every"] == "hour")
    [cause] = alarm["causes"][0]
    assert (cause["dimension"], cause["value"]) == ("route", "/product/<id>") and cause["power"] > 0.8


def test_the_first_errors_after_weeks_without_any_are_an_alarm_and_few_are_none(store) -> None:
    first, broken = datetime(2026, 5, 4, tzinfo=ZONE), datetime(2026, 5, 28, 15, tzinfo=ZONE)
    fill(store, first, 26, properties={"duration_ms": 50.0})
    few = [
        event(first + timedelta(days=12, minutes=m), m, "http_request", properties={"status": 500}) for m in range(3)
    ]
    many = [
        event(broken + timedelta(minutes=m), m, "http_request", properties={"status": 502}, route="/pay")
        for m in range(40)
    ]
    store.add_events(few + many)
    run(store, broken + timedelta(hours=2))
    [alarm] = [alarm for alarm in alarms(store) if alarm["measure"] == "errors" and alarm["every"] == "hour"]
    assert datetime.fromtimestamp(alarm["at"], ZONE) == broken and alarm["value"] == 40


def test_a_price_change_stands_beside_what_it_did(store) -> None:
    first, change = datetime(2026, 5, 4, tzinfo=ZONE), datetime(2026, 6, 4, tzinfo=ZONE)
    items = [{"item_id": f"i{n}", "item_name": f"Thing {n}", "price": 5.0} for n in range(4)]
    store.put_items(items, origin="explicit", now_ms=1)
    for n in range(4):
        line = [{"item_id": f"i{n}", "price": 5.0, "quantity": 1}]
        fill(store, first, 31, "purchase", 6, items=line, properties={"value": 5.0, "n": n}, seed=n)
    run(store, change)
    store.put_items([{**items[2], "price": 0.5}], origin="explicit", now_ms=2)
    run(store, change + timedelta(hours=9))
    cheap = [{"item_id": "i2", "price": 0.5, "quantity": 1}]
    store.add_events(
        [
            event(
                change + timedelta(hours=10, seconds=9 * m),
                5000 + m,
                "purchase",
                items=cheap,
                properties={"value": 50.0},
            )
            for m in range(300)
        ]
    )
    run(store, change + timedelta(hours=11, minutes=10))
    alarm = next(alarm for alarm in alarms(store) if alarm["measure"] == "orders" and alarm["up"])
    assert alarm["causes"][0][0]["value"] == "i2"
    [note] = store.documents("note")
    assert note[1]["text"] == "Thing 2" and (note[1]["old"], note[1]["new"]) == (5.0, 0.5)


# ---------------------------------------------------------------------------------------------- harmless


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)])
def test_a_day_on_which_the_clocks_change_is_harmless(store, month: int, day: int, seed: int) -> None:
    """23 and 25 hours; people keep living by the clock on the wall."""
    first = datetime(2026, month, day, tzinfo=ZONE) - timedelta(days=30)
    fill(store, first, 33, seed=seed)
    run(store, first + timedelta(days=33))
    around = datetime(2026, month, day, tzinfo=ZONE).timestamp()
    assert [a for a in alarms(store) if a["at"] >= around] == []
    cells = SeriesReader(store, "Europe/Berlin")
    assert cells.clock.bounds(f"2026-{month:02}-{day:02}")[1] == (23 if month == 3 else 25)


def test_black_friday_is_harmless_and_a_shop_that_dies_on_it_is_not(store) -> None:
    friday = datetime(2026, 11, 27, tzinfo=ZONE)
    first = friday - timedelta(days=40)
    died = friday + timedelta(hours=18)
    sale = lambda at, count: 0 if at >= died else count * 6 if at >= friday else count  # noqa: E731
    fill(store, first, 41, change=sale)
    run(store, died)
    assert [a for a in alarms(store) if a["at"] >= friday.timestamp()] == []
    store.add_events([event(died + timedelta(hours=5), 1)])
    run(store, died + timedelta(hours=2))
    assert [(a["up"], a["at"]) for a in alarms(store) if a["measure"] == "page_views"][:1] == [
        (False, died.timestamp())
    ]


def test_a_shop_that_was_offline_for_a_week_is_harmless(store) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    begin, end = first + timedelta(days=32), first + timedelta(days=39)
    fill(store, first, 50, change=lambda at, count: 0 if begin <= at < end else count)
    run(store, first + timedelta(days=50))
    assert alarms(store) == []


def test_a_week_offline_that_is_noticed_only_when_the_shop_is_back_is_harmless(store) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    begin, end = first + timedelta(days=32), first + timedelta(days=39)
    fill(store, first, 32)
    run(store, begin)
    fill(store, end, 6, seed=1)
    run(store, end + timedelta(days=6))
    assert alarms(store) == []


@pytest.mark.parametrize("year", [1985, 1999])
def test_a_clock_in_the_wrong_century_is_harmless_and_counted(store, year: int) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    fill(store, first, 20, mean=5)
    store.add_events(
        [event(datetime(year, 1, 1, tzinfo=ZONE), n, received=first + timedelta(days=20)) for n in range(50)]
    )
    said = run(store, first + timedelta(days=20))
    assert any("50 with an impossible time" in line for line in said)
    assert alarms(store) == [] and len(store.document_keys("series")) <= 21


def test_a_clock_far_in_the_future_is_the_moment_of_receiving(store) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    fill(store, first, 20, mean=5)
    ahead = event(datetime(2099, 1, 1, tzinfo=ZONE), 1, received=first + timedelta(days=19, hours=23))
    store.add_events([ahead])
    run(store, first + timedelta(days=20))
    assert SeriesReader(store, "Europe/Berlin").newest() <= (first + timedelta(days=20)).timestamp()


@pytest.mark.parametrize("mean", [0.0, 0.02, 1.5])
def test_small_and_empty_shops_are_harmless(store, mean: float) -> None:
    first = datetime(2026, 5, 4, tzinfo=ZONE)
    fill(store, first, 60, mean=mean)
    run(store, first + timedelta(days=60))
    assert alarms(store) == []


def test_an_empty_store_says_so(store) -> None:
    assert run(store, datetime(2026, 5, 4, tzinfo=ZONE)) == ["0 new events read", "no events yet"]


def test_the_calendar() -> None:
    assert str(black_friday(2026)) == "2026-11-27" and str(black_friday(2024)) == "2024-11-29"
    mine = Calendar([{"date": "2026-12-25", "kind": "normal"}, {"date": "2026-02-17", "kind": "holiday"}])
    assert [mine.kind_of(day) for day in ("2026-11-30", "2026-12-25", "2026-02-17", "2026-05-05", "2026-12-24")] == [
        "sale", None, "holiday", None, "holiday",
    ]  # fmt: skip


def test_a_new_release_is_noted_once_and_the_first_one_is_no_news(store) -> None:
    fill(store, datetime(2026, 5, 4, tzinfo=ZONE), 1, mean=1)
    for release in ("a1", "a1", "b2", "b2", ""):
        run(store, datetime(2026, 5, 5, tzinfo=ZONE), facts={"release": release, "version": "0.1"})
    assert [(note["kind"], note["text"], note["old"]) for _, note in store.documents("note")] == [
        ("release", "b2", "a1")
    ]


def test_the_settings_say_what_a_job_needs() -> None:
    first = Settings(release="a1", alerts="json://localhost/x").job_options()
    assert first["facts"]["release"] == "a1" and first["alerts"] == "json://localhost/x"
    assert first["facts"]["settings"] != Settings(holdout=0.1).job_options()["facts"]["settings"]
