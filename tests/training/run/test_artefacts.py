"""What is published is what is loaded, and nothing that was changed is ever loaded."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opsplug.errors import ArtefactError
from opsplug.training.run.artefacts import CURRENT, MANIFEST, Artefact, Artefacts
from opsplug.training.run.files import MAP_BYTES
from opsplug.training.run.live import Live

KEY = b"s" * 32
NOW = 1_790_000_000.0


def artefacts(folder: Path, **options: int) -> Artefacts:
    return Artefacts(folder, KEY, **options)


def publish(store: Artefacts, number: int = 0, at: float = NOW) -> str:
    arrays: dict[str, NDArray[Any]] = {
        "part/small": np.arange(5) + number,
        "large": np.full(MAP_BYTES, number, np.float32),
        "items": np.array(["a", "茶壶", "x" * 1000]),
    }
    return store.publish("m", arrays, about={"metrics": {"ndcg@10": 0.1}}, at=at)


def test_reload_equals_original_and_large_arrays_are_mapped(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    version = publish(store, 3)
    loaded = artefacts(tmp_path).load("m", version)
    assert loaded.arrays["part/small"].tolist() == [3, 4, 5, 6, 7]
    assert loaded.arrays["items"].tolist() == ["a", "茶壶", "x" * 1000]
    assert isinstance(loaded.arrays["large"].base, np.memmap)
    assert not loaded.arrays["large"].flags.writeable
    assert loaded.about == {"metrics": {"ndcg@10": 0.1}}
    assert store.current("m") == version


def damage(folder: Path, kind: str) -> None:
    large = folder / "large.npy"
    if kind == "byte":
        content = bytearray(large.read_bytes())
        content[-1] ^= 1
        large.write_bytes(content)
    elif kind == "short":
        large.write_bytes(large.read_bytes()[:-7])
    elif kind == "missing":
        large.unlink()
    elif kind == "manifest gone":
        (folder / MANIFEST).unlink()
    elif kind == "manifest garbage":
        (folder / MANIFEST).write_bytes(b"\xff{")
    elif kind == "deep":
        (folder / MANIFEST).write_bytes(b'{"files":' + b"[" * 9000 + b"]" * 9000 + b"}")
    elif kind == "folder":
        (folder / MANIFEST).unlink()
        (folder / MANIFEST).mkdir()
    elif kind == "claims a huge array":
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
        large.write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header)
    else:
        manifest = json.loads((folder / MANIFEST).read_text())
        if kind == "claims more":
            manifest["about"]["metrics"]["ndcg@10"] = 0.9
        elif kind == "unsigned":
            del manifest["signature"]
        elif kind == "hash replaced":
            large.write_bytes(b"evil")
            manifest["files"]["large.npy"] = hashlib.sha256(b"evil").hexdigest()
        (folder / MANIFEST).write_text(json.dumps(manifest))


KINDS = ["byte", "short", "missing", "manifest gone", "manifest garbage", "claims more", "unsigned", "hash replaced", "deep",
         "folder", "claims a huge array"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_version_is_refused_and_the_older_one_is_named(tmp_path: Path, kind: str) -> None:
    store = artefacts(tmp_path)
    older = publish(store, 1)
    newer = publish(store, 2, NOW + 1)
    damage(tmp_path / "m" / newer, kind)
    with pytest.raises(ArtefactError, match=newer):
        store.load("m", newer)
    assert store.good("m") == [newer, older]
    assert store.load("m", older).arrays["part/small"][0] == 1
    problems = {version.version: version.problem for version in store.versions("m")}
    assert problems[newer]
    assert not problems[older]
    assert store.rollback("m") == older
    assert store.current("m") == older


def test_another_shops_key_and_a_renamed_copy_are_refused(tmp_path: Path) -> None:
    version = publish(artefacts(tmp_path))
    with pytest.raises(ArtefactError, match="key"):
        Artefacts(tmp_path, b"o" * 32).load("m", version)
    shutil.copytree(tmp_path / "m" / version, tmp_path / "m" / "20300101T000000000-00000000")
    with pytest.raises(ArtefactError, match="renamed"):
        artefacts(tmp_path).load("m", "20300101T000000000-00000000")


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    publish(store)
    (tmp_path / "m" / CURRENT).write_text("../../etc")
    assert store.current("m") is None
    for name in ("../m", "", "a/b", ".hidden"):
        with pytest.raises(ArtefactError):
            store.versions(name)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    version = publish(store)
    np.save(tmp_path / "m" / version / "large.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ArtefactError):
        store.load("m", version)


def test_only_the_newest_good_ones_are_kept_and_the_one_in_use_always(tmp_path: Path) -> None:
    store = artefacts(tmp_path, keep=3)
    versions = [publish(store, number, NOW + number) for number in range(5)]
    assert [version.version for version in store.versions("m")] == versions[:1:-1]
    store.use("m", versions[2])
    publish(store, 9, NOW + 9)
    assert len(store.versions("m")) == 3


def test_rollback_steps_back_and_says_when_there_is_nothing_left(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    versions = [publish(store, number, NOW + number) for number in range(3)]
    assert [store.rollback("m"), store.rollback("m")] == [versions[1], versions[0]]
    with pytest.raises(ArtefactError, match="no good version"):
        store.rollback("m")
    assert [version.version for version in store.versions("m") if version.in_use] == [versions[0]]


def test_a_draft_of_a_dead_training_is_no_version(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    version = publish(store)
    (tmp_path / "m" / ".draft-dead").mkdir()
    assert [found.version for found in store.versions("m")] == [version]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a file stands where the folder should be")
    with pytest.raises((ArtefactError, OSError), match="m"):
        publish(artefacts(tmp_path))


def test_readers_never_see_half_a_version(tmp_path: Path) -> None:
    publish(artefacts(tmp_path, keep=100), 0)
    done = threading.Event()

    def read() -> int:
        store, reads = artefacts(tmp_path), 0
        while not done.is_set() or not reads:
            version = store.current("m")
            assert version is not None
            found = store.load("m", version)
            assert found.arrays["large"][0] == found.arrays["large"][-1] == found.arrays["part/small"][0]
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(1, 15):
            publish(artefacts(tmp_path, keep=100), number, NOW + number)
        done.set()
        assert all(reader.result(timeout=300) for reader in readers)


def publish_often(folder: Path, seed: int) -> list[str]:
    store, failed = artefacts(folder), []
    for number in range(30):
        try:
            store.publish("m", {"x": np.full(9, 100 * seed + number)}, at=NOW + number + seed / 10)
        except Exception as error:
            failed.append(repr(error))
    return failed


def test_a_draft_that_vanishes_while_it_is_looked_at_harms_nothing(tmp_path: Path) -> None:
    store = artefacts(tmp_path)
    publish(store)
    (tmp_path / "m" / ".draft-gone").symlink_to("nowhere")
    assert publish(store, 1, NOW + 1) == store.current("m")


def test_several_processes_may_publish_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        failed = list(pool.map(publish_often, [tmp_path] * 3, range(3)))
    assert failed == [[], [], []]
    store = artefacts(tmp_path)
    assert store.current("m") in [version.version for version in store.versions("m") if not version.problem]
    assert not list((tmp_path / "m").glob(".*"))


@pytest.mark.parametrize("content", [b"", b"garbage \xff", b"../../etc", None])
def test_where_current_is_lost_the_newest_good_version_serves(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    store = artefacts(tmp_path)
    held = Live(store, "m", lambda artefact: int(artefact.arrays["part/small"][0]))
    assert held.get() is None
    publish(store, 1)
    assert held.get() == 1
    publish(store, 2, NOW + 1)
    damage(tmp_path / "m" / publish(store, 3, NOW + 2), "byte")
    store.rollback("m")
    store.rollback("m")
    assert held.get() == 1
    current = tmp_path / "m" / CURRENT
    current.unlink() if content is None else current.write_bytes(content)
    store.changed()
    assert held.get() == 1, "what serves goes on"
    counted: list[str] = []
    fresh = Live(artefacts(tmp_path), "m", lambda artefact: int(artefact.arrays["part/small"][0]), count=counted.append)
    assert fresh.get() == 2
    assert counted == ["artefacts_refused"] * 2
    assert "CURRENT names no version" in caplog.text


def test_the_last_good_one_serves_whatever_a_newer_one_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = artefacts(tmp_path)
    publish(store, 1)
    clock = iter(range(0, 1000, 2))
    counted: list[str] = []
    broken: list[type[Exception]] = []

    def build(artefact: Artefact) -> int:
        if broken:
            raise broken[0]("made by another release")
        return int(artefact.arrays["part/small"][0])

    live = Live(store, "m", build, count=counted.append, clock=lambda: float(next(clock)))
    assert live.get() == 1
    for number, error in enumerate((TypeError, AttributeError, MemoryError, RecursionError, OSError), 2):
        broken[:] = [error]
        publish(store, number, NOW + number)
        assert live.get() == 1
    assert counted == ["artefacts_refused"] * 5
    assert caplog.text.count("refused the model m/") == 5
    broken.clear()
    publish(store, 9, NOW + 9)
    assert live.get() == 9
