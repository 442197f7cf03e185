"""Faults on purpose: a small disk, a locked database; and waiting for what must happen."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SOAK = os.environ.get("OPSPLUG_SOAK") == "1"


LOCKED_SECONDS = 60.0 if SOAK else 1.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, remountable read-only: root may make one, else the test says why it is skipped."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)
