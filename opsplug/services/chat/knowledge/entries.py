"""Knowledge entry: its fields and their validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from opsplug.errors import OpsPlugError
from opsplug.models.text.language import detect_language

MAX_PHRASES = 20  # other ways to ask that an entry keeps


class KnowledgeError(OpsPlugError):
    """A knowledge entry does not fit; the message names its id and field."""


@dataclass(frozen=True)
class Entry:
    """One question and its answer. Dates are ISO days, both included; empty: without limit.

    `also` are other ways in which the question was asked; `url` is the page that the answer is from.
    """

    id: str
    question: str
    answer: str
    language: str = "en"
    valid_from: str = ""
    valid_until: str = ""
    version: int = 1
    url: str = ""
    also: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Entry:
        """The entry that was stored as JSON."""
        return cls(**{**value, "also": tuple(value.get("also", ()))})

    def is_valid(self, day: str) -> bool:
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_until or day <= self.valid_until)


def entry_of(given: Mapping[str, Any]) -> Entry:
    """The entry that a mapping describes; `KnowledgeError` names the id and field that do not fit."""
    name = str(given.get("id") or "").strip()
    if not name or "/" in name or "\n" in name:
        raise KnowledgeError(f"knowledge: {name!r} is no id; give a short name without a slash.")
    for needed in ("question", "answer"):
        if not str(given.get(needed) or "").strip():
            raise KnowledgeError(f"knowledge entry {name!r}: `{needed}` is missing or empty.")
    question, answer = str(given["question"]).strip(), str(given["answer"]).strip()
    language = str(given.get("language") or detect_language(f"{question} {answer}")).lower()[:2]
    return Entry(
        name,
        question,
        answer,
        language,
        _day(given, "valid_from", name),
        _day(given, "valid_until", name),
        url=_url(given, name),
        also=_also(given, question),
    )


def _url(given: Mapping[str, Any], name: str) -> str:
    url = str(given.get("url") or "").strip()
    if url and not (url.startswith(("https://", "http://")) or (url.startswith("/") and not url.startswith("//"))):
        raise KnowledgeError(f"knowledge entry {name!r}: `url` is a path of the shop or starts with https://.")
    return url


def _also(given: Mapping[str, Any], question: str) -> tuple[str, ...]:
    listed = given.get("also") or ()
    phrases = listed.split("|") if isinstance(listed, str) else [str(phrase) for phrase in listed]
    kept = dict.fromkeys(phrase.strip() for phrase in phrases)
    return tuple(phrase for phrase in kept if phrase and phrase != question)[:MAX_PHRASES]


def _day(given: Mapping[str, Any], field: str, name: str) -> str:
    value = given.get(field)
    if not value:
        return ""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value)[:10])).isoformat()[:10]
    except ValueError:
        raise KnowledgeError(
            f"knowledge entry {name!r}: `{field}` is a day such as 2026-12-31, not {value!r}."
        ) from None
