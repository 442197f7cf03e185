"""When a person may be disturbed: quiet hours, and the hour of the day's one message."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsplug.errors import SettingsError


class AlertTimes(msgspec.Struct, kw_only=True):
    """On the shop's clock, as HH:MM. Critical alerts wait for nothing; equal ends mean no quiet hours."""

    quiet_from: str = "22:00"
    quiet_to: str = "07:00"
    digest_at: str = "08:00"

    @classmethod
    def of(cls, document: Any) -> AlertTimes:
        """From a form or a document; `SettingsError` for what is no time of day."""
        times = msgspec.convert(document or {}, cls)
        for field in cls.__struct_fields__:
            _clock(getattr(times, field), field)
        return times

    def quiet(self, moment: datetime) -> bool:
        begin, end = _clock(self.quiet_from, "quiet_from"), _clock(self.quiet_to, "quiet_to")
        now = moment.time().replace(tzinfo=None)
        return begin <= now < end if begin <= end else now >= begin or now < end

    def next_digest(self, after: float, zone: ZoneInfo) -> float:
        """The first digest hour at or after a moment, epoch seconds."""
        moment = datetime.fromtimestamp(after, zone)
        at = moment.replace(hour=_clock(self.digest_at, "digest_at").hour, second=0, microsecond=0, fold=0)
        at = at.replace(minute=_clock(self.digest_at, "digest_at").minute)
        return (at if at >= moment else at + timedelta(days=1)).timestamp()


def _clock(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{field}: a time of day such as 22:00 is expected, not {text!r}") from None
