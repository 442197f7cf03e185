"""The training of the recommender: read, judge, fit, publish."""

from __future__ import annotations

import logging
import time

from opsplug.errors import ArtefactError
from opsplug.features.items import catalogue
from opsplug.features.log_statistics import diversity
from opsplug.models.recommend.ranker import Ranker
from opsplug.training.deep import fitting
from opsplug.training.gate import Champion, judge
from opsplug.training.reader import read_interactions
from opsplug.training.run.job import TrainingReport, Work

log = logging.getLogger("opsplug")

NAME = "recommendations"


def train(work: Work) -> TrainingReport:
    """Fit the mix on the store's events and catalogue; publish it if the gate finds it not worse."""
    began, before = time.perf_counter(), work.artefacts.current(NAME)
    events = read_interactions(work.store, until=work.now, progress=lambda count: work.say(f"{count:,} events read"))
    items = catalogue(work.store.items())
    if not len(events) and not len(items):
        return TrainingReport(NAME, {}, {}, False, time.perf_counter() - began, reason="no events and no catalogue yet")
    found = diversity(events, items)
    if found.concerns:
        work.say(
            "little to learn from: " + ", ".join(f"{what} {have:g} of {need:g}" for what, have, need in found.concerns)
        )
    work.store.put_document("diversity", "latest", found.to_dict(), round(work.clock() * 1000))
    work.say(f"judging on {len(events):,} interactions")
    fit = fitting(work)
    verdict = judge(events, items, champion=champion(work), seed=work.seed, budget_s=work.budget_s, fit=fit)
    metrics = {**verdict.metrics, "interactions": float(len(events)), "items": float(len(items))}
    version, promote, reason = "", verdict.promote, verdict.reason
    if promote:
        work.say("fitting the final model")
        mix = fit(events, items, now=work.now, seed=work.seed, budget_s=work.budget_s)
        metrics |= mix.metrics
        at = work.clock()
        about = {
            "at": at, "trained_until": events.newest, "seed": work.seed, "reason": reason,
            "metrics": metrics, "baseline": verdict.baseline,
        }  # fmt: skip
        if _overtaken(work, before, events.newest):
            promote, reason = False, "another training, of newer events, has put its model in use meanwhile"
        else:
            version = work.artefacts.publish(NAME, mix.export(), about=about, at=at)
    seconds = time.perf_counter() - began
    return TrainingReport(NAME, metrics, verdict.baseline, promote, seconds, version, reason)


def _overtaken(work: Work, before: str | None, newest: float) -> bool:
    """Whether a model that was put in use since `before` knows later events than ours."""
    current = work.artefacts.current(NAME)
    if current is None or current == before:
        return False
    try:
        return float(work.artefacts.load(NAME, current).about.get("trained_until", 0.0)) > newest
    except ArtefactError:
        return False


def champion(work: Work) -> Champion | None:
    """The model in use, None where there is none or it cannot be read."""
    version = work.artefacts.current(NAME)
    if version is None:
        return None
    try:
        artefact = work.artefacts.load(NAME, version)
        return Champion(Ranker.load(artefact.arrays), float(artefact.about.get("trained_until", 0.0)))
    except (ArtefactError, KeyError, ValueError, IndexError) as error:
        log.warning("opsplug: the model in use cannot be compared with: %s", error)
        return None
