"""The training of the next-item network: the only file that opens torch, and only a training process opens this file.

It starts from what goes together anyway (a truncated SVD, see `factors`) and from content: an item's vector is a linear
map of its text features plus an own part, and the own part is now and then left out in training, so that the map alone
serves new items. The loss is a softmax over what a visitor took next; above `LARGEST_SOFTMAX` items over a sample, whose
logits are corrected by the logarithm of how likely they were to be drawn (Bengio and Senecal 2008).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from opsplug.models.base import Evidence, best
from opsplug.models.content import item_features
from opsplug.models.evaluation import Question, ndcg, questions
from opsplug.models.factors import Factors
from opsplug.models.next_item import EPSILON, KINDS, STEPS, NextItem
from opsplug.models.next_item_data import Batch, Examples

WIDTH, POOLS, KEY, WIDEN = 64, 4, 16, 128
TEXT = 64  # text features of an item, after a truncated SVD
BATCH = 128
ROUND = 20_000  # examples between two looks at the validation
ROUNDS = 10  # at most
PATIENCE = 2  # rounds without an improvement
BACKWARDS = 0.5  # share of examples read backwards
LEFT_OUT = 0.1  # share of items whose own part, and of events that, are left out of a batch
RATE, DECAY = 2e-3, 0.05
AVERAGE = 0.99  # of the weights, over batches
LARGEST_SOFTMAX = 5000
SAMPLE = 2000
HELD_OUT = 0.1  # newest share of the log that decides when to stop
ASKED = 300
SLOPES = (0.0, 0.1, 0.3, 1.0)  # how fast each pool forgets, per bucket of events, to begin with


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


class Network(nn.Module):
    """The arithmetic of `NextItem`, with gradients. Shapes as there; B examples, L events."""

    def __init__(self, vectors: NDArray[np.float32], texts: NDArray[np.float32], spread: NDArray[np.float32]) -> None:
        super().__init__()
        size, width = vectors.shape
        ridge = texts.T @ texts + np.eye(texts.shape[1], dtype=np.float32)
        taken = np.abs(vectors).sum(1) > 0
        text_map = np.linalg.solve(ridge, texts[taken].T @ vectors[taken]).astype(np.float32)
        own = np.where(taken[:, None], vectors - texts @ text_map, 0).astype(np.float32)
        self.texts, self.begun, self.spread = (torch.from_numpy(array) for array in (texts, own, spread[:, None]))
        self.map = nn.Parameter(torch.from_numpy(text_map))
        self.own = nn.Parameter(torch.zeros(size, width))  # beyond where it began, so that decay pulls back to there
        self.bias = nn.Parameter(torch.zeros(size))
        self.keys = nn.Parameter(torch.zeros(width, POOLS * KEY))
        self.asks = nn.Parameter(torch.randn(width, POOLS * KEY) / width**0.5)
        slopes = -torch.arange(STEPS)[:, None] * torch.tensor(SLOPES)
        self.by_events = nn.Parameter(slopes.clone())
        self.by_moments, self.by_minutes = (nn.Parameter(torch.zeros(STEPS, POOLS)) for _ in range(2))
        self.by_kind = nn.Parameter(torch.zeros(KINDS, POOLS))
        self.pools = nn.Parameter(torch.eye(width).repeat(POOLS, 1, 1) / POOLS)
        self.widen = nn.Parameter(torch.randn(width, WIDEN) / width**0.5)
        self.widen_bias = nn.Parameter(torch.zeros(WIDEN))
        self.narrow = nn.Parameter(torch.zeros(WIDEN, width))
        self.log_scale = nn.Parameter(torch.tensor([-2.5]))

    def vectors(self) -> Tensor:
        own = self.begun + self.own
        if self.training:
            own = own * (torch.rand(len(own), 1) >= LEFT_OUT)
        return self.texts @ self.map + own

    def visitors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Shape (B, d)."""
        items, known, events, moments, minutes, kinds = (
            torch.from_numpy(array)
            for array in (batch.items, batch.known, batch.events, batch.moments, batch.minutes, batch.kinds)
        )
        x = (vectors * self.spread)[items]
        last = ((moments == 0) & known).float()[..., None]
        asked = ((x * last).sum(1) / last.sum(1)) @ self.asks
        keys = (x @ self.keys).unflatten(-1, (POOLS, KEY))
        weight = (keys * asked.unflatten(-1, (POOLS, KEY))[:, None]).sum(-1)
        weight = weight + self.by_events[events] + self.by_moments[moments]
        weight = weight + self.by_minutes[minutes] + self.by_kind[kinds]
        if self.training:  # the newest event stays, so that nobody is left without any
            known = known & ((torch.rand(known.shape) >= LEFT_OUT) | (torch.arange(known.shape[1]) == 0))
        weight = weight.masked_fill(~known[..., None], -1e9).softmax(1)
        pooled = torch.einsum("blp,bld->bpd", weight, x)
        whole = torch.einsum("bpd,pde->be", pooled, self.pools)
        whole = whole * torch.rsqrt((whole * whole).mean(1, keepdim=True) + EPSILON)
        inner = functional.relu(whole @ self.widen + self.widen_bias)
        if self.training:
            inner = functional.dropout(inner, 0.2)
        return whole + inner @ self.narrow

    def outputs(self, vectors: Tensor) -> Tensor:
        return vectors / self.spread

    @torch.no_grad()
    def arrays(self, active: NDArray[np.bool_], fewest: NDArray[np.bool_]) -> NextItem:
        """The network for serving; items without events get the mean bias of those with `fewest`."""
        self.eval()
        vectors = self.vectors()
        bias = self.bias.numpy().copy()
        if active.any():
            bias[~active] = bias[fewest].mean()
        names = ("keys", "asks", "by_events", "by_moments", "by_minutes", "by_kind", "pools", "widen", "widen_bias")
        return NextItem(
            (vectors * self.spread).numpy(), self.outputs(vectors).numpy(), bias,
            *(getattr(self, name).detach().numpy().copy() for name in names), self.narrow.detach().numpy().copy(),
            self.log_scale.exp().numpy(),
        )  # fmt: skip


