"""The deep part's own job: train the next-item network, see on rolling cut-offs whether the mix gains, hand it over.

The first time, and again every week, the network is trained up to several moments of the past in turn, each training
going on from the one before, and the mix is asked about what followed, with it and without it. On other days the last
network is asked about what happened since it was trained, and then learns that, too. It is one more part of the mix,
with weights of its own, only while it raised the NDCG at most cut-offs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from opsplug.errors import ArtefactError
from opsplug.features.items import catalogue
from opsplug.models.recommend.compatibility import current_format
from opsplug.models.recommend.evaluation import questions
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.mix import Mix, export_member, fit_scorers
from opsplug.models.recommend.next_item.network import CHANNEL, NextItem
from opsplug.models.recommend.next_item.weight import Trial, deep_weights, joins, mean, trial
from opsplug.models.recommend.weights import WeightTable
from opsplug.training.reader import read_interactions
from opsplug.training.run.job import TrainingReport, Work
from opsplug.units import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opsplug.models.recommend.next_item.trainer import Budget

log = logging.getLogger("opsplug")

NAME = "deep"
MIX = "recommendations"  # the artefact that it joins
SHARES = (0.24, 0.16, 0.08)  # newest shares of the log that the cut-offs hold out, oldest first
ASKED = 400  # questions of each cut-off
MIN_QUESTIONS = 50  # questions below which a cut-off says nothing
MIN_EVENTS = 2000
BUDGET_S = 150.0  # CPU seconds of all training together, where nobody sets another budget
KEPT = 6  # cut-offs that are remembered
ROUNDS_ON = 1  # rounds of a network that goes on learning: more learn a small shop by heart
MISSING = "the deep part needs PyTorch: pip install 'opsplug[deep]' (recommendations work without it)"


@dataclass(frozen=True, slots=True)
class Deep:
    """The published network: its vocabulary, the newest event that it learnt from, and how it fared at each cut-off."""

    network: NextItem
    items: list[str]
    weights: NDArray[np.float32]  # of the channel, one per row of the mix's table
    joins: bool
    trained_until: float
    rolled_at: float
    version: str = ""
    cuts: list[dict[str, float]] = field(default_factory=list)

    def join(self, mix: Mix) -> None:
        """Make it a part of this mix, if it earned that."""
        if self.joins:
            mix.members[CHANNEL.scorer] = self.network.moved(self.items, mix.evidence.items.item_ids)
            mix.weights = mix.weights.with_channel(CHANNEL.name, self.weights)


def train(work: Work) -> TrainingReport:
    """Train, judge and publish the network, and give it to (or take it out of) the mix in use."""
    began = time.perf_counter()

    def report(reason: str, **rest: Any) -> TrainingReport:
        return TrainingReport(
            NAME, rest.get("metrics", {}), rest.get("baseline", {}), rest.get("joins", False),
            time.perf_counter() - began, rest.get("version", ""), reason,
        )  # fmt: skip

    if not work.options.get("deep", True):
        renew(work, None)
        return report("the setting deep is off")
    if find_spec("torch") is None:
        return report(MISSING)
    events = read_interactions(work.store, until=work.now, progress=lambda count: work.say(f"{count:,} events read"))
    if len(events) < MIN_EVENTS:
        return report(f"too few events for a network ({len(events)} of {MIN_EVENTS})")
    evidence = Evidence.of(events, catalogue(work.store.items()), work.now)
    last = current(work)
    if last is not None and last.trained_until >= events.newest and set(evidence.log.item_ids) <= set(last.items):
        return report("nothing happened since the last training", joins=last.joins, version=last.version)
    deep = learnt(evidence, last, seed=work.seed, budget_s=work.budget_s, say=work.say)
    version = publish(work, deep)
    with_it, without = mean(deep.cuts, "with"), mean(deep.cuts, "without")
    renew(work, current(work))
    return report(
        reason_of(deep), joins=deep.joins, version=version,
        metrics={"ndcg@10": with_it, "to_the_mix": with_it / max(without, 1e-9), "cut-offs": float(len(deep.cuts))},
        baseline={"ndcg@10": without},
    )  # fmt: skip


def learnt(
    evidence: Evidence,
    last: Deep | None = None,
    *,
    seed: int = 0,
    budget_s: float | None = None,
    say: Callable[[str], object] = lambda text: None,
) -> Deep:
    """A network of all this evidence, judged at moments of the past. When the budget ends, the best so far."""
    from opsplug.models.recommend.next_item.trainer import Budget, learn

    budget = Budget(BUDGET_S if budget_s is None else budget_s)
    newest = evidence.log.newest
    if last is not None and newest - last.rolled_at < WEEK:
        network = last.network.moved(last.items, evidence.log.item_ids)
        found = [_asked_at(evidence, last.trained_until, network, seed)]
        cuts = [*last.cuts, *(cut.measured(last.weights) for cut in found if len(cut) >= MIN_QUESTIONS)][-KEPT:]
        weights, rolled = last.weights, last.rolled_at
    else:
        network, found = _rolled(evidence, seed, budget, say)
        cuts = [
            cut.measured(deep_weights([other for other in found if other is not cut] or found))
            for cut in found
            if len(cut) >= MIN_QUESTIONS
        ]
        weights, rolled = deep_weights(found), newest
    until = newest
    if budget.over():
        until = found[-1].cut if found else newest
    else:
        say("deep: learning from all events")
        network = learn(evidence, seed=seed, rounds=ROUNDS_ON, start=network, budget=budget).network
    return Deep(network, evidence.log.item_ids, weights, joins(cuts), until, rolled, cuts=cuts)


def reason_of(deep: Deep) -> str:
    if not deep.cuts:
        return "too few questions in the past to say whether it helps; it stays out of the mix"
    wins = sum(cut["with"] > cut["without"] for cut in deep.cuts)
    change = mean(deep.cuts, "with") / max(mean(deep.cuts, "without"), 1e-9)
    return (
        f"{change:.3f} times the NDCG of the mix without it, better at {wins} of {len(deep.cuts)} cut-offs: "
        f"it {'joins' if deep.joins else 'stays out of'} the mix"
    )


def _rolled(
    evidence: Evidence, seed: int, budget: Budget, say: Callable[[str], object]
) -> tuple[NextItem, list[Trial]]:
    """Train up to each cut-off in turn; -> the last network, and what was asked."""
    from opsplug.models.recommend.next_item.trainer import Budget, learn

    ends = np.linspace(0, 1, len(SHARES) + 3)[2:]  # shares of the budget; the first training begins at nothing
    cuts = [float(np.quantile(evidence.log.times, 1 - share)) for share in SHARES]
    say(f"deep: cut-off 1 of {len(cuts)}")
    past = Evidence.of(evidence.log.before(cuts[0]), evidence.items, cuts[0])
    asked = [q for q in questions(evidence.log, cuts[0], most=ASKED, seed=seed + 1) if len(q.targets)]
    part = Budget(None, partial(budget.over, float(ends[0])))
    network = learn(past, seed=seed, asked=asked, budget=part).network
    found = [_asked_at(evidence, cuts[0], network, seed)]
    for number in range(1, len(cuts)):
        if budget.over(float(ends[number - 1])):
            continue
        say(f"deep: cut-off {number + 1} of {len(cuts)}")
        past = Evidence.of(evidence.log.before(cuts[number]), evidence.items, cuts[number])
        part = Budget(None, partial(budget.over, float(ends[number])))
        network = learn(past, seed=seed, rounds=ROUNDS_ON, start=network, budget=part).network
        found.append(_asked_at(evidence, cuts[number], network, seed))
    return network, found


def _asked_at(evidence: Evidence, cut: float, network: NextItem, seed: int) -> Trial:
    """The mix of that moment and this network, asked about what followed."""
    past = Evidence.of(evidence.log.before(np.nextafter(cut, np.inf)), evidence.items, cut)
    scorers = fit_scorers(past, seed)
    asked = questions(evidence.log, float(np.nextafter(cut, np.inf)), most=ASKED, seed=seed)
    return trial(scorers, network, asked, past.size, cut)


def current(work: Work) -> Deep | None:
    """The network in use, None where there is none or it cannot be read."""
    version = work.artefacts.current(NAME)
    if version is None:
        return None
    try:
        artefact = work.artefacts.load(NAME, version)
        about = artefact.about
        return Deep(
            NextItem.load(artefact.arrays), artefact.arrays["items"].tolist(), np.array(artefact.arrays["weights"]),
            bool(about["joins"]), float(about["trained_until"]), float(about["rolled_at"]), version,
            [dict(cut) for cut in about["cuts"]],
        )  # fmt: skip
    except (ArtefactError, KeyError, ValueError, IndexError) as error:
        log.warning("opsplug: the deep part in use cannot be read: %s", error)
        return None


def publish(work: Work, deep: Deep) -> str:
    arrays = {**deep.network.export(), "items": np.array(deep.items, dtype=np.str_), "weights": deep.weights}
    about = {
        "at": work.clock(), "joins": deep.joins, "trained_until": deep.trained_until, "rolled_at": deep.rolled_at,
        "cuts": deep.cuts, "reason": reason_of(deep),
    }  # fmt: skip
    return work.artefacts.publish(NAME, arrays, about=about, at=work.clock())


def fitting(work: Work) -> Callable[..., Mix]:
    """`Mix.fit`, joined by the network in use where that knew nothing of what comes after the mix's own moment."""
    deep = current(work) if work.options.get("deep", True) else None

    def fit(*args: Any, now: float | None = None, **options: Any) -> Mix:
        mix = Mix.fit(*args, now=now, **options)
        if deep is not None and deep.trained_until <= mix.evidence.now:
            deep.join(mix)
        return mix

    return fit


def renew(work: Work, deep: Deep | None) -> None:
    """A new version of the mix in use with this network in it, or with none; nothing else of it changes."""
    deep = deep if deep is not None and deep.joins else None
    for _ in range(3):  # a training of the mix may end at the same time: its newer version must not be lost
        version = work.artefacts.current(MIX)
        if version is None:
            return
        artefact = work.artefacts.load(MIX, version)
        whole = current_format(artefact.arrays)
        arrays = {key: value for key, value in whole.items() if not key.startswith(f"{CHANNEL.scorer}/")}
        if deep is None and len(arrays) == len(whole):
            return
        weights = WeightTable.load(arrays).without(CHANNEL.name)
        until = float(artefact.about.get("trained_until", 0.0))
        if deep is not None:
            network = deep.network.moved(deep.items, arrays["items"].tolist())
            arrays |= export_member(CHANNEL.scorer, network)
            weights = weights.with_channel(CHANNEL.name, deep.weights)
            until = max(until, deep.trained_until)
        about = {**artefact.about, "trained_until": until, NAME: "" if deep is None else deep.version}
        if work.artefacts.current(MIX) == version:
            work.artefacts.publish(MIX, {**arrays, **weights.export()}, about=about, at=work.clock())
            return
