"""Trained models on disk: plain arrays in a versioned folder, each file hashed, the list of hashes signed.

    models/recommendations/CURRENT                      the version in use, replaced atomically
    models/recommendations/20261124T040000-3f9a12bc/    arrays as .npy, texts as .json, manifest.json

A version is written aside, synced and renamed, so a reader sees all of it or nothing. Nothing is ever unpickled.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from opsplug.errors import ArtefactError
from opsplug.training.run.files import NAME, SLASH, digest, read_array, sync_folder, write, write_files
from opsplug.units import HOUR

log = logging.getLogger("opsplug")

CURRENT = "CURRENT"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Artefact:
    """One verified version: arrays by name (those of texts hold `str` objects), and what training said about it."""

    name: str
    version: str
    arrays: Mapping[str, NDArray[Any]]
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One line of the registry; `problem` is empty for a version that can be served."""

    name: str
    version: str
    in_use: bool
    about: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


class Artefacts:
    """The folder of all trained models. `key` signs the manifests; `keep` good versions of each name stay."""

    def __init__(self, folder: Path, key: bytes | Callable[[], bytes], *, keep: int = 5) -> None:
        self.folder = folder
        self.keep = keep
        self.changes = 0  # grows with every change made through this object, so that readers beside it need not wait
        self._key = key

    @property
    def key(self) -> bytes:
        """Asked for when it is needed: where it cannot be had no model can be trusted, and all else goes on."""
        return self._key if isinstance(self._key, bytes) else self._key()

    def publish(
        self,
        name: str,
        arrays: Mapping[str, NDArray[Any]],
        *,
        about: Mapping[str, Any] | None = None,
        at: float,
    ) -> str:
        """Write a new version and make it the one in use; `at` (epoch seconds) names it. -> the version."""
        home = self._home(name)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = home / f".draft-{secrets.token_hex(8)}"
        draft.mkdir(mode=0o700)
        try:
            files = write_files(draft, arrays)
            version = _version(at, files)
            body = {"name": name, "version": version, "files": files, "about": dict(about or {})}
            write(draft / MANIFEST, msgspec.json.encode({**body, "signature": self._sign(body)}))
            sync_folder(draft)
            with _alone(home):
                if not (home / version).exists():  # else the same content at the same moment: nothing to replace
                    draft.rename(home / version)
                sync_folder(home)
                self.use(name, version)
                self._prune(name)
        except OSError as error:
            raise ArtefactError(f"models: cannot write to {home}: {error.strerror}. Is the folder writable?") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return version

    def use(self, name: str, version: str) -> None:
        """Point CURRENT at a version that verifies; workers follow within a second."""
        self.load(name, version)
        home = self._home(name)
        draft = home / f".{CURRENT}-{secrets.token_hex(8)}"
        write(draft, version.encode())
        draft.replace(home / CURRENT)
        sync_folder(home)
        self.changed()

    def rollback(self, name: str) -> str:
        """Go back to the newest good version older than the one in use. -> that version."""
        current = self.current(name)
        for version in self._folders(name):
            if (current is None or version < current) and not self._problem(name, version):
                self.use(name, version)
                return version
        raise ArtefactError(f"models: there is no good version of {name!r} older than {current or 'none'}")

    def current(self, name: str) -> str | None:
        """The version that CURRENT names, None when nothing was ever published."""
        try:
            text = (self._home(name) / CURRENT).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if NAME.match(text) else None

    def versions(self, name: str) -> list[Version]:
        """All versions on disk, newest first; damaged ones say what is wrong with them."""
        current = self.current(name)
        found = []
        for version in self._folders(name):
            try:
                about, problem = self._manifest(name, version)["about"], self._problem(name, version)
            except ArtefactError as error:
                about, problem = {}, str(error)
            found.append(Version(name, version, version == current, about, problem))
        return found

    def names(self) -> list[str]:
        """Names that have at least one version."""
        return sorted(name for name in _entries(self.folder) if NAME.match(name) and self._folders(name))

    def load(self, name: str, version: str) -> Artefact:
        """Verify signature and hashes, then map the arrays; `ArtefactError` when anything is missing or was changed."""
        manifest = self._manifest(name, version)
        folder = self._home(name) / version
        arrays: dict[str, NDArray[Any]] = {}
        for file, expected in manifest["files"].items():
            path = folder / file
            if not NAME.match(file) or digest(path) != expected:
                raise ArtefactError(f"models: {name}/{version}/{file} is missing, damaged or was changed")
            try:
                arrays[Path(file).stem.replace(SLASH, "/")] = read_array(path)
            except (OSError, ValueError, msgspec.DecodeError) as error:
                raise ArtefactError(f"models: {name}/{version}/{file} cannot be read: {error}") from error
        return Artefact(name, version, arrays, manifest["about"])

    def good(self, name: str) -> list[str]:
        """Versions to try, best first: the one in use, then older ones from new to old."""
        current = self.current(name)
        older = [version for version in self._folders(name) if current is None or version < current]
        return [current, *older] if current else older

    def changed(self) -> None:
        """Tell readers in this process that CURRENT may have moved (after a training in another process)."""
        self.changes += 1

    def _home(self, name: str) -> Path:
        if not NAME.match(name):
            raise ArtefactError(f"models: {name!r} is not a name of a model")
        return self.folder / name

    def _folders(self, name: str) -> list[str]:
        home = self._home(name)
        return sorted(
            (entry for entry in _entries(home) if NAME.match(entry) and (home / entry).is_dir()), reverse=True
        )

    def _manifest(self, name: str, version: str) -> dict[str, Any]:
        path = self._home(name) / version / MANIFEST
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise ArtefactError(f"models: {name}/{version} has no readable manifest") from error
        signature = manifest.pop("signature", None)
        if not isinstance(signature, str) or not hmac.compare_digest(signature, self._sign(manifest)):
            raise ArtefactError(
                f"models: the signature of {name}/{version} does not fit; it was not made with this key"
            )
        if (manifest["name"], manifest["version"]) != (name, version):
            raise ArtefactError(f"models: {name}/{version} is a renamed copy of another version")
        return manifest

    def _problem(self, name: str, version: str) -> str:
        try:
            self.load(name, version)
        except ArtefactError as error:
            return str(error)
        return ""

    def _sign(self, body: Mapping[str, Any]) -> str:
        return hmac.new(self.key, msgspec.json.encode(body, order="deterministic"), hashlib.sha256).hexdigest()

    def _prune(self, name: str) -> None:
        """Keep the version in use and the newest `keep`; drafts of a training that died go after an hour."""
        home, current = self._home(name), self.current(name)
        for version in [version for version in self._folders(name) if version != current][self.keep - 1 :]:
            shutil.rmtree(home / version, ignore_errors=True)
        old = datetime.now(UTC).timestamp() - HOUR
        for draft in home.glob(".draft-*"):
            with suppress(FileNotFoundError):  # another process has just made a version of it
                if draft.stat().st_mtime < old:
                    shutil.rmtree(draft, ignore_errors=True)


def _entries(folder: Path) -> list[str]:
    """Names in a folder; none where there is no folder. One that may not be read is an `ArtefactError`."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ArtefactError(f"models: {folder} cannot be read ({error.strerror}); whose files are they?") from error


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process at a time: nobody prunes what another one is about to point CURRENT at."""
    handle = os.open(home, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system of the network may know no locks of folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _version(at: float, files: Mapping[str, str]) -> str:
    """Sorts by time; the second half tells two trainings of one moment apart."""
    content = hashlib.sha256(msgspec.json.encode(files, order="deterministic")).hexdigest()[:8]
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%S%f}"[:18] + f"-{content}"
