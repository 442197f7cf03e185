"""Nothing that judges quality is skipped because data lie elsewhere: tests read what is in the repository."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import samples

TESTS = Path(__file__).resolve().parent


def test_no_test_reads_data_outside_the_repository() -> None:
    outside = re.compile(r"[\"']shared[\"']|shared/data|WHOLE\b.*is_file")
    for path in TESTS.glob("**/*.py"):
        if path.name not in ("samples.py", Path(__file__).name):
            assert not outside.search(path.read_text(encoding="utf-8")), path


def test_every_sample_names_its_source_and_licence() -> None:
    told = (samples.HERE / "README.md").read_text(encoding="utf-8")
    for path in samples.HERE.glob("**/*"):
        if path.is_file() and path.name not in ("README.md", "LICENSE", "__init__.py"):
            name = str(path.relative_to(samples.HERE))
            assert name in told or (name.startswith("faq_") and "faq_*" in told), name
    for folder in ("bots", "pii"):
        assert "MIT" in (samples.HERE / folder / "LICENSE").read_text()


def test_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in samples.HERE.glob("**/*")) < 1_500_000


def test_every_benchmark_says_how_to_get_its_data() -> None:
    folder = TESTS.parent / "benchmarks"
    told = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("*.py"):
        if "shared" in path.read_text(encoding="utf-8"):
            assert f"`{path.name}`" in told, path.name
