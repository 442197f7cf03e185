"""The setting `train_jobs` reaches the pieces of a training."""

from __future__ import annotations

from pathlib import Path

import joblib
import pytest

from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.run.artefacts import Artefacts
from opsplug.training.run.job import Job, TrainingReport, Work, run_jobs


def count(work: Work) -> TrainingReport:
    """A job that says how many of its pieces would run at once."""
    return TrainingReport("count", {"at once": float(joblib.effective_n_jobs(None))}, {}, False, 0.0)


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_owner_says_how_many_pieces_run_at_once(tmp_path: Path, jobs: int) -> None:
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    options = Settings(train_jobs=jobs).job_options()
    (report,) = run_jobs(
        [Job("count", f"{__name__}:count")],
        store,
        Artefacts(tmp_path / "models", b"0" * 32),
        ["count"],
        options=options,
    )
    store.close()
    assert report.metrics == {"at once": float(jobs)}
