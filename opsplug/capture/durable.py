"""The promise behind an answer: what was acknowledged is in the store, or in the spool, or counted as lost."""

import logging
import time
from collections.abc import Iterable, Sequence

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
            into_spool([ticket], spool, counters)
        except StoreError as error:
            conclude(ticket, LOST, counters, str(error))


def into_spool(tickets: Sequence[Ticket], spool: Spool, counters: Counters) -> None:
    """All of them on the disk beside the store, or a `StoreError` and none of them concluded."""
    spool.append(*(ticket.event for ticket in tickets))
    for ticket in tickets:
        conclude(ticket, SPOOLED, counters)


def conclude(ticket: Ticket, state: str, counters: Counters, why: str = "neither store nor spool took it") -> None:
    """Settle a ticket and count how it ended. Waiting for an answer and the writer may do so at once: the first counts,
    but an event that was given up and is safe after all is no loss."""
    first = ticket.settle(state)
    if not first:
        if ticket.state == LOST and state != LOST:
            counters.add("events_lost", -1)
    elif state == LOST:
        counters.add("events_lost")
        log.critical("opsplug: %s %s is lost: %s", ticket.event.event, ticket.event.event_id, why)
    elif state == SPOOLED:
        counters.add("events_spooled")
