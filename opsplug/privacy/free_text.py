"""Free text from outside: `mask`, and tokens besides. Fast where there is nothing to hide."""

import re

from opsplug.privacy.masking import mask

_SUSPECT = re.compile(r"[@\uff20]|%40|\d|[零〇幺一二三四五六七八九]{6}")  # whatever is masked holds one of these
_RUN = re.compile(r"eyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]+)+|[A-Za-z0-9_\-]{24,}")  # the first is a JSON web token
_WORDS = re.compile(r"[A-Za-z]{3,}-[A-Za-z]{2,}")  # red-ceramic-mug-no-3 is a name, not a token


def clean_text(text: str) -> str:
    """The text without addresses, numbers of people, and tokens (24 letters and digits or more in one run)."""
    if _SUSPECT.search(text) is None:
        return text
    return _RUN.sub(_token, mask(text.replace("%40", "@")).text)


def _token(match: re.Match[str]) -> str:
    run = match.group()
    mixed = any(character.isdigit() for character in run) and any(character.isalpha() for character in run)
    return "[token]" if mixed and _WORDS.search(run) is None else run
