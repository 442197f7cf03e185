"""The table of background jobs. It stands above training and services, because a job may belong to either."""

from __future__ import annotations

from functools import partial
from typing import Final

from opsplug.training.run.job import Job, run_jobs
from opsplug.units import DAY, HOUR

JOBS: Final = (
    Job("recommendations", "opsplug.training.recommendations:train", trains=True),
    Job("intents", "opsplug.training.intents:train", every=DAY / 4),
    Job("sentiment", "opsplug.training.sentiment:train", trains=True),
    Job("slots", "opsplug.training.slots:train", trains=True),
    Job("fairness", "opsplug.training.fairness:report", every=DAY),
    Job("series", "opsplug.training.series.job:run", every=HOUR / 4),
    Job("visits", "opsplug.training.series.session_anomalies:find", every=DAY),
    Job("findings", "opsplug.services.insight.findings.job:run", every=HOUR),
    Job("alerts", "opsplug.services.alerts.job:run", every=HOUR / 12),
    Job("deep", "opsplug.training.deep:train", every=DAY),
    Job("forecasts", "opsplug.training.forecasts:run", every=DAY),
    Job("propensity", "opsplug.training.propensity:train", every=DAY),
    Job("profiles", "opsplug.training.profiles:run", every=DAY),
    Job("retention", "opsplug.training.run.upkeep:prune", every=DAY),
    Job("forgetting", "opsplug.services.chat.desk.retention:run", every=DAY),
    Job("catalogue", "opsplug.training.run.upkeep:expire", every=DAY),
)

train: Final = partial(run_jobs, JOBS)
