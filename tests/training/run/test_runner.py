"""One job runs once, in whichever process gets the lease, and a dead process is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug.capture.counters import Counters
from opsplug.engine.jobs import JOBS, train
from opsplug.errors import ModelError, SettingsError
from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.run.artefacts import Artefacts
from opsplug.training.run.child import Child, Spec, environment, interpreter
from opsplug.training.run.job import Job, run_jobs, runs
from opsplug.training.run.runner import ATTEMPTS, LEASE, RETRY, SHORTEST, Runner
from opsplug.training.run.schedule import Schedule
from tests.support.shop import KEY, NOW, Shop, fill_catalogue, fill_events

ROOT = Path(__file__).resolve().parents[3]
JOB = Job("recommendations", "opsplug.training.recommendations:train", trains=True)


class FakeChild:
    """Ends when told to; remembers whether it was stopped."""

    def __init__(self) -> None:
        self.end, self.stopped, self.error = threading.Event(), False, ""

    def wait(self, say: Callable[[str], object]) -> list[Any]:
        assert self.end.wait(60)
        if self.error or self.stopped:
            raise ModelError(self.error or "stopped")
        return []

    def stop(self) -> None:
        self.stopped = True
        self.end.set()


class World:
    """Several workers over one store, and a clock that the test moves."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.shop = Shop(folder)
        self.now = NOW
        self.children: list[FakeChild] = []
        self.settings = Settings(store=f"sqlite:///{folder}/shop.db", **settings)

    def spawn(self, spec: Spec) -> Any:
        child = FakeChild()
        self.children.append(child)
        return child

    def worker(self, *jobs: Job) -> Runner:
        return Runner(
            jobs or (JOB,), self.settings, lambda: self.shop.store, lambda: self.shop.artefacts, self.shop.counters,
            clock=lambda: self.now, spawn=self.spawn,
        )  # fmt: skip

    def finish(self, runner: Runner, error: str = "") -> None:
        self.children[-1].error = error
        self.children[-1].end.set()
        assert runner.wait(300)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.shop.store.get_document("job", JOB.name)
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    fill_catalogue(world.shop)
    yield world
    for child in world.children:
        child.stop()
    world.shop.close()


def test_eight_workers_one_run(world: World) -> None:
    workers = [world.worker() for _ in range(8)]
    threads = [threading.Thread(target=worker.poll) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.children) == 1
    world.children[0].end.set()
    assert all(worker.wait(60) for worker in workers)
    for worker in workers:
        worker.poll()
    assert len(world.children) == 1
    assert world.state()["state"] == "done"


def test_due_again_only_when_there_is_something_new_and_not_too_soon(world: World) -> None:
    worker = world.worker()
    worker.poll()
    world.finish(worker)
    world.now += 2 * 3600
    worker.poll()
    assert len(world.children) == 1, "nothing is new"
    world.shop.do("view_item", "tea01", visitor="v")
    world.now += 1
    worker.poll()
    assert len(world.children) == 2
    world.finish(worker)
    world.shop.do("view_item", "tea02", visitor="v")
    world.now += SHORTEST - 1
    worker.poll()
    assert len(world.children) == 2, "a training may take a small share of one core only"
    world.now += 2
    worker.poll()
    assert len(world.children) == 3
    world.finish(worker)


