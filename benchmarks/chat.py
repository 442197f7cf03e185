"""The chat's light path: right answers to a shop's questions in other words, and the cost of an answer.

    python benchmarks/chat.py

The paraphrases are tests/data/faq_paraphrases.json, three for each question of the shop's list in ../shared/data;
they were written and committed before any retrieval code.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

from opsplug.models.text.multilingual import Multilingual
from opsplug.models.text.retrieval import CONFIDENT, KnowledgeIndex
from opsplug.models.text.sentence import Encoder
from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.knowledge.vectors import Vectors

ROOT = Path(__file__).resolve().parents[1]
FAQ = ROOT / ".." / "shared" / "data" / "intents" / "ecommerce_faq.json"


class Memory:
    """Documents in memory: the chat's cost without a disk's."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, Any]] = {}

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        self._kinds.setdefault(kind, {})[key] = value

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool:
        return self._kinds.setdefault(kind, {}).setdefault(key, value) is value

    def get_document(self, kind: str, key: str) -> Any:
        return self._kinds.get(kind, {}).get(key)

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        return sorted((key, value) for key, value in self._kinds.get(kind, {}).items() if key.startswith(prefix))

    def delete_document(self, kind: str, key: str) -> bool:
        return self._kinds.get(kind, {}).pop(key, None) is not None


def answers(questions: list[dict[str, str]], encoder: Encoder | None) -> None:
    written = json.loads((ROOT / "tests" / "data" / "faq_paraphrases.json").read_text(encoding="utf-8"))
    same = {at: {at} for at in range(len(questions))}
    for group in written["same_question"]:
        for at in group:
            same[at] |= set(group)
    index = KnowledgeIndex([one["question"] for one in questions], [one["answer"] for one in questions], encoder)
    rows = [(one["position"], index.search(text, 1)[0]) for one in written["paraphrases"] for text in one["asked"]]
    exact = np.array([best.position == at for at, best in rows])
    right = np.array([best.position in same[at] for at, best in rows])
    sure = np.array([best.confidence >= CONFIDENT for _, best in rows])
    print("| what | measured | goal |\n|---|---|---|")
    print(f"| right answer first (a question the list asks twice counts once) | {right.mean():.3f} | 0.90 |")
    print(f"| the very entry first | {exact.mean():.3f} | |")
    print(f"| right and given as sure | {np.mean(right & sure):.3f} | |")
    print(f"| wrong and given as sure | {np.mean(~right & sure):.3f} ({np.sum(~right & sure)} of {len(rows)}) | 0.02 |")


def cost(questions: list[dict[str, str]], encoder: Encoder | None) -> None:
    """CPU milliseconds of a whole reply with 1,000 entries, each by a new visitor."""
    chat = Chat(Memory(), vectors=Vectors(lambda: encoder))
    entries = [
        {"id": f"{at}", "question": f"{one['question']} {at // len(questions) or ''}", "answer": one["answer"]}
        for at, one in ((at, questions[at % len(questions)]) for at in range(1000))
    ]
    chat.knowledge.upsert(entries)
    started = time.process_time()
    chat.reply("hello, how long does delivery take?", anonymous_id="first")
    print(f"| first reply, 1,000 entries indexed, CPU s | {time.process_time() - started:.2f} | |")
    written = json.loads((ROOT / "tests" / "data" / "faq_paraphrases.json").read_text(encoding="utf-8"))
    spent = []
    for at, text in enumerate(text for one in written["paraphrases"] for text in one["asked"]):
        started = time.process_time()
        chat.reply(text, anonymous_id=f"visitor{at}")
        spent.append(1000 * (time.process_time() - started))
    median, worst = np.quantile(spent, 0.5), np.quantile(spent, 0.99)
    print(f"| answer, 1,000 entries, CPU ms p50 / p99 | {median:.1f} / {worst:.1f} | 5 / 15 |")


def resident() -> float:
    """Megabytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    questions = json.loads(FAQ.read_text(encoding="utf-8"))["questions"]
    before = resident()
    for title, encoder in (("words alone", None), ("with the encoder", Multilingual())):
        print(f"\n{title}, resident MB more: {resident() - before:.0f}\n")
        answers(questions, encoder)
        cost(questions, encoder)


if __name__ == "__main__":
    main()
