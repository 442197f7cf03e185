"""What the assistant says, in the language of a conversation."""

from __future__ import annotations

from typing import Final

from opsplug.locales import Texts

TEXTS: Final = Texts("chat")


def say(key: str, language: str, **values: object) -> str:
    """The text of `key`; the keys of what changes of owner say are those of opsplug.services.chat.handover."""
    return str(TEXTS[language][key]).format(**values)
