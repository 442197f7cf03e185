"""`python -m opsplug.engine.training_process`: reads a specification, trains at low priority, reports line by line."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import msgspec

from opsplug import locales
from opsplug.engine.jobs import train
from opsplug.errors import OpsPlugError
from opsplug.store import open_store
from opsplug.training.run.artefacts import Artefacts
from opsplug.training.run.child import NICE, Line, Spec

GONE = 3  # exit code: the parent has ended


def main() -> int:
    """Exit code 0 and a line of reports, or 1 and a line that says what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s opsplug training: %(message)s")
    if hasattr(os, "nice"):
        os.nice(NICE)
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=Spec)
    threading.Thread(target=end_with_parent, daemon=True).start()
    locales.use(spec.options.get("locales", ""))  # alerts are put into words here
    store = open_store(spec.store)
    try:
        artefacts = Artefacts(Path(spec.models), bytes.fromhex(spec.key))
        reports = train(
            store, artefacts, spec.names, spec.now, seed=spec.seed, budget_s=spec.budget_s, options=spec.options,
            say=lambda text: tell(Line(progress=text)),
        )  # fmt: skip
    except (OpsPlugError, OSError, MemoryError) as error:
        tell(Line(error=f"{type(error).__name__}: {error}"))
        return 1
    finally:
        store.close()
    tell(Line(reports=reports))
    return 0


def tell(line: Line) -> None:
    try:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(GONE)


def end_with_parent() -> None:
    """Standard input ends when the parent does; a training that nobody waits for stops."""
    while os.read(0, 1):  # not through sys.stdin, whose lock would be held at the end
        continue
    os._exit(GONE)


if __name__ == "__main__":
    sys.exit(main())
