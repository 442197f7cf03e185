"""Lengths of time, once. Seconds, as whole numbers; `DAY * MS` is a day in milliseconds, the unit of events."""

from typing import Final

SECOND: Final = 1
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
WEEK: Final = 7 * DAY
MS: Final = 1_000  # milliseconds in a second
DAY_MS: Final = DAY * MS
