"""Arrays and texts as files: written through to the disk, hashed, read back without ever unpickling anything."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ArtefactError

MAP_BYTES = 256 * 1024  # smaller arrays are read, larger ones mapped and so shared by all workers
SLASH = "--"  # in file names, for the slash in the names of arrays
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}\Z")


def write_files(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Write every array; -> sha256 by file name. Texts become .json: in .npy each would cost as much as the longest."""
    for name, array in arrays.items():
        stem = name.replace("/", SLASH)
        if not NAME.match(stem):
            raise ArtefactError(f"models: {name!r} cannot be a file name")
        if array.dtype.kind in "UO":
            write(folder / f"{stem}.json", msgspec.json.encode(array.tolist()))
            continue
        with (folder / f"{stem}.npy").open("wb") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    return {path.name: digest(path) for path in sorted(folder.iterdir())}


def read_array(path: Path) -> NDArray[Any]:
    if path.suffix == ".json":
        texts = msgspec.json.decode(path.read_bytes(), type=list[str])
        array = np.empty(len(texts), object)
        array[:] = texts
        return array
    mode: Literal["r"] | None = "r" if path.stat().st_size >= MAP_BYTES else None
    found: NDArray[Any] = np.load(path, mmap_mode=mode, allow_pickle=False)
    return found.view(np.ndarray)  # still mapped, without the price of numpy.memmap at every access


def write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
