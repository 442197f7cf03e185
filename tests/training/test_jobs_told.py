"""The documentation names every job of the background, and how often it runs."""

from __future__ import annotations

import re
from pathlib import Path

from opsplug.engine.jobs import JOBS
from opsplug.units import DAY, HOUR

DOCS = Path(__file__).resolve().parents[2] / "docs" / "training.md"
SPANS = {
    None: "`train_every`",
    DAY: "day",
    DAY / 4: "6 hours",
    HOUR: "hour",
    HOUR / 4: "15 minutes",
    HOUR / 12: "5 minutes",
}


def test_every_job_is_told_with_its_interval() -> None:
    section = DOCS.read_text("utf-8").partition("## What runs in the background")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", section, re.MULTILINE)
    assert told == [(job.name, SPANS[job.every]) for job in JOBS]