def test_an_empty_shop_is_not_trained(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.worker().poll()
    assert not world.children
    world.shop.close()


def test_train_every_0_never_trains(tmp_path: Path) -> None:
    world = World(tmp_path, train_every=0)
    fill_catalogue(world.shop)
    world.worker().poll()
    assert not world.children
    world.shop.close()


def test_a_dead_holder_is_replaced_after_its_lease_and_not_before(world: World) -> None:
    dead, heir = world.worker(), world.worker()
    dead.poll()
    world.now += LEASE - 1
    heir.poll()
    assert len(world.children) == 1
    world.now += 2
    heir.poll()
    assert len(world.children) == 2
    assert world.state()["attempts"] == 2
    dead.poll()  # it was only asleep: it sees that the lease is gone and stops its own run
    assert world.children[0].stopped
    world.finish(heir)
    assert world.state()["state"] == "done"
    assert dead.wait(60)
    assert world.state()["state"] == "done", "the late end of a lost run changes nothing"


def test_a_living_holder_keeps_its_lease(world: World) -> None:
    holder, other = world.worker(), world.worker()
    holder.poll()
    for _ in range(10):
        world.now += LEASE / 2
        holder.poll()
        other.poll()
    assert len(world.children) == 1
    world.finish(holder)


def test_a_run_that_kills_every_process_is_given_up(world: World) -> None:
    for _ in range(ATTEMPTS + 2):
        world.worker().poll()
        world.now += LEASE + 1
    assert len(world.children) == ATTEMPTS


def test_a_failure_is_told_and_tried_again_later(world: World) -> None:
    worker = world.worker()
    worker.poll()
    world.finish(worker, error="the disk is full")
    assert world.state()["state"] == "failed"
    assert "disk is full" in world.state()["error"]
    assert world.shop.counters.get("errors.job.recommendations") == 1
    worker.poll()
    assert len(world.children) == 1
    world.now += RETRY
    worker.poll()
    assert len(world.children) == 2
    world.finish(worker)


def test_a_store_that_is_gone_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from opsplug.errors import StoreError

    def gone(*args: object) -> None:
        raise StoreError("no database")

    monkeypatch.setattr(world.shop.store, "get_document", gone)
    world.worker().poll()
    assert world.shop.counters.get("errors.schedule") == 1


def test_jobs_are_named() -> None:
    with pytest.raises(ModelError, match="recommendations"):
        train(None, None, ["nonsense"])  # type: ignore[arg-type]


def test_a_child_trains_publishes_and_says_what_it_does(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    fill_events(shop)
    said: list[str] = []
    child = Child(Spec(f"sqlite:///{tmp_path}/shop.db", str(shop.artefacts.folder), KEY.hex(), seed=1))
    (report,) = child.wait(said.append)
    assert report.promoted
    assert report.version == shop.artefacts.current("recommendations")
    assert any("interactions" in text for text in said)
    shop.artefacts.changed()
    assert shop.recommender.recommend().model.endswith(report.version)
    assert [run["version"] for run in runs(shop.store, "recommendations")] == [report.version]
    shop.close()


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    spec = Spec(f"sqlite:///{tmp_path}/shop.db", str(tmp_path / "models"), KEY.hex(), ["nonsense"])
    with pytest.raises(ModelError, match="nonsense"):
        Child(spec).wait()


def test_a_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from opsplug.training.run.child import Child, Spec\n"
        "import opsplug.training.run.child as child\n"
        f"spec = Spec('sqlite:///{tmp_path}/shop.db', '{tmp_path}/models', '{KEY.hex()}', ['sleep'])\n"
        "run = Child(spec, module='tests.support.sleeping')\n"
        "print(run.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT, env={**environment(os.environ)}
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _work(folder: Path, ready: Any, go: Any) -> None:
    settings = Settings(store=f"sqlite:///{folder}/shop.db", models=str(folder / "models"))
    store = open_store(settings.store)
    runner = Runner((JOB,), settings, lambda: store, lambda: Artefacts(settings.models_path, KEY), Counters())
    store.catalogue_version()
    ready.release()
    go.wait(300)
    for _ in range(3):
        runner.poll()
        runner.wait(300)
    store.close()


def test_three_processes_train_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    workers = [context.Process(target=_work, args=(tmp_path, ready, go)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for _ in workers:
        assert ready.acquire(timeout=300)
    go.set()
    for worker in workers:
        worker.join(600)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(runs(shop.store)) == 1
    assert len(shop.artefacts.versions("recommendations")) == 1
    shop.close()


def test_the_clock_starts_once_and_stops(world: World) -> None:
    schedule = Schedule(
        JOBS, world.settings, lambda: world.shop.store, lambda: world.shop.artefacts, world.shop.counters
    )
    before = threading.active_count()
    schedule.start()
    schedule.start()
    assert threading.active_count() == before + 1
    schedule.stop()
    schedule.stop()


def test_the_interpreter_is_python_under_any_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    assert Path(interpreter()).name.startswith("python")
    assert environment({"OMP_NUM_THREADS": "4"})["OMP_NUM_THREADS"] == "4"
    assert environment({})["OPENBLAS_NUM_THREADS"] == "1"


def test_unknown_stores_are_refused_early() -> None:
    with pytest.raises(SettingsError):
        open_store("mysql://nowhere")


@pytest.mark.parametrize("remember", [True, False])
def test_what_was_trained_by_hand_is_not_trained_again(world: World, remember: bool) -> None:
    fill_events(world.shop)
    run_jobs((JOB,), world.shop.store, world.shop.artefacts, [JOB.name], clock=lambda: world.now, remember=remember)
    world.worker().poll()
    assert len(world.children) == (0 if remember else 1)


def test_a_restart_of_the_shop_is_no_failure_and_the_next_process_begins_anew(world: World) -> None:
    ending = world.worker()
    ending.poll()
    ending.stop()
    assert ending.wait(60)
    assert world.state()["state"] == "stopped"
    assert world.shop.counters.get("errors.job.recommendations") == 0
    world.worker().poll()
    assert len(world.children) == 2
