"""SQLite's own: files, threads, forks, migrations, time limits."""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug.errors import SettingsError, StoreError
from opsplug.store import Store, connections, open_store, queries
from opsplug.store.connections import Connections
from opsplug.store.migrate import migrations
from tests.contracts.store_contract import StoreContract, event, read


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = open_store(f"sqlite:///{tmp_path}/opsplug.db")
        yield store
        store.close()


class TestTemporary(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = open_store("sqlite://")
        yield store
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "opsplug.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.mark.parametrize("url", ["postgresql://x/y", "sqlite:///", "sqlite:///:memory:", "sqlite:///a/", "a.db", ""])
def test_another_address_names_the_remedy(url: str) -> None:
    with pytest.raises(SettingsError, match=r"store: .* sqlite:///opsplug\.db"):
        open_store(url)


def test_nothing_is_made_before_the_first_use(store: Store, path: Path) -> None:
    assert not path.parent.exists()
    assert store.size_bytes() == 0
    store.add_events([event(1)])
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["opsplug.db", "opsplug.db-shm", "opsplug.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_at_most_two_secondary_indexes(store: Store) -> None:
    assert len(store.rows("SELECT name FROM pragma_index_list('events')", {})) == 2


def test_a_history_uses_the_index(store: Store) -> None:
    from opsplug.store import queries

    sql, parameters = queries.listed(queries.HISTORY, names=["view_item"])
    plan = store.rows("EXPLAIN QUERY PLAN " + sql, {**parameters, "visitor": "v", "limit": 5})
    assert "USING INDEX events_visitor (<expr>=?)" in plan[0][3]
    assert len(plan) == 1  # and no sorting


def test_migrations_are_applied_once_and_recorded(store: Store) -> None:
    names = [f"{number:04d}_{name}" for number, name, _ in migrations("sqlite")]
    assert store.migrate() == names
    assert store.migrate() == []
    assert [number for number, _, _ in migrations("sqlite")] == list(range(1, len(names) + 1))


def test_a_failed_migration_leaves_nothing_and_stays_pending(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = migrations("sqlite")
    broken = (*good, (len(good) + 1, "broken", "CREATE TABLE half (x);\nCREATE TABLE nonsense;\n"))
    monkeypatch.setattr("opsplug.store.migrate.migrations", lambda dialect: broken)
    with pytest.raises(StoreError):
        store.migrate()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    assert connection.execute("SELECT MAX(number) FROM migrations").fetchone() == (len(good),)
    connection.close()
    monkeypatch.undo()
    assert store.add_events([event(1)]) == 1


def test_a_newer_database_is_refused(store: Store, path: Path) -> None:
    store.migrate()
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'later', 0)")
    connection.close()
    with pytest.raises(StoreError, match="newer opsplug"):
        store.counts()


def test_each_thread_reads_while_another_writes(store: Store) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(50):
                written = event(0, event_id=f"{number}-{n}", anonymous_id=f"v{number}")
                store.add_events([written], timeout=60)
                assert len(store.history([f"v{number}"], timeout=5)) == n + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.last_id() == 300


def test_a_deleted_database_is_made_again(store: Store, path: Path) -> None:
    store.add_events([event(1)])
    assert len(read(store)) == 1
    path.unlink()
    assert store.add_events([event(2)], durable=True) == 1
    assert [one.event_id for one in read(store)] == ["e2"]
    for file in path.parent.iterdir():
        file.unlink()
    assert read(store) == []
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    assert store.add_events([event(3)]) == 1
    assert len(read(store)) == 1


def test_a_write_is_never_left_in_a_file_that_was_replaced_meanwhile(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.migrate()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    under_way, begin = threading.Event(), connections.transaction

    def told(*args: Any) -> Any:
        under_way.set()
        return begin(*args)

    monkeypatch.setattr(connections, "transaction", told)
    thread = threading.Thread(target=store.add_events, args=([event(1)],), kwargs={"durable": True, "timeout": 60})
    thread.start()
    assert under_way.wait(60)
    path.unlink()
    holder.execute("ROLLBACK")
    holder.close()
    thread.join()
    assert [one.event_id for one in read(store)] == ["e1"]


def test_an_emptied_file_is_made_again(store: Store, path: Path) -> None:
    store.add_events([event(1)])
    store.close()
    path.write_bytes(b"")
    assert store.add_events([event(2)]) == 1
    assert [one.event_id for one in read(store)] == ["e2"]


def test_a_locked_database_is_told_after_the_timeout(store: Store, path: Path) -> None:
    store.migrate()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(StoreError, match="locked"):
        store.add_events([event(1)], timeout=0.1)
    assert time.monotonic() - start < 5  # which it would have waited unasked
    assert read(store) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert store.add_events([event(1)]) == 1


def test_a_slow_read_is_interrupted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = Connections.read.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(Connections, "read", impatient)
    store.migrate()
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"
    start = time.monotonic()
    with pytest.raises(StoreError, match="interrupted"):
        store.rows(endless, {}, timeout=0.02)
    assert time.monotonic() - start < 10  # which it might have taken unasked
    assert store.counts() == {}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"opsplug\.db cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/file/opsplug.db").migrate()


def test_a_child_never_uses_the_connections_of_its_parent(store: Store) -> None:
    store.add_events([event(1)])
    assert len(read(store)) == 1
    child = os.fork()
    if child == 0:
        try:
            stored = store.add_events([event(2)], durable=True)
            os._exit(0 if stored == 1 and len(read(store)) == 2 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert store.add_events([event(3)]) == 1
    assert len(read(store)) == 3


def test_a_fork_waits_for_a_write_under_way(store: Store) -> None:
    store.migrate()
    stop = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        n = 0
        while not stop.is_set():
            try:
                store.add_events([event(0, event_id=f"p{n}")])
                n += 1
            except BaseException as error:
                failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    children = []
    for number in range(5):
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if store.add_events([event(0, event_id=f"c{number}")]) == 1 else 1)
            except BaseException:
                os._exit(2)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
    stop.set()
    thread.join()
    assert failures == []
    assert {f"c{number}" for number in range(5)} <= {one.event_id for one in read(store)}


def test_documents_by_prefix_and_age_use_their_indexes(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    store.put_document("rules", "b", 1, 1)
    for sql, detail in (
        (queries.DOCUMENTS_FROM, "(kind=? AND key>? AND key<?)"),
        (queries.NEWEST_DOCUMENTS, "documents_by_age (kind=?)"),
        (queries.DOCUMENTS_BEFORE, "documents_by_age (kind=? AND updated_at<?)"),
        (queries.DELETE_OLDER_DOCUMENTS, "documents_by_age (kind=? AND updated_at<?)"),
    ):
        names = dict.fromkeys(("kind", "prefix", "length", "beyond", "limit", "before"), 1)
        plan = str(store.rows(f"EXPLAIN QUERY PLAN {sql}", names))
        assert detail in plan, plan
    store.close()
