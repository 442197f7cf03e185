"""Knowledge bases with questions whose right entry is known, or known to be missing, to fit and judge retrieval.

Eleven sets in two languages: shops, another trade with one way to ask, passages, paraphrases with near-misses. Those in
benchmarks/data/chat were written for opsplug; the others are read from ../shared/data.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / ".." / "shared" / "data"
OWN = ROOT / "benchmarks" / "data" / "chat"
_MISSING = 4  # one entry in so many is taken out of each set: its questions have no answer then
_MOST = 800  # questions of a set that are asked


@dataclass(frozen=True)
class Asked:
    """A question and the positions of the entries that answer it; none: it has no answer here."""

    text: str
    right: frozenset[int]


@dataclass(frozen=True)
class KnowledgeSet:
    """Entries in parallel, and the questions put to them."""

    name: str
    language: str
    questions: Sequence[str]
    answers: Sequence[str]
    asked: Sequence[Asked]


def load() -> list[KnowledgeSet]:
    """Every set, with a quarter of its entries taken out; the same at each call."""
    return [_with_gaps(one) for one in (*_own(), *_shared())]


def _own() -> Iterator[KnowledgeSet]:
    for path in sorted(OWN.glob("*.txt")):
        questions: list[str] = []
        answers: list[str] = []
        asked: list[Asked] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("- "):
                asked.append(Asked(line[2:], frozenset()))
            elif line and not line.startswith("#"):
                question, answer, *ways = (part.strip() for part in line.split(" | "))
                asked += [Asked(way, frozenset({len(questions)})) for way in ways]
                questions.append(question)
                answers.append(answer)
        yield KnowledgeSet(path.stem, path.stem[-2:], questions, answers, asked)


def _shared() -> Iterator[KnowledgeSet]:
    for read in (_faq, _bitext, _banking, _afqmc, *_xquads()):
        yield read()


def _faq() -> KnowledgeSet:
    listed = json.loads((SHARED / "intents" / "ecommerce_faq.json").read_text(encoding="utf-8"))["questions"]
    written = json.loads((ROOT / "tests" / "data" / "faq_paraphrases.json").read_text(encoding="utf-8"))
    same = {at: {at} for at in range(len(listed))}
    for group in written["same_question"]:
        for at in group:
            same[at] |= set(group)
    asked = [Asked(text, frozenset(same[one["position"]])) for one in written["paraphrases"] for text in one["asked"]]
    return KnowledgeSet("faq_en", "en", [one["question"] for one in listed], [one["answer"] for one in listed], asked)


def _bitext() -> KnowledgeSet:
    lines = (SHARED / "faq" / "bitext_entries.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    at = {entry["id"]: position for position, entry in enumerate(entries)}
    rows = list(csv.DictReader((SHARED / "faq" / "bitext_utterances.csv").open(encoding="utf-8")))
    asked = [Asked(row["utterance"], frozenset({at[row["intent"]]})) for row in rows if row["intent"] in at]
    questions, answers = [entry["question"] for entry in entries], [entry["answer"] for entry in entries]
    return KnowledgeSet("bitext_en", "en", questions, answers, asked)


def _banking() -> KnowledgeSet:
    """One way to ask each of 77 things, and an answer that gives nothing away."""
    generator = np.random.default_rng(7)
    rows = list(csv.reader((SHARED / "intents" / "banking77_train.csv").open(encoding="utf-8")))[1:]
    names = sorted({row[1] for row in rows})
    examples = [[row[0] for row in rows if row[1] == name] for name in names]
    questions = [one[int(generator.integers(len(one)))] for one in examples]
    tests = list(csv.reader((SHARED / "intents" / "banking77_test.csv").open(encoding="utf-8")))[1:]
    asked = [Asked(row[0], frozenset({names.index(row[1])})) for row in tests]
    return KnowledgeSet("banking_en", "en", questions, [f"Answer {at}." for at in range(len(names))], asked)


def _afqmc() -> KnowledgeSet:
    """Paraphrases of a payment service's questions; those of pairs that ask something else have no answer."""
    rows = list(csv.DictReader((SHARED / "faq" / "afqmc_pairs.csv").open(encoding="utf-8")))
    rows = [row for at, row in enumerate(rows) if row["same"] == "1" or at % 4 == 0]
    questions = list(dict.fromkeys(row["b"] for row in rows))
    at = {question: position for position, question in enumerate(questions)}
    asked = [Asked(row["a"], frozenset({at[row["b"]]} if row["same"] == "1" else ())) for row in rows]
    return KnowledgeSet("afqmc_zh", "zh", questions, [f"答案{at}。" for at in range(len(questions))], asked)


def _xquads() -> Iterator[Callable[[], KnowledgeSet]]:
    for asking, told in (("en", "en"), ("zh", "zh"), ("zh", "en"), ("en", "zh")):
        yield lambda asking=asking, told=told: _xquad(asking, told)  # type: ignore[misc]


def _xquad(asking: str, told: str) -> KnowledgeSet:
    passages, questions = (
        [json.loads(line) for line in (SHARED / "faq" / f"xquad_{code}.jsonl").read_text(encoding="utf-8").splitlines()]
        for code in (told, asking)
    )
    at = {one["id"]: position for position, one in enumerate(passages)}
    asked = [Asked(text, frozenset({at[one["id"]]})) for one in questions for text in _texts(one)]
    name = f"passages_{told}" if asking == told else f"passages_{asking}_to_{told}"
    return KnowledgeSet(name, told, [one["title"] for one in passages], [one["passage"] for one in passages], asked)


def _texts(one: dict[str, list[str]]) -> list[str]:
    return [text if isinstance(text, str) else text["question"] for text in one["questions"]]


def _with_gaps(whole: KnowledgeSet) -> KnowledgeSet:
    generator = np.random.default_rng(11)
    count = len(whole.questions)
    gone = set(generator.permutation(count)[: count // _MISSING].tolist())
    kept = [at for at in range(count) if at not in gone]
    moved = {at: position for position, at in enumerate(kept)}
    picked = generator.permutation(len(whole.asked))[:_MOST].tolist()
    asked = [whole.asked[row] for row in sorted(picked)]
    asked = [Asked(one.text, frozenset(moved[at] for at in one.right if at in moved)) for one in asked]
    questions, answers = [whole.questions[at] for at in kept], [whole.answers[at] for at in kept]
    return KnowledgeSet(whole.name, whole.language, questions, answers, asked)
