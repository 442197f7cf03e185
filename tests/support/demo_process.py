"""`opsplug demo` as a real process, and what it says on its way."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from opsplug.demo.run import run; run(sys.argv[1], port=0, folder=sys.argv[2])"


class Demo:
    """`opened` and `ready`: seconds until the shop answered, and until it said that it recommends."""

    def __init__(self, framework: str, folder: Path) -> None:
        self.began = time.monotonic()
        path = os.pathsep.join(str(ROOT / part) for part in (".", "adapters/flask", "adapters/starlette"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, framework, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder.parent,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []
        self._told = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.address = self.wait_for(r"^Shop +(http://\S+)/$", 300)
        self.opened = time.monotonic() - self.began
        self.stats = self.wait_for(r"^Stats page +(http://\S+)", 60)

    def wait_for(self, pattern: str, seconds: float) -> str:
        """The first group (or all) of the first line that matches; raises with all that was said, if none does."""
        deadline = time.monotonic() + seconds
        with self._told:
            while True:
                for line in self.lines:
                    if found := re.search(pattern, line):
                        return found[1] if found.groups() else found[0]
                left = deadline - time.monotonic()
                if left <= 0 or self._process.poll() is not None:
                    raise AssertionError(f"no line like {pattern!r} in {seconds} s:\n" + "\n".join(self.lines))
                self._told.wait(min(left, 0.5))

    def wait_until_it_recommends(self, seconds: float) -> float:
        """How long it took from the start."""
        self.wait_for("The shop now recommends", seconds)
        return time.monotonic() - self.began

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as said:
            for line in said:
                with self._told:
                    self.lines.append(line.rstrip())
                    self._told.notify_all()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        self._reader.join(10)
        return code

    def __enter__(self) -> "Demo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.stop()
