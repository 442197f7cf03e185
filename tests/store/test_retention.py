"""Old events go in small batches, and the file stays as large as what is kept."""

from pathlib import Path

from opsplug.events import make_event
from opsplug.store.sqlite import SqliteStore

DAY_MS = 86_400_000
START = 1_790_000_000_000
EVENTS = 2_000  # a day
KEPT = 5  # days


def test_the_file_stays_flat(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "opsplug.db")
    sizes = []
    for day in range(20):
        now = START + day * DAY_MS
        store.add_events(
            [
                make_event(
                    "page_view",
                    event_id=f"{now // 1000:08x}{n:020d}",
                    now_ms=now + n,
                    anonymous_id=f"visitor{n % 97}-{day}",
                    properties={"duration_ms": 1.5, "device": "desktop"},
                )
                for n in range(EVENTS)
            ]
        )
        store.prune(now - KEPT * DAY_MS, batch=100)
        store.close()  # moves the log into the file
        sizes.append(store.size_bytes())
    assert store.last_id() == 20 * EVENTS
    assert max(sizes[KEPT + 2 :]) <= 1.05 * sizes[KEPT + 1], sizes
    assert sizes[-1] < 0.4 * sizes[0] * 20, sizes
    store.close()