class _Training:
    def __init__(self, evidence: Evidence, seed: int, start: NextItem | None) -> None:
        self.rng = np.random.default_rng(seed)
        self.examples = Examples(evidence.log), Examples(evidence.log, backwards=True)
        counts = np.bincount(evidence.log.items, minlength=evidence.size)
        self.active = counts > 0
        self.fewest = self.active & (counts <= np.quantile(counts[self.active], 0.25)) if self.active.any() else counts
        spread = (counts + 1.0) ** -0.25
        spread = (spread / spread[self.active].mean() if self.active.any() else spread).astype(np.float32)
        texts = text_features(evidence, seed)
        self.network = Network(_begun(evidence, start, seed), texts, spread)
        if start is not None:
            _continue(self.network, start, self.active)
        self.softmax = np.flatnonzero(self.active)
        drawn = counts[self.softmax] ** 0.5
        self.drawn = drawn / max(drawn.sum(), 1)

    def run(self, rounds: int, asked: Sequence[Question], budget: Budget) -> Learnt:
        network = self.network
        groups = [
            {"params": [network.own], "weight_decay": DECAY},
            {"params": [value for name, value in network.named_parameters() if name != "own"], "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=RATE)
        averaged = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE)
        )
        held = network.arrays(self.active, self.fewest)
        found = Learnt(held, 0, [quality(held, asked)])
        if not len(self.examples[0]) or not len(self.examples[1]):
            return found
        for number in range(1, rounds + 1):
            whole = self._round(optimiser, averaged, budget)
            if not whole and asked:
                break
            held = averaged.module.arrays(self.active, self.fewest)
            found.history.append(quality(held, asked))
            if not asked or found.history[-1] > max(found.history[:-1]):
                found.network, found.rounds = held, number
            if not whole or number - found.rounds >= PATIENCE:
                break
        found.cpu_s = budget.spent
        return found

    def _round(self, optimiser: torch.optim.Optimizer, averaged: nn.Module, budget: Budget) -> bool:
        """One round of batches; False when the budget was over before its end."""
        self.network.train()
        count = max(1, min(ROUND, 2 * len(self.examples[0])) // BATCH)
        for _ in range(count):
            if budget.over():
                return False
            examples = self.examples[int(self.rng.random() < BACKWARDS)]
            loss = self._loss(examples.batch(examples.drawn(BATCH, self.rng)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            averaged.update_parameters(self.network)
        return True

    def _loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of the targets, each example's sharing one unit, among items not in its history."""
        network = self.network
        vectors = network.vectors()
        visitors = network.visitors(vectors, batch) * network.log_scale.exp()
        outputs = network.outputs(vectors)
        targets, asked = torch.from_numpy(batch.targets), torch.from_numpy(batch.asked)
        wanted = torch.einsum("bd,btd->bt", visitors, outputs[targets]) + network.bias[targets]
        seen = np.zeros((len(batch.items), len(outputs)), bool)
        np.put_along_axis(seen, batch.items, True, 1)  # unused places hold code 0, which is forbidden as well then
        np.put_along_axis(seen, np.where(batch.asked, batch.targets, batch.targets[:, :1]), True, 1)
        rows, correction = self._rivals()
        rivals = visitors @ outputs[rows].T + network.bias[rows] - correction
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
    size = min(TEXT, *sparse.shape)
    if not sparse.nnz:
        return np.zeros((evidence.size, 1), np.float32)
    left, strength, _ = randomized_svd(sparse, size, random_state=seed)
    found: NDArray[np.float32] = (left * strength).astype(np.float32)
    return found


def _begun(evidence: Evidence, start: NextItem | None, seed: int) -> NDArray[np.float32]:
    """Item vectors to begin with: those of the last training, else the singular vectors of who took what."""
    if start is not None:
        return np.sign(start.outputs) * np.sqrt(np.abs(start.inputs * start.outputs))
    spectral = Factors.fit(evidence, seed=seed, size=WIDTH)
    vectors = np.sign(spectral.outer) * np.sqrt(np.abs(spectral.inner * spectral.outer))
    size = np.sqrt((vectors * vectors).mean()) + 1e-9
    return (vectors / size).astype(np.float32)


def _continue(network: Network, start: NextItem, active: NDArray[np.bool_]) -> None:
    """Everything but the item vectors as it was left."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name in ("own", "map", "log_scale", "bias"):
                continue
            value.copy_(torch.from_numpy(np.array(getattr(start, name))))
        network.log_scale.copy_(torch.from_numpy(np.log(start.scale)))
        network.bias.copy_(torch.from_numpy(np.array(start.bias)))


def quality(network: NextItem, asked: Sequence[Question]) -> float:
    """Mean NDCG@10 over questions with a history."""
    gains = []
    for question in asked:
        if len(question.query.items):
            scores = network.logits(question.query)
            scores[question.seen] = -np.inf
            gains.append(ndcg(best(scores, 10), question.targets))
    return float(np.mean(gains)) if gains else 0.0
