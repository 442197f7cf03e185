"""What one crafted request costs: python -m benchmarks.hostile

CPU time of the thread, best of 5, so that a busy machine says the same; the first line says how fast this one is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

from opsplug.capture.beacon import MAX_BODY, read_beacon
from opsplug.capture.identity import Identity, read_cookies
from opsplug.capture.traffic_class import TrafficClass, classify
from opsplug.capture.visit import GONE, Visit
from opsplug.events import BROWSER_PROPERTIES
from opsplug.web.http import parse_cookies

PIECES = ("1 2", "1.1", "4111 1111 1111 1111 ", "a@b.", "GB33BUKB20201555555555 ", "%40", "tel 1 ", "1(")
HEADER = 64 * 1024


class _Nobody:
    def user_of(self, visit: Visit) -> str | None:
        return None

    def is_staff(self, visit: Visit) -> bool:
        return False

    def identity_of(self, visit: Visit) -> Identity:
        return Identity("a" * 20, "b" * 20)


def milliseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(5):
        began = time.thread_time()
        work()
        took.append(time.thread_time() - began)
    return 1000 * min(took)


def crafted(piece: str, length: int) -> bytes:
    """A full body of texts that look like what has to be masked, none like another."""
    names = sorted(BROWSER_PROPERTIES - {"value", "currency", "transaction_id"})
    events: list[str] = []
    size = 20
    for number in range(100):
        texts = {name: (f"{number}.{at}" + piece * length)[:length] for at, name in enumerate(names)}
        event = json.dumps({"event_id": f"event{number:06d}", "event": "click", "properties": texts})
        size += len(event) + 2
        if size > MAX_BODY:
            break
        events.append(event)
    return f'{{"events": [{", ".join(events)}]}}'.encode()


def read(body: bytes) -> object:
    visit = Visit(
        _Nobody(), GONE, TrafficClass.VISIT, "POST", "/", "", False, "", False, "", "", "", "", "", time.time()
    )  # fmt: skip
    return read_beacon(body, visit, lambda reason, detail: None)


def main() -> None:
    print(f"a loop of a million additions: {milliseconds(lambda: sum(number for number in range(1_000_000))):.1f} ms")
    for length in (15, 200):
        costs = [(milliseconds(partial(read, crafted(piece, length))), piece) for piece in PIECES]
        print(f"dearest body of 64 KB, texts of {length} characters ({max(costs)[1]!r}): {max(costs)[0]:.1f} ms")
    for unit in ("a@", "a=", ";", "opsplug_id=a."):
        header = unit * (HEADER // len(unit))
        print(f"Cookie of 64 KB of {unit!r}: {milliseconds(partial(cookies, header)):.2f} ms")
    for unit in ("a", "a-", "a@"):
        agent = "Mozilla/5.0 (" + unit * (HEADER // len(unit))
        print(f"User-Agent of 64 KB of {unit!r}: {milliseconds(partial(classify, 'GET', '/p', agent, '')):.2f} ms")


def cookies(header: str) -> object:
    return parse_cookies(header), read_cookies(header)


if __name__ == "__main__":
    main()
