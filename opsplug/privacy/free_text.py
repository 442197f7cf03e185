"""Free text from outside: `mask`, and tokens besides. Fast where there is nothing to hide."""

import re

from opsplug.privacy.masking import mask

# Whatever is masked holds one of these.
_SUSPECT = re.compile(r"[@\uff20\u2460-\u2468\u24ea]|\d|&commat;|(?:at|AT|艾特)\s?[\])}]|[零〇幺一二三四五六七八九]{6}")
_SIGN = re.compile(r"[@\uff20]|%(?:25)?40|&#|&commat;|\W(?:at|AT|艾特)\W")
_RUN = re.compile(r"eyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]+)+|[A-Za-z0-9_\-]{24,}")  # the first is a JSON web token
_WORDS = re.compile(r"[A-Za-z]{3,}-[A-Za-z]{2,}")  # red-ceramic-mug-no-3 is a name, not a token


def clean_text(text: str) -> str:
    """The text without addresses, numbers of people, and tokens (24 letters and digits or more in one run)."""
    if _SUSPECT.search(text) is None:
        return text
    return _RUN.sub(_token, mask(text).text)


def has_mail_sign(text: str) -> bool:
    """Whether a text may hold a mail address, however its sign is written."""
    return _SIGN.search(text) is not None


def _token(match: re.Match[str]) -> str:
    run = match.group()
    mixed = any(character.isdigit() for character in run) and any(character.isalpha() for character in run)
    return "[token]" if mixed and _WORDS.search(run) is None else run
