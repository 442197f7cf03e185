"""The promise behind an answer: what was acknowledged is in the store, or in the spool, or counted as lost."""

import logging
import time
from collections.abc import Iterable

from opsplug.capture.counters import Counters
from opsplug.capture.queue import LOST, PENDING, SPOOLED, Ticket
from opsplug.capture.spool import Spool
from opsplug.errors import StoreError

log = logging.getLogger("opsplug")
WAIT_SECONDS = 0.25


def settle(tickets: Iterable[Ticket], spool: Spool, counters: Counters) -> None:
    """Wait, at most 250 ms for all of them, until the writer confirms; spool what it has not confirmed by then."""
    deadline = time.monotonic() + WAIT_SECONDS
    for ticket in tickets:
        if ticket.wait(max(0.0, deadline - time.monotonic())) or ticket.state != PENDING:
            continue
        try:
            spool.append(ticket.event)
        except StoreError as error:
            if ticket.settle(LOST):
                counters.add("events_lost")
                log.critical("opsplug: %s %s is lost: %s", ticket.event.event, ticket.event.event_id, error)
        else:
            if ticket.settle(SPOOLED):
                counters.add("events_spooled")
