"""Housekeeping that runs beside training: old events go, items that no page shows any more expire."""

from __future__ import annotations

from opsplug.training.run.job import Work
from opsplug.units import DAY

UNSEEN_DAYS = 30  # an item learnt from pages that no page has shown for so long is gone


def prune(work: Work) -> None:
    """Remove events older than `retention_days`, in small batches.

    Age counts from the newest event: an old log that was imported to be looked at does not vanish over night.
    """
    days = float(work.options.get("retention_days") or 0)
    if days > 0:
        newest = work.store.newest_receipt()
        count = work.store.prune(round(min(work.clock() * 1000, newest) - days * DAY * 1000))
        work.say(f"{count:,} events older than {days:g} days removed")


def expire(work: Work) -> None:
    """Remove items that were learnt from pages and were not seen for 30 days; what the shop upserted stays."""
    count = work.store.expire_items("page", round((work.clock() - UNSEEN_DAYS * DAY) * 1000))
    work.say(f"{count:,} items unseen for {UNSEEN_DAYS} days removed")
