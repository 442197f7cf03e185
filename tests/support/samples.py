"""Samples of published data that come with the tests (`tests/data/README.md`), and the whole sets where they are.

A test takes the sample; with OPSPLUG_SOAK=1 the whole file, where the folder that `TEST_DATA` names (or `../shared/data`
beside the repository) has it.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parents[1] / "data"
WHOLE: Final = Path(os.environ.get("TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
IS_SOAK: Final = os.environ.get("OPSPLUG_SOAK") == "1"


def sample_or_whole(sample: str, whole: str) -> Path:
    """The file to read."""
    found = WHOLE / whole
    return found if IS_SOAK and found.is_file() else HERE / sample


RETAIL_LINES: Final = sample_or_whole("retail/lines.csv.gz", "retail/online_retail.csv.gz")
RETAIL_CUSTOMERS: Final = sample_or_whole("retail/customers.csv.gz", "retail/online_retail.csv.gz")
IS_WHOLE_RETAIL: Final = RETAIL_LINES.name == "online_retail.csv.gz"


def crawlers() -> list[str]:
    """User agents of published crawlers."""
    with gzip.open(HERE / "bots" / "crawler_user_agents.txt.gz", "rt", encoding="utf-8") as lines:
        return lines.read().splitlines()


def labelled_texts() -> list[dict[str, Any]]:
    """Texts with spans of what identifies a person."""
    whole = WHOLE / "pii" / "presidio_generated.json"
    if IS_SOAK and whole.is_file():
        return list(json.loads(whole.read_text(encoding="utf-8")))
    with gzip.open(HERE / "pii" / "presidio_generated.json.gz", "rt", encoding="utf-8") as text:
        return list(json.load(text))


def texts(name: str) -> Any:
    """A file of `tests/data/text`."""
    return json.loads((HERE / "text" / name).read_text(encoding="utf-8"))
