"""Data retention: deletes conversations of visitors who withdrew consent, and those past their retention period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsplug.services.chat.conversation_log import OVERVIEW, ConversationLog
from opsplug.services.chat.handover import PERSON
from opsplug.store.kinds import living_as_long_as
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.run.job import Work

WITHDRAWN: Final = "chat_withdrawn"  # the store marks them together with the events of the visitor
_AT_ONCE: Final = 500


def forget_withdrawn(store: Store, log: ConversationLog) -> bool:
    """Remove the conversations of visitors who withdrew consent; -> whether any waits because a person serves it."""
    served = removed = False
    for key, _ in store.documents(WITHDRAWN):
        conversation_id = key.rpartition("/")[2]
        conversation = log.read(conversation_id)
        if conversation is not None and conversation.state == PERSON:
            served = True
            continue
        log.remove([conversation_id])
        store.delete_document(WITHDRAWN, key)
        removed = True
    if removed:
        store.checkpoint()
    return served


def run(work: Work) -> None:
    """The job: `retention_days` for conversations and all else that is kept by the day.

    As with events, age counts from the newest event: an old log that is looked at does not vanish over night.
    """
    log = ConversationLog(work.store, work.clock)
    forget_withdrawn(work.store, log)
    days = float(work.options.get("retention_days") or 0)
    if days > 0:
        _forget_old(work, log, days)
    work.store.checkpoint()


def _forget_old(work: Work, log: ConversationLog, days: float) -> None:
    newest = work.store.newest_receipt() or work.clock() * 1000
    before = round(min(work.clock() * 1000, newest) - days * DAY_MS)
    others = sum(work.store.delete_documents(kind, before) for kind in living_as_long_as("events"))
    gone = 0
    while old := work.store.documents_before(OVERVIEW, before, limit=_AT_ONCE):
        gone += log.remove([key for key, _ in old])
    work.say(f"{gone:,} conversations and {others:,} notes older than {days:g} days removed")
