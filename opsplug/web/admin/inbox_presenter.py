"""Conversations as an agent reads them: the same plain values for the page and for what comes live."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opsplug.locales import formats, language_name
from opsplug.services.chat.desk.summary import Summaries
from opsplug.services.chat.handover import PERSON, WAITING, Conversation, Message
from opsplug.services.chat.inbox import Opened
from opsplug.services.chat.texts import say

Words = Mapping[str, Any]
_BAD, _GOOD = -0.3, 0.3  # polarities beyond which a mood has a name


def line(row: Mapping[str, Any], words: Words, now: float) -> dict[str, Any]:
    """One conversation in the list."""
    waiting = row["state"] == WAITING
    since = row["waiting_since"] if waiting else row["last_at"] or row["updated_at"]
    tags = [words["states"][row["state"]].format(agent=row["agent"])]
    if row["callback"]:
        tags = [words["callback"]]
    if row["contact"] and row["state"] != "closed":
        tags.append(words["callback_contact"])
    if row["trigger"] and row["state"] != "closed":
        tags.append(words["triggers"].get(row["trigger"], row["trigger"]))
    if row["routed_to"]:
        tags.append(words["offered"].format(to=row["routed_to"]))
    if row["rating"]:
        tags.append(words["rating_of"].format(n=row["rating"]))
    return {
        "id": row["conversation_id"],
        "title": name_of(row["conversation_id"], words),
        "text": row["last"],
        "tags": tags,
        "age": age(now - since / 1000, words),
        "state": row["state"],
        "speaks": row["state"] == PERSON and row["last_role"] == "visitor",
    }


def name_of(conversation_id: str, words: Words) -> str:
    return str(words["visitor"].format(tag=conversation_id[:4]))


def age(seconds: float, words: Words) -> str:
    minutes = max(int(seconds // 60), 0)
    if minutes < 1:
        return str(words["now"])
    if minutes < 60:
        return str(words["minutes"].format(n=minutes))
    return str(words["hours"].format(n=minutes // 60) if minutes < 1440 else words["days"].format(n=minutes // 1440))


def messages(conversation: Conversation, words: Words, zone: str, language: str) -> list[dict[str, str]]:
    """All that was said, and the notes in their places."""
    notes = [note for note in conversation.notes if note.text or note.data]
    told = sorted([*conversation.messages, *notes], key=lambda message: message.at)
    return [_message(message, conversation.language, words, zone, language) for message in told]


def _message(message: Message, spoken: str, words: Words, zone: str, language: str) -> dict[str, str]:
    text = say(message.text, spoken, **message.data) if message.role == "system" else message.text
    if message.role == "note" and not text:
        helpful = message.data.get("feedback", {}).get("helpful")
        text = words["transcript_note"] if helpful is None else words["feedback_good" if helpful else "feedback_bad"]
    who = words["who"].get(message.role, "")
    if message.role == "agent" or (message.role == "note" and message.by != "visitor"):
        who = f"{who} · {message.by}" if message.role == "note" else message.by
    return {"id": message.id, "role": message.role, "who": who, "text": text, "at": _clock(message.at, zone, language)}


def _clock(at_ms: int, zone: str, language: str) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    today = datetime.fromtimestamp(time.time(), ZoneInfo(zone)).date()
    return formats.clock(moment) if moment.date() == today else formats.moment(moment, language)


def summary(
    opened: Opened, summaries: Summaries, words: Words, zone: str, language: str
) -> list[tuple[str, list[str]]]:
    """(heading, lines) of what an agent should know at first sight; only what is known."""
    told, now = opened.summary, opened.conversation
    money = formats.money(told.cart.value, told.cart.currency, language)
    found: list[tuple[str, list[str]]] = [
        ("why", [f"{words['triggers'].get(name, name)} ({_clock(at, zone, language)})" for at, name in now.triggers]),
        ("wants", [words["intents"][name] for name in told.intents if name in words["intents"]]),
        ("mood", [_mood(told.sentiment[0], words, language)] if told.sentiment else []),
        ("contact", [opened.contact] if opened.contact else []),
        (
            "cart",
            [*summaries.cart_lines(told.cart), *([money] if told.cart.value else [])]
            if told.cart.items
            else [words["cart_empty"]],
        ),
        ("pages", [place for _, place in told.pages]),
        ("answered", list(told.answered)),
        ("language", [language_name(now.language)]),
        ("earlier", [str(told.earlier)] if told.earlier else []),
        ("rating", [words["rating_of"].format(n=now.rating)] if now.rating else []),
        ("looks", [f"{who} ({_clock(at, zone, language)})" for at, who in opened.looks[-5:]]),
    ]
    return [(words[key], lines) for key, lines in found if lines]


def _mood(polarity: float, words: Words, language: str) -> str:
    name = "bad" if polarity <= _BAD else "good" if polarity >= _GOOD else "even"
    return f"{words['moods'][name]} ({formats.signed(polarity, language, 1)})"
