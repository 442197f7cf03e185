"""The job `series`: new events into the numbers of days, finished hours and days past the detectors, alarms kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsplug.features.calendar import Calendar
from opsplug.features.local_time import SlotClock, shifted
from opsplug.features.series import Rollup, RollupState
from opsplug.training.run.job import Work
from opsplug.training.series.annotations import note_changes, note_prices
from opsplug.training.series.daily_series import PARTS_DAYS, SeriesBook
from opsplug.training.series.detection import SeriesDetectors
from opsplug.training.series.explanation import Explainer
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

ALARM, CALENDAR = "alarm", "calendar"  # document kinds
CHAT: Final = "chat"  # kind of the documents that a conversation's events are
SETTLED: Final = 5.0  # seconds after which no message comes before one that was read
SAVE_EVERY: Final = 20_000  # events, or
SAVE_DAYS: Final = 40  # days that have changed


def run(work: Work) -> None:
    """Read what is new, then look at what is complete. Cheap when nothing is."""
    clock = SlotClock(str(work.options.get("timezone") or "UTC"))
    book = SeriesBook(work.store, clock)
    now = work.now if work.now is not None else work.clock()
    note_prices(work.store, round(now * 1000))
    facts = work.options.get("facts")
    if isinstance(facts, dict):
        note_changes(work.store, round(now * 1000), **facts)
    state = _read(work, book, now)
    if not state.first_day:
        work.say("no events yet")
        return
    newest = state.newest_ms / 1000
    alarms = _detect(work, book, state, now)
    days = float(work.options.get("retention_days") or 0)
    today = clock.slot(round(now * 1000))[0]
    oldest = shifted(today, -int(days)) if days else ""
    book.prune(oldest, max(oldest, shifted(today, -PARTS_DAYS)) if newest > now - 2 * DAY else oldest)
    work.say(f"{alarms} alarms")


def _read(work: Work, book: SeriesBook, now: float) -> RollupState:
    """Read the new events; -> what is known of all."""
    state, sessions = book.read_state()
    category_of = _categories(work.store)
    rollup = Rollup(book.clock, book.day, state, sessions, category_of)
    count = 0
    for batch in work.store.read_events(after_id=state.last_id, audience=None):
        rollup.read(batch)
        count += len(batch)
        if book.changed > SAVE_DAYS or count % SAVE_EVERY < len(batch):
            book.save(round(work.clock() * 1000), state, sessions)
    _read_sentiment(work.store, book, state, now)
    rollup.close_sessions(round(now * 1000) if state.newest_ms > (now - 2 * DAY) * 1000 else state.newest_ms)
    if count or book.changed:
        book.save(round(work.clock() * 1000), state, sessions)
    work.say(f"{count:,} new events read" + (f", {state.dropped:,} with an impossible time" if state.dropped else ""))
    late = [source for source, share in state.late.items() if share > 0.5]
    if late:
        work.say(f"{' and '.join(late)} come in bulk: judged up to the newest")
    return state


def _read_sentiment(store: Store, book: SeriesBook, state: RollupState, now: float) -> None:
    """The sentiment of visitors in the chat; its conversations are documents, not events."""
    until_ms = round((now - SETTLED) * 1000)
    if not state.first_day or until_ms <= state.chat_ms:
        return
    for _, message in store.documents_since(CHAT, state.chat_ms + 1):
        sentiment = message.get("data", {}).get("sentiment")
        if message.get("kind") != "visitor_said" or sentiment is None or not state.chat_ms < message["at"] <= until_ms:
            continue
        name, slot = book.clock.slot(message["at"])
        if name >= state.first_day:
            book.day(name).add("chat_messages", slot, 1)
            book.day(name).add("chat_sentiment", slot, float(sentiment))
    state.chat_ms = until_ms


def _detect(work: Work, book: SeriesBook, state: RollupState, now: float) -> int:
    store = work.store
    entries = (value for _, value in store.documents(CALENDAR))
    calendar = Calendar(entries, str(work.options.get("country") or ""))
    explainer = Explainer(store, book, calendar, state.first_day)
    detectors = SeriesDetectors(store, book, calendar)
    made = round(work.clock() * 1000)
    rows: list[tuple[str, str, Any]] = []
    hours: set[tuple[str, str]] = set()  # (series, day) with an alarm of an hour
    for anomaly in detectors.detect(state.first_day, now, state.newest_ms / 1000, state):
        alarm = explainer.alarm(anomaly)
        if anomaly.every == "hour":
            hours.add((anomaly.series, anomaly.day))
        alarm["told"] = anomaly.every == "day" and (anomaly.series, anomaly.day) in hours
        alarm["made"] = made / 1000
        rows.append((ALARM, alarm_key(anomaly.at, anomaly.every, anomaly.series), alarm))
    store.put_documents([*rows, *detectors.documents()], made)
    return len(rows)


def alarm_key(at: float, every: str, series: str) -> str:
    """Sorts by time; the same point has the same key, so that no alarm is there twice."""
    return f"{int(at):012d}/{every}/{series}"


def _categories(store: Store) -> Any:
    known: dict[str, str] = {}
    for record in store.items():
        category = record.get("item_category")
        if category:
            known[record["item_id"]] = str(category)
    return lambda item_id: known.get(item_id, "")
