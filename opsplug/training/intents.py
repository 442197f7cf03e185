"""The training of intents: which entry of the knowledge is meant, from all the ways in which each was asked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsplug.models.parallel import side_by_side
from opsplug.models.text.intents import Intent, IntentModel
from opsplug.models.text.retrieval import CONFIDENT, KnowledgeIndex, preferred
from opsplug.models.text.sentence import Encoder
from opsplug.training.encoders import encoder_of, retrieval_encoder_of
from opsplug.training.run.job import TrainingReport, Work

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

NAME: Final = "intents"
KNOWLEDGE: Final = "knowledge"  # document kind
REPORT: Final = "intents_report"  # document kind; its key is `now`
MIN_PHRASES = 20  # other ways to ask, of all entries together, below which nothing is learnt
_ROUNDS = 4
_WRONG = 0.02  # of questions, answered wrongly though sure: what may be
_THRESHOLDS = (
    CONFIDENT,
    0.8,
    0.85,
    0.9,
    0.95,
    0.98,
)  # of an intent's confidence: the first that keeps to that is served
_UNFAIR = 0.10


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to ask for an entry. `is_own`: its question as the shop wrote it, not as visitors ask it."""

    text: str
    name: str  # language/id
    answer: str
    is_own: bool

    @property
    def language(self) -> str:
        return self.name.partition("/")[0]


def train(work: Work) -> TrainingReport | None:
    """Learn, compare with plain retrieval on phrases held out in turn, publish where more is answered rightly."""
    began = time.perf_counter()
    known = phrases(work.store)
    asked = [phrase for phrase in known if not phrase.is_own]
    if len(asked) < MIN_PHRASES or len({phrase.name for phrase in known}) < 2:
        return None
    encoder = encoder_of(work.options)
    held = _compare(known, encoder, retrieval_encoder_of(work.options), work.seed)
    baseline = _metrics([_outcome(one.phrase, one.found) for one in held])
    threshold, learnt, promote = _gate(held, baseline)
    metrics = _metrics(learnt)
    reason = (
        f"{'served' if promote else 'not served'}: of {len(asked)} phrases held out in turn "
        f"{metrics['right and sure']:.2f} are answered rightly ({baseline['right and sure']:.2f} without), "
        f"{metrics['wrong and sure']:.3f} wrongly"
    )
    version = ""
    if promote:
        work.say(f"fitting intents on {len(known):,} phrases")
        model = IntentModel(threshold, encoder).fit([p.text for p in known], [p.name for p in known])
        about = {"at": work.clock(), "reason": reason, "metrics": metrics, "threshold": threshold}
        version = work.artefacts.publish(NAME, model.to_arrays(), about=about, at=work.clock())
    _store_report(work, learnt, metrics, baseline, promote)
    return TrainingReport(NAME, metrics, baseline, promote, time.perf_counter() - began, version, reason)


def phrases(store: Store) -> list[Phrase]:
    """Every way to ask every entry, the entry's own question first."""
    found = []
    for _, entry in store.documents(KNOWLEDGE):
        name = f"{entry['language']}/{entry['id']}"
        found.append(Phrase(entry["question"], name, entry["answer"], True))
        found += [Phrase(text, name, entry["answer"], False) for text in entry.get("also", ())]
    return found


Outcome = tuple[str, bool, bool]  # language, right, sure


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A phrase that was held out, what retrieval found for it, and the intent that was read in it."""

    phrase: Phrase
    found: list[tuple[str, float]]
    intent: Intent


def _gate(held: Sequence[HeldOut], baseline: dict[str, float]) -> tuple[float, list[Outcome], bool]:
    """The lowest threshold at which few enough are answered wrongly, what comes of it, and whether to serve it.

    Served is what answers more rightly than retrieval alone, and wrongly at most what may be.
    """
    for threshold in _THRESHOLDS:
        outcomes = [_outcome(one.phrase, preferred(one.found, _above(one.intent, threshold))) for one in held]
        metrics = _metrics(outcomes)
        if metrics["wrong and sure"] <= _WRONG:
            return threshold, outcomes, metrics["right and sure"] >= baseline["right and sure"]
    return threshold, outcomes, False


def _above(intent: Intent, threshold: float) -> Intent:
    return intent if intent.confidence >= threshold else Intent(None, intent.confidence)


def _compare(known: Sequence[Phrase], encoder: Encoder | None, vectors: Encoder | None, seed: int) -> list[HeldOut]:
    """What retrieval finds for phrases that it has not seen, and the intents that are read in them."""
    turns = np.random.default_rng(seed).integers(_ROUNDS, size=len(known))
    rounds = []
    for turn in range(_ROUNDS):
        held = [phrase for phrase, at in zip(known, turns, strict=True) if at == turn and not phrase.is_own]
        past = [phrase for phrase, at in zip(known, turns, strict=True) if at != turn or phrase.is_own]
        if held:
            rounds.append(partial(_round, held, past, encoder, vectors))
    return [outcome for found in side_by_side(rounds) for outcome in found]


def _round(
    held: Sequence[Phrase], past: Sequence[Phrase], encoder: Encoder | None, vectors: Encoder | None
) -> list[HeldOut]:
    model = IntentModel(_THRESHOLDS[0], encoder).fit([p.text for p in past], [p.name for p in past])
    built = {}
    for language in {phrase.language for phrase in held}:
        ways: dict[str, list[str]] = {}
        for phrase in past:
            if phrase.language == language:
                ways.setdefault(phrase.name, []).append(phrase.text)
        answers = {phrase.name: phrase.answer for phrase in past}
        index = KnowledgeIndex(list(ways.values()), [answers[name] for name in ways], vectors)
        built[language] = (list(ways), index)
    outcomes = []
    for phrase, intent in zip(held, model.predict([p.text for p in held]), strict=True):
        names, index = built[phrase.language]
        found = [(names[match.position], match.confidence) for match in index.search(phrase.text, 5)]
        outcomes.append(HeldOut(phrase, found, intent))
    return outcomes


def _outcome(phrase: Phrase, found: Sequence[tuple[str, float]]) -> Outcome:
    name, confidence = found[0] if found else ("", 0.0)
    return phrase.language, name == phrase.name, confidence >= CONFIDENT


def _metrics(outcomes: Sequence[Outcome]) -> dict[str, float]:
    right = np.array([is_right for _, is_right, _ in outcomes])
    sure = np.array([is_sure for _, _, is_sure in outcomes])
    return {
        "right first": float(right.mean()),
        "right and sure": float((right & sure).mean()),
        "wrong and sure": float((~right & sure).mean()),
    }


def _store_report(
    work: Work, outcomes: Sequence[Outcome], metrics: dict[str, float], baseline: dict[str, float], served: bool
) -> None:
    spoken = sorted({language for language, _, _ in outcomes})
    languages = {code: _metrics([one for one in outcomes if one[0] == code]) for code in spoken}
    shares = [own["right first"] for own in languages.values()]
    gap = max(shares) - min(shares)
    value: dict[str, Any] = {
        "at": work.clock(), "phrases": len(outcomes), "served": served, "metrics": metrics, "baseline": baseline,
        "languages": languages, "language_gap": gap, "is_unfair": gap > _UNFAIR,
    }  # fmt: skip
    work.store.put_document(REPORT, "now", value, round(work.clock() * 1000))
