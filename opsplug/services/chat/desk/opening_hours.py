"""When people answer the chat, in the shop's time zone: `mon-fri 09:00-17:00, sat 10:00-14:00, closed 2026-12-24`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsplug.errors import SettingsError
from opsplug.locales.formats import clock, short_day
from opsplug.services.chat.texts import TEXTS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?P<from>[a-z]{3})(?:-(?P<to>[a-z]{3}))? (?P<spans>\d.*)")
_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_DATE = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_LOOKED_AHEAD = 60  # days in which the next opening is looked for


@dataclass(frozen=True)
class Hours:
    """`spans[weekday]`: (opens, closes) in minutes of the day, Monday first; empty altogether: always open."""

    spans: tuple[tuple[tuple[int, int], ...], ...] = ()
    holidays: frozenset[str] = frozenset()  # 2026-12-24, or 12-25 of every year
    zone: str = "UTC"

    def is_open(self, now: float) -> bool:
        local = datetime.fromtimestamp(now, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return not self.spans or any(opens <= minute < closes for opens, closes in self._of(local.date()))

    def opens_at(self, now: float) -> datetime | None:
        """The next moment at which somebody is there; None if that is not in sight."""
        zone = ZoneInfo(self.zone)
        local = datetime.fromtimestamp(now, zone)
        for ahead in range(_LOOKED_AHEAD):
            day = local.date() + timedelta(days=ahead)
            for opens, _ in self._of(day):
                moment = datetime.combine(day, time(opens // 60 % 24, opens % 60), zone)
                if moment > local:
                    return moment
        return None

    def opening(self, now: float, language: str) -> str:
        """That moment in words: "on Monday at 09:00", with the date where it is a week away or more."""
        moment, words = self.opens_at(now), TEXTS[language]["opening"]
        if moment is None:
            return str(words["later"])
        days = (moment.date() - datetime.fromtimestamp(now, moment.tzinfo).date()).days
        key = ("today", "tomorrow")[days] if days < 2 else DAYS[moment.weekday()] if days < 7 else "date"
        return str(words[key]).format(time=clock(moment), date=short_day(moment.date(), language))

    def _of(self, day: date) -> tuple[tuple[int, int], ...]:
        if f"{day:%Y-%m-%d}" in self.holidays or f"{day:%m-%d}" in self.holidays:
            return ()
        return self.spans[day.weekday()] if self.spans else ((0, 24 * 60),)


def read_hours(text: str, zone: str = "UTC") -> Hours:
    """Hours from the setting; `SettingsError` names the part that does not fit."""
    spans: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    holidays: set[str] = set()
    for part in (part for part in re.split(r"\s*[,;]\s*", text.strip().lower()) if part):
        if part.startswith("closed "):
            holidays |= {_date(word) for word in part.split()[1:]}
            continue
        match = _PART.fullmatch(part)
        first, last = (match["from"], match["to"] or match["from"]) if match else ("", "")
        if match is None or first not in DAYS or last not in DAYS:
            raise _wrong(part)
        begin, end = DAYS.index(first), DAYS.index(last)
        for weekday in range(begin, end + 1 if end >= begin else end + 8):
            spans[weekday % 7] += [_span(word) for word in match["spans"].split()]
    if holidays and not any(spans):
        spans = [[(0, 24 * 60)] for _ in DAYS]
    return Hours(tuple(tuple(sorted(day)) for day in spans) if any(spans) else (), frozenset(holidays), zone)


def _span(word: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(word)
    opens, closes = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    if not opens < closes <= 24 * 60:  # over midnight is two spans: fri 22:00-24:00, sat 00:00-02:00
        raise _wrong(word)
    return opens, closes


def _date(word: str) -> str:
    match = _DATE.fullmatch(word)
    try:
        date(int(match[1] or 2024) if match else 0, int(match[2]) if match else 0, int(match[3]) if match else 0)
    except ValueError:
        raise _wrong(word) from None
    return word


def _wrong(part: str) -> SettingsError:
    return SettingsError(
        f"chat_hours: {part!r} does not fit; write it like: mon-fri 09:00-17:00, sat 10:00-14:00, closed 12-25"
    )
