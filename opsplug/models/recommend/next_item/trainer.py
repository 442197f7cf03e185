"""The training of the next-item network. This file and `next_item_network` open torch; only a training opens them.

It starts from content: an item's vector is a linear map of its text features plus an own part that begins near 0, and
that is now and then left out in training, so that the map alone serves new items. The loss is a softmax over what a
visitor took next, and in every other batch over what was hidden in a history, with an output of its own: that is what
keeps a small shop's few moments from being learnt by heart. Above `LARGEST_SOFTMAX` items it goes over a sample, whose
logits are corrected by the logarithm of how often they were expected to be drawn (Bengio and Senecal 2008).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evaluation import Question, ndcg, questions
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.next_item.encoding import Batch, Examples
from opsplug.models.recommend.next_item.network import NextItem
from opsplug.models.recommend.next_item.torch_network import Averaged, Network, continued
from opsplug.models.recommend.scorers.content import item_features
from opsplug.models.recommend.topk import top_k

TEXT = 128  # text features of an item, after a truncated SVD
LOUD = 3.4  # their length: content must outweigh the own part to begin with, else small shops are learnt by heart
BATCH = 128
ROUND = 20_000  # examples between two looks at the validation
FEWEST_BATCHES = 30
ROUNDS = 10  # at most
PATIENCE = 2  # rounds without an improvement
HIDDEN = 0.5  # share of batches that ask what is missing in a history, not what follows it
RATE, DECAY = 2e-3, 1e-5
LARGEST_SOFTMAX = 5000
SAMPLE = 2000
HELD_OUT = 0.1  # newest share of the log that decides when to stop
ASKED = 300


@dataclass(slots=True)
class Learnt:
    """A trained network, how many rounds served it best, and its NDCG@10 after each round (0 is where it began)."""

    network: NextItem
    rounds: int
    history: list[float] = field(default_factory=list)
    cpu_s: float = 0.0


class Budget:
    """CPU seconds and a question that may end the training early."""

    def __init__(self, seconds: float | None = None, stopped: Callable[[], bool] = lambda: False) -> None:
        self._began = time.process_time()
        self._seconds = seconds
        self._stopped = stopped

    @property
    def spent(self) -> float:
        return time.process_time() - self._began

    def over(self, share: float = 1.0) -> bool:
        return self._stopped() or (self._seconds is not None and self.spent > share * self._seconds)


def fit(evidence: Evidence, *, seed: int = 0, budget: Budget | None = None) -> NextItem:
    """Learn alone: how many rounds are right is found without the newest events, then all events are learnt from."""
    budget = budget or Budget()
    cut = float(np.quantile(evidence.log.times, 1 - HELD_OUT)) if len(evidence.log) else 0.0
    past = Evidence.of(evidence.log.before(cut), evidence.items, cut)
    asked = [question for question in questions(evidence.log, cut, most=ASKED, seed=seed) if len(question.targets)]
    rounds = ROUNDS // 2
    if len(asked) >= 20 and len(past.log):
        rounds = learn(past, seed=seed, asked=asked, budget=Budget(None, lambda: budget.over(0.5))).rounds
    return learn(evidence, seed=seed, rounds=rounds, budget=budget).network


def learn(
    evidence: Evidence,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    asked: Sequence[Question] = (),
    start: NextItem | None = None,
    budget: Budget | None = None,
) -> Learnt:
    """Train for `rounds`, or with `asked` until they are answered no better. `start` is in the evidence's vocabulary.

    When the budget is over in the middle, the best weights so far are what was learnt.
    """
    budget = budget or Budget()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    try:
        return _Training(evidence, seed, start).run(rounds, asked, budget)
    finally:
        torch.set_num_threads(threads)


class _Training:
    def __init__(self, evidence: Evidence, seed: int, start: NextItem | None) -> None:
        self.rng = np.random.default_rng(seed)
        self.examples = Examples(evidence.log)
        counts = np.bincount(evidence.log.items, minlength=evidence.size)
        self.active = counts > 0
        self.rare = self.active & (
            counts <= np.quantile(counts[self.active], 0.25) if self.active.any() else self.active
        )
        self.network = Network(evidence.size, text_features(evidence, seed))
        if start is not None:
            continued(self.network, start)
        self.softmax = np.flatnonzero(self.active)
        drawn = counts[self.softmax] ** 0.5
        self.drawn = drawn / max(drawn.sum(), 1)

    def run(self, rounds: int, asked: Sequence[Question], budget: Budget) -> Learnt:
        network = self.network
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        averaged = Averaged(network)
        held = network.arrays(self.active, self.rare)
        found = Learnt(held, 0, [quality(held, asked)])
        if not len(self.examples):
            return found
        for number in range(1, rounds + 1):
            whole = self._round(optimiser, averaged, budget)
            if not whole and asked:
                break
            held = averaged.network.arrays(self.active, self.rare)
            found.history.append(quality(held, asked))
            if not asked or found.history[-1] > max(found.history[:-1]):
                found.network, found.rounds = held, number
            if not whole or number - found.rounds >= PATIENCE:
                break
        found.cpu_s = budget.spent
        return found

    def _round(self, optimiser: torch.optim.Optimizer, averaged: Averaged, budget: Budget) -> bool:
        """One round of batches; False when the budget was over before its end."""
        self.network.train()
        count = max(FEWEST_BATCHES, min(ROUND, 2 * len(self.examples)) // BATCH)
        for _ in range(count):
            if budget.over():
                return False
            hidden = self.rng.random() < HIDDEN
            batch = (self.examples.hidden if hidden else self.examples.drawn)(BATCH, self.rng)
            if not len(batch.items):
                continue
            loss = self._loss(batch)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            averaged.follow(self.network)
        return True

    def _loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of the targets, each example's sharing one unit, among items not in its history."""
        network = self.network
        vectors, bias = network.vectors(), network.bias_of(batch)
        visitors = network.visitors(vectors, batch)
        targets, asked = torch.from_numpy(batch.targets), torch.from_numpy(batch.asked)
        wanted = torch.einsum("bd,btd->bt", visitors, vectors[targets]) + bias[targets]
        seen = np.zeros((len(batch.items), len(vectors)), bool)
        np.put_along_axis(seen, batch.items, True, 1)
        np.put_along_axis(seen, np.where(batch.asked, batch.targets, batch.targets[:, :1]), True, 1)
        rows, correction = self._rivals()
        rivals = visitors @ vectors[rows].T + bias[rows] - correction
        rivals = rivals.masked_fill(torch.from_numpy(seen[:, rows]), -1e9)
        total = torch.cat([rivals, wanted.masked_fill(~asked, -1e9)], 1).logsumexp(1)
        return (total - (wanted * asked).sum(1) / asked.sum(1)).mean()

    def _rivals(self) -> tuple[NDArray[np.int64], Tensor]:
        """The items of the softmax, or a sample of them with the logarithms of their expected numbers."""
        if len(self.softmax) <= LARGEST_SOFTMAX:
            return self.softmax, torch.zeros(1)
        place = self.rng.choice(len(self.softmax), SAMPLE, p=self.drawn)
        return self.softmax[place], torch.from_numpy(np.log(SAMPLE * self.drawn[place]).astype(np.float32))


def text_features(evidence: Evidence, seed: int) -> NDArray[np.float32]:
    """Shape (items, TEXT at most): the leading directions of TF-IDF."""
    from sklearn.utils.extmath import randomized_svd

    sparse = item_features(evidence.items)
    if not sparse.nnz:
        return np.zeros((evidence.size, 1), np.float32)
    left, strength, _ = randomized_svd(sparse, min(TEXT, *sparse.shape), random_state=seed)
    return np.asarray(left * strength * LOUD, np.float32)


def quality(network: NextItem, asked: Sequence[Question]) -> float:
    """Mean NDCG@10 over questions with a history."""
    gains = []
    for question in asked:
        if len(question.query.items):
            scores = network.logits(question.query, CandidateSet(len(network.bias)))
            scores[question.seen] = -np.inf
            gains.append(ndcg(top_k(scores, 10), question.targets))
    return float(np.mean(gains)) if gains else 0.0
