"""What a scorer is: the protocol that training, serving and the contract tests call, and its record in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import MAX_HISTORY
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query


class Transform(Enum):
    """What is done to a channel in lists of things new to the visitor, after its largest score was made 1."""

    LINEAR = auto()
    SQUARE_ROOT = auto()  # an item that several channels know a little passes one that a single channel praises


class Member(Protocol):
    """A fitted part of the mix: exported as plain arrays, and loaded from them (or from memory maps) to serve."""

    name: ClassVar[str]

    def export(self) -> Arrays:
        """Everything that serving needs, by name."""
        ...

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The same member from exported arrays."""
        ...


class Scorer(Member, Protocol):
    """A member that scores items. Fitting may import scipy and scikit-learn; everything else is numpy."""

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Self:
        """Learn from a log and a catalogue, both possibly empty."""
        ...

    def score(
        self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]
    ) -> Sequence[NDArray[np.floating]]:
        """For each of its channels that is asked for, a finite score of every candidate.

        Higher is better, 0 where nothing is known. A personal channel is asked about queries with a history only.
        """
        ...

    def retrieve(self, query: Query) -> Codes:
        """Items worth scoring for this query, in no order and possibly twice."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """The record of a scorer: one column of the table of weights."""

    name: str  # weights are stored under it
    scorer: str  # the member of the mix that gives the scores
    classes: tuple[type[Scorer], ...]  # what that member may be
    reason: str  # code of the reason of an item that it put into a list
    item_reason: str = "also_viewed"  # the same beside an item
    transform: Transform = Transform.LINEAR
    personal: bool = True  # it speaks only of a visitor with a history; else it says the same to everybody
    discovery: bool = True  # it may speak in lists of things new to the visitor
    repeats: bool = True  # and where things of before are wanted, too
    start: tuple[float, float] = (0.0, 0.0)  # weight before anything is learnt, in discovery and in repeats
    item_weight: float = 0.0  # beside an item or a cart, of what it is about; 0: it does not speak there
    decay: float = 1.0  # of an event's weight, with each later event
    max_history: int = MAX_HISTORY  # newest events that count
