"""A stand-in for one worker of a shop: the real queue, writer, spool and store in a process of its own.

    python -m tests.support.shop_process FOLDER PREFIX COUNT [PAUSE]

Prints the id of each purchase once it is acknowledged, as a shop would answer; ends after COUNT or when killed.
"""

import sys
import time
from pathlib import Path

from opsplug.capture.counters import Counters
from opsplug.capture.durable import settle
from opsplug.capture.queue import EventQueue
from opsplug.capture.spool import Spool
from opsplug.capture.writer import Writer
from opsplug.events import make_event
from opsplug.store import open_store


def main(folder: Path, prefix: str, count: int, pause: float) -> None:
    store = open_store(f"sqlite:///{folder}/opsplug.db")
    queue, counters, spool = EventQueue(), Counters(), Spool(folder / "spool")
    writer = Writer(lambda: store, queue, spool, convert=list, counters=counters)
    writer.start()
    for n in range(count):
        now_ms = int(time.time() * 1000)
        queue.offer(make_event("page_view", event_id=f"view:{prefix}:{n}", now_ms=now_ms))
        counters.add("requests")
        if n % 10 == 0:
            properties = {"transaction_id": f"{prefix}:{n}", "value": 9.9, "currency": "EUR"}
            ticket = queue.offer_durable(
                make_event("purchase", event_id=f"purchase:{prefix}:{n}", now_ms=now_ms, properties=properties)
            )
            settle([ticket], spool, counters)
            sys.stdout.write(f"{ticket.state} {ticket.event.event_id}\n")
            sys.stdout.flush()
        if pause:
            time.sleep(pause)
    writer.stop()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else 0.0)
