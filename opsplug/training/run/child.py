"""Training in an interpreter of its own: low priority, its own memory, and no longer than the process that asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from opsplug.errors import ModelError
from opsplug.training.run.job import TrainingReport

NICE = 10
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Spec(msgspec.Struct, forbid_unknown_fields=True):
    """What the child needs; it comes on its standard input, so that no key shows in a list of processes."""

    store: str
    models: str
    key: str  # hex
    names: list[str] | None = None
    now: float | None = None
    seed: int = 0
    budget_s: float | None = None
    options: dict[str, Any] = {}


class Line(msgspec.Struct, omit_defaults=True):
    """One line of the child's standard output."""

    progress: str = ""
    error: str = ""
    reports: list[TrainingReport] | None = None


class Child:
    """One run of `python -m opsplug.engine.training_process`. Its standard input stays open: it ends with us."""

    def __init__(self, spec: Spec, *, module: str = "opsplug.engine.training_process") -> None:
        self._process = subprocess.Popen(
            [interpreter(), "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(os.environ),
        )
        self.pid = self._process.pid
        stdin = cast(IO[bytes], self._process.stdin)
        with suppress(BrokenPipeError):  # the exit code, read by `wait`, says more
            stdin.write(msgspec.json.encode(spec) + b"\n")
            stdin.flush()

    def wait(self, say: Callable[[str], object] = lambda text: None) -> list[TrainingReport]:
        """Block until it ends; `ModelError` with its own words when it failed or was stopped."""
        reports: list[TrainingReport] | None = None
        problem = ""
        with self._process as process:
            for raw in cast(IO[bytes], process.stdout):
                line = msgspec.json.decode(raw, type=Line)
                if line.progress:
                    say(line.progress)
                problem = line.error or problem
                reports = line.reports if line.reports is not None else reports
            cast(IO[bytes], process.stdin).close()
            code = process.wait()
        if code or reports is None:
            raise ModelError(f"training: {problem or f'the training process ended with code {code}'}")
        return reports

    def stop(self) -> None:
        """End it now."""
        if self._process.poll() is None:
            self._process.kill()


def interpreter() -> str:
    """This Python, also where an application server has put itself into `sys.executable`."""
    if Path(sys.executable or "").name.startswith(("python", "pypy")):
        return sys.executable
    inside = Path(sys.prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    return str(inside) if inside.exists() else "python3"


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """One thread unless the owner said otherwise, and the path on which this package was found."""
    package = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join([package, *filter(None, [base.get("PYTHONPATH")])])
    return {**dict.fromkeys(_THREADS, "1"), **base, "PYTHONPATH": path}
