"""What `opsplug train` costs: `training.py FOLDER [JOB ...]`, parent and children together.

FOLDER holds retail/ as written by the harness's prepare_rec.py: 386,000 events on 3,700 items. They are imported by
`opsplug import`, each job (recommendations, unless others are named) is then trained by `opsplug train` in a process
of its own, with its evaluation and gate. This process stays small: a child's peak begins with that of its parent.
"""

import csv
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

GOAL = "goal: 60 CPU s for the whole of it, 12 for the final fit, 450 MB"


def ran(arguments: list[str]) -> tuple[float, float, str]:
    """CPU seconds and peak MB of `opsplug ARGUMENTS` with its children, and what it printed."""
    with tempfile.TemporaryFile() as told:
        command = [sys.executable, "-c", "from opsplug.cli import main; main()", *arguments]
        child = os.posix_spawn(
            sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, told.fileno(), 1)]
        )
        _, status, used = os.wait4(child, 0)
        told.seek(0)
        text = told.read().decode()
    if status:
        raise SystemExit(f"opsplug {' '.join(arguments)}: {text}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def catalogue(source: Path, target: Path) -> Path:
    """The harness's catalogue with the columns that an import reads."""
    with source.open(encoding="utf-8", newline="") as rows, target.open("w", encoding="utf-8", newline="") as out:
        written = csv.writer(out)
        written.writerow(["item_id", "item_name", "item_category"])
        written.writerows((row["item"], row["title"], row["category"]) for row in csv.DictReader(rows))
    return target


def main(folder: Path, jobs: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="opsplug-benchmark-") as place:
        where = ["--store", f"{place}/shop.db", "--models", f"{place}/models"]
        columns = ["--map", "user_id=user", "--map", "item_id=item"]
        goods = catalogue(folder / "retail" / "items.csv", Path(place) / "items.csv")
        seconds, peak, _ = ran(["import", "--events", str(folder / "retail" / "interactions.csv"), *columns, *where])
        ran(["import", "--items", str(goods), *where])
        print("| what | CPU s | of it the final fit | peak MB | result |\n|---|---|---|---|---|")
        print(f"| import | {seconds:.1f} | | {peak:.0f} | |", flush=True)
        for job in jobs:
            seconds, peak, told = ran(["train", job, "--json", *where])
            report = first(json.loads(told))
            final = report["metrics"].get("fit_cpu_s")
            fit = f"{final:.1f}" if final is not None else ""
            print(f"| {job} | {seconds:.1f} | {fit} | {peak:.0f} | {report['reason']} |", flush=True)
        print(f"\n{GOAL}")


def first(told: Any) -> Any:
    """The report of the only job."""
    reports = told.get("jobs", told) if isinstance(told, dict) else told
    return reports[0] if isinstance(reports, list) else reports


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2:] or ["recommendations"])
