"""Faults of the machine, on real processes: kills, full and read-only disks, locks, deletion, corruption."""

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO

import psutil
import pytest

from opsplug.capture.spool import Spool
from opsplug.errors import StoreError
from opsplug.store import open_store
from tests.contracts.store_contract import read
from tests.support.faults import (
    LOCKED_SECONDS,
    SOAK,
    small_disk,  # noqa: F401  (a fixture)
)
from tests.support.waiting import soon

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if SOAK else 10


def start(
    folder: Path, prefix: str, count: int, pause: float = 0.0, stdout: IO[str] | int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.support.shop_process", str(folder), prefix, str(count), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]", timeout: float = 600.0) -> tuple[set[str], set[str]]:
    """-> (ids of acknowledged purchases, ids of those reported lost)."""
    out, err = process.communicate(timeout=timeout)
    assert process.returncode in (0, -signal.SIGKILL), err
    return told_by(out)


def told_by(out: str) -> tuple[set[str], set[str]]:
    told = [line.split(" ", 1) for line in out.splitlines() if line.count(" ") == 1]
    return {name for state, name in told if state != "lost"}, {name for state, name in told if state == "lost"}


def stored(folder: Path) -> list[str]:
    """Ids in the store once the spool is empty."""
    store = open_store(f"sqlite:///{folder}/opsplug.db")
    Spool(folder / "spool").drain(lambda events: store.add_events(events, durable=True))
    ids = [event.event_id for event in read(store)]
    store.close()
    return ids


def test_eight_processes_start_at_once_and_store_a_thousand_events_each(tmp_path: Path) -> None:
    processes = [start(tmp_path, f"p{n}", 1000) for n in range(8)]
    acknowledged: set[str] = set()
    for process in processes:
        safe, lost = finish(process)
        assert not lost
        acknowledged |= safe
    ids = stored(tmp_path)
    assert len(acknowledged) == 800
    assert len(ids) == len(set(ids)) == 8 * 1100
    store = open_store(f"sqlite:///{tmp_path}/opsplug.db")
    counts = store.counts()
    store.close()
    assert counts["requests"] == 8000
    assert "events_lost" not in counts
    assert not counts.get("events_dropped")


@pytest.mark.soak
def test_killed_at_random_moments_no_acknowledged_purchase_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: set[str] = set()
    for n in range(KILLS):
        process = start(tmp_path, f"k{n}", 1_000_000, 0.0002)
        assert process.stdout is not None
        first = process.stdout.readline().split()  # it is at work
        time.sleep(chance.random() * 0.3)
        process.kill()
        safe, lost = finish(process)
        assert not lost
        acknowledged |= safe | {first[1]}
    counted = Counter(name for name in stored(tmp_path) if name.startswith("purchase:"))
    assert acknowledged <= counted.keys()
    assert set(counted.values()) == {1}
    assert len(acknowledged) >= KILLS


@pytest.mark.soak
def test_a_database_locked_for_long(tmp_path: Path) -> None:
    finish(start(tmp_path, "first", 10))
    holder = sqlite3.connect(tmp_path / "opsplug.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    process = start(tmp_path, "locked", 600, LOCKED_SECONDS / 300)
    soon((tmp_path / "spool").exists)
    time.sleep(LOCKED_SECONDS)
    holder.execute("ROLLBACK")
    holder.close()
    safe, lost = finish(process, 3 * LOCKED_SECONDS + 600)
    assert (len(safe), lost) == (60, set())
    ids = stored(tmp_path)
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 11 + 660  # page views waited in memory: none is missing


def test_a_database_deleted_while_running(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("w") as out:
        process = start(tmp_path, "deleted", 600, 0.003, out)
        soon(lambda: said.read_text().count("\n") >= 10)
        process.send_signal(signal.SIGSTOP)  # so that what was said before is known
        soon(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        before, _ = told_by(said.read_text())
        for name in ("opsplug.db", "opsplug.db-wal", "opsplug.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        process.send_signal(signal.SIGCONT)
        assert process.wait(600) == 0
    assert process.stderr is not None
    process.stderr.close()
    everything, lost = told_by(said.read_text())
    ids = set(stored(tmp_path))
    safe = everything - before
    assert not lost
    assert len(safe - ids) <= 2  # at most those acknowledged while we deleted
    assert len(before & ids) <= 1
    assert len(everything) == 60


def test_a_full_disk(small_disk: Path) -> None:
    finish(start(small_disk, "first", 10))
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    process = start(small_disk, "full", 400, 0.01)
    assert process.stdout is not None
    told = [process.stdout.readline().split()[0] for _ in range(4)]
    assert "lost" in told  # neither store nor spool has room: the shop answers all the same
    filler.unlink()
    safe, lost = finish(process)
    ids = set(stored(small_disk))
    assert safe <= ids
    assert safe  # it came back by itself
    store = open_store(f"sqlite:///{small_disk}/opsplug.db")
    counts = store.counts()
    store.close()
    assert counts.get("events_lost", 0) == len([name for name in lost if name not in ids]) == 0
    assert len([name for name in ids if name.startswith("view:full")]) + counts.get("events_dropped", 0) == 400


def test_a_read_only_file_system(small_disk: Path) -> None:
    finish(start(small_disk, "first", 10))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    process = start(small_disk, "ro", 300, 0.01)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("lost ")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    safe, lost = finish(process)
    ids = set(stored(small_disk))
    assert safe
    assert safe | lost <= ids  # even what was given up waited in memory


@pytest.mark.parametrize("page", [0, 1, 20, 60])
def test_a_corrupt_page(tmp_path: Path, page: int) -> None:
    """Page 0 is the file's header, 1 a table's root; the others are leaves that only some reads and writes meet."""
    finish(start(tmp_path, "first", 3000))
    path = tmp_path / "opsplug.db"
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    safe, lost = finish(start(tmp_path, f"c{page}", 200, 0.001))
    assert not lost
    store = open_store(f"sqlite:///{path}")
    try:
        read(store)
    except StoreError:  # the first to meet the page is told, the next write heals
        store.add_counts({"requests": 1})
    store.close()
    ids = stored(tmp_path)
    assert safe <= set(ids)
    assert sorted(ids) == sorted(set(ids))
    aside = list(tmp_path.glob("opsplug.db.corrupt-*Z"))
    assert len(aside) == 1
    store = open_store(f"sqlite:///{path}")
    assert store.counts()["store_rebuilt"] == 1
    store.close()
    if page > 1:
        assert len([name for name in ids if ":first:" in name]) > 3000  # of 3,300
