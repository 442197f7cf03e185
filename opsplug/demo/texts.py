"""The shop's own words in English and Chinese, dates and money included."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache

from opsplug.demo.catalogue import DATA

LANGUAGES = {"en": "English", "zh": "中文"}
Translate = Callable[..., str]


@cache
def _texts() -> dict[str, list[str]]:
    texts: dict[str, list[str]] = json.loads((DATA / "texts.json").read_text(encoding="utf-8"))
    return texts


@cache
def translator(language: str) -> Translate:
    """A function from a key of data/texts.json, and what fills its braces, to the text in that language."""
    column = list(LANGUAGES).index(language)

    def translate(key: str, **values: object) -> str:
        return _texts()[key][column].format(**values)

    return translate


def money(amount: float) -> str:
    return f"£{amount:,.2f}"


def date(at: datetime, language: str) -> str:
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {at:%b %Y}"


def questions(language: str) -> list[dict[str, str]]:
    """The help page's entries: id, question, answer, language."""
    entries = json.loads((DATA / "faq.json").read_text(encoding="utf-8"))
    return [
        {"id": entry["id"], "question": entry[language][0], "answer": entry[language][1], "language": language}
        for entry in entries
    ]
