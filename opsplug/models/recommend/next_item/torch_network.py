"""The next-item network in torch: the arithmetic of `next_item`, with gradients. Opened by its training only."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from opsplug.models.recommend.next_item.encoding import Batch
from opsplug.models.recommend.next_item.network import EPSILON, HEADS, KINDS, STEPS, NextItem

WIDTH, WIDEN = 64, 128
LEFT_OUT = 0.2  # share of items whose own part, and of events that, are left out of a batch
DROPPED = 0.2
AVERAGE = 0.99  # of the weights, over batches


class Network(nn.Module):
    """The arithmetic of `NextItem`, with gradients. Shapes as there; B examples, L events."""

    def __init__(self, size: int, texts: NDArray[np.float32]) -> None:
        super().__init__()
        self.texts = torch.from_numpy(texts)
        self.map = _weight(texts.shape[1], WIDTH)
        self.own = nn.Parameter(torch.randn(size, WIDTH) * 0.02)
        self.bias = nn.Parameter(torch.zeros(size))
        self.ask, self.key, self.value, self.out = (_weight(WIDTH, WIDTH) for _ in range(4))
        self.nobody_key, self.nobody_value = (nn.Parameter(torch.zeros(WIDTH)) for _ in range(2))
        self.by_events, self.by_moments, self.by_minutes = (nn.Parameter(torch.zeros(STEPS, HEADS)) for _ in range(3))
        self.by_kind = nn.Parameter(torch.zeros(KINDS, HEADS))
        self.widen, self.narrow = _weight(WIDTH, WIDEN), _weight(WIDEN, WIDTH)
        self.widen_bias = nn.Parameter(torch.zeros(WIDEN))
        self.scale = nn.Parameter(torch.ones(WIDTH))
        self.hidden = nn.ParameterDict({  # in place of the parts of that name where the question is what was hidden
            "out": _weight(WIDTH, WIDTH), "last": torch.zeros(WIDTH), "scale": torch.ones(WIDTH),
            "bias": torch.zeros(size),
        })  # fmt: skip

    def vectors(self) -> Tensor:
        own: Tensor = self.own
        if self.training:
            own = own * (torch.rand(len(own), 1) >= LEFT_OUT)
        return self.texts @ self.map + own

    def visitors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Shape (B, d)."""
        known, events, moments, minutes, kinds = (
            torch.from_numpy(array) for array in (batch.known, batch.events, batch.moments, batch.minutes, batch.kinds)
        )
        x = _normal(vectors[torch.from_numpy(batch.items)])
        if self.training:  # the newest event stays, so that nobody is left without any
            known = known & ((torch.rand(known.shape) >= LEFT_OUT) | (torch.arange(known.shape[1]) == 0))
        newest = ((moments == 0) & known).float()[..., None]
        last = (x * newest).sum(1) / newest.sum(1)
        count, longest, _ = x.shape
        asked = (last @ self.ask).view(count, 1, HEADS, -1)
        weight = ((x @ self.key).view(count, longest, HEADS, -1) * asked).sum(-1)
        weight = weight + self.by_kind[kinds]
        if not batch.hidden:  # what goes together does so whenever it was
            weight = weight + self.by_events[events] + self.by_moments[moments] + self.by_minutes[minutes]
        weight = weight.masked_fill(~known[..., None], -1e9)
        nobody = (asked * self.nobody_key.view(HEADS, -1)).sum(-1)
        weight = torch.cat([weight, nobody], 1).softmax(1)
        values = (x @ self.value).view(count, longest, HEADS, -1)
        seen = torch.einsum("blh,blhk->bhk", weight[:, :-1], values)
        seen = seen + weight[:, -1, :, None] * self.nobody_value.view(HEADS, -1)
        out, scale = self.out, self.scale
        if batch.hidden:
            out, last, scale = (self.hidden[name] for name in ("out", "last", "scale"))
        whole = _normal(self._dropped(seen.flatten(1) @ out) + last)
        inner = functional.relu(whole @ self.widen + self.widen_bias)
        return _normal(whole + self._dropped(inner @ self.narrow)) * scale

    def bias_of(self, batch: Batch) -> Tensor:
        found: Tensor = self.hidden["bias"] if batch.hidden else self.bias
        return found

    def _dropped(self, rows: Tensor) -> Tensor:
        return functional.dropout(rows, DROPPED, self.training)

    @torch.no_grad()
    def arrays(self, active: NDArray[np.bool_], rare: NDArray[np.bool_]) -> NextItem:
        """The network for serving; items without events get the mean bias of the `rare` and nothing of their own."""
        self.eval()
        own = self.own * torch.from_numpy(active)[:, None]
        bias = self.bias.numpy().copy()
        if active.any():
            bias[~active] = bias[rare].mean()
        made = {"vectors": (self.texts @ self.map + own).numpy(), "bias": bias}
        names = [part.name for part in fields(NextItem)]
        return NextItem(*(made.get(name, _copied(self, name)) for name in names))


def _weight(rows: int, columns: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(rows, columns) / rows**0.5 * 0.58)


def _normal(rows: Tensor) -> Tensor:
    return functional.layer_norm(rows, rows.shape[-1:], eps=EPSILON)


def _copied(network: nn.Module, name: str) -> NDArray[np.float32]:
    value: Any = getattr(network, name, None)
    return value.detach().numpy().copy() if isinstance(value, nn.Parameter) else np.zeros(0, np.float32)


class Averaged:
    """A network whose weights are the running mean of another's: it is evaluated and served in place of that one."""

    def __init__(self, network: Network) -> None:
        self.network = copy.deepcopy(network)

    @torch.no_grad()
    def follow(self, network: Network) -> None:
        for mine, its in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(its, 1 - AVERAGE)


@torch.no_grad()
def continued(network: Network, start: NextItem) -> None:
    """Go on where another training ended. The text features may have turned: their map is fitted to the old vectors."""
    for name, value in network.named_parameters():
        if name not in ("own", "map") and not name.startswith("hidden."):
            value.copy_(torch.from_numpy(np.array(getattr(start, name))))
    vectors = np.array(start.vectors)
    met = np.abs(vectors).sum(1) > 0
    texts = network.texts.numpy()
    gram = texts[met].T @ texts[met] + np.eye(texts.shape[1], dtype=np.float32)
    text_map = np.linalg.solve(gram, texts[met].T @ vectors[met]).astype(np.float32)
    network.map.copy_(torch.from_numpy(text_map))
    network.own.copy_(torch.from_numpy(np.where(met[:, None], vectors - texts @ text_map, 0).astype(np.float32)))
    unmet = torch.from_numpy(~met)
    if met.any() and unmet.any():
        network.bias[unmet] = network.bias[~unmet].mean()
    for name in ("out", "scale", "bias"):  # not handed on: begun like their neighbours
        network.hidden[name].copy_(getattr(network, name))
