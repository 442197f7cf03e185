"""The spool: what is in it survives kills, and two who drain do no harm."""

import fcntl
import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from opsplug.capture.spool import Spool
from opsplug.errors import StoreError
from opsplug.events import Event
from tests.contracts.store_contract import event


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def drain(spool: Spool) -> list[Event]:
    got: list[Event] = []
    spool.drain(got.extend)
    return got


def test_events_come_back_as_they_were(spool: Spool) -> None:
    events = [
        event(n, "purchase", items=[{"item_id": "杯子", "price": 9.5}], properties={"value": 9.5}) for n in range(3)
    ]
    spool.append(*events[:2])
    spool.append(events[2])
    assert [stat.S_IMODE(path.stat().st_mode) for path in spool.waiting()] == [0o600]
    assert drain(spool) == events
    assert spool.waiting() == []
    assert drain(spool) == []


def test_half_a_line_spoils_no_other(spool: Spool) -> None:
    spool.append(event(1))
    [path] = spool.waiting()
    with path.open("ab") as file:
        file.write(b'\n{"event_id": "torn", "eve')
    spool.append(event(2))
    assert [one.event_id for one in drain(spool)] == ["e1", "e2"]


def test_what_the_store_will_not_have_stays(spool: Spool) -> None:
    spool.append(*(event(n) for n in range(1200)))
    taken: list[int] = []

    def fail_later(events: Sequence[Event]) -> None:
        if taken:
            raise StoreError("gone")
        taken.append(len(events))

    with pytest.raises(StoreError):
        spool.drain(fail_later)
    assert len(drain(spool)) == 1200


def test_a_file_being_drained_by_another_is_left_alone(spool: Spool) -> None:
    spool.append(event(1))
    [path] = spool.waiting()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert drain(spool) == []
    assert len(drain(spool)) == 1


def test_appending_goes_on_while_another_drains(spool: Spool) -> None:
    spool.append(event(0))
    seen: list[str] = []

    def store(events: Sequence[Event]) -> None:
        spool.append(event(len(seen) + 1))  # would wait for ever if draining kept the file
        seen.extend(one.event_id for one in events)

    assert spool.drain(store) == 1
    assert [one.event_id for one in drain(spool)] == ["e1"]


def test_nothing_is_lost_between_those_who_append_and_those_who_drain(spool: Spool) -> None:
    got: list[Event] = []
    writing = threading.Event()

    def append(number: int) -> None:
        for n in range(60):
            spool.append(event(0, event_id=f"{number}-{n}"))

    def drain_on() -> None:
        while not writing.is_set():
            spool.drain(got.extend)

    drainers = [threading.Thread(target=drain_on) for _ in range(2)]
    writers = [threading.Thread(target=append, args=(number,)) for number in range(3)]
    for thread in (*drainers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in drainers:
        thread.join()
    got += drain(spool)
    assert len({one.event_id for one in got}) == len(got) == 180


def test_no_room_is_a_store_error_and_leaves_whole_lines(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.append(event(1))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(StoreError, match=r"spool: .*no space"):
        spool.append(event(2))
    monkeypatch.undo()
    spool.append(event(3))
    assert [one.event_id for one in drain(spool)] == ["e1", "e3"]


def test_a_store_without_a_place_has_no_spool() -> None:
    spool = Spool(None)
    with pytest.raises(StoreError):
        spool.append(event(1))
    assert spool.waiting() == []
