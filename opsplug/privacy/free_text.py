"""Free text from outside: `mask`, and tokens besides. Fast where there is nothing to hide."""

import re

from opsplug.privacy.masking import UNSEEN, mask

_DIGIT = r"[\d\u2460-\u2468\u24ea零〇幺一二三四五六七八九]"
# Whatever is masked holds one of these: a mail sign, six digits near each other (with %20 between them, too), the
# beginning of an IBAN, or a long run with a digit in it.
_SUSPECT = re.compile(
    rf"[@\uff20]|%(?:25)?40|&#|&commat;|(?:at|AT|艾特)\s?[\])}}]|{_DIGIT}(?:(?:%20|[\W_]){{0,3}}{_DIGIT}){{5}}"
    r"|[A-Za-z\uff21-\uff3a\uff41-\uff5a]{2}\d\d[ \-._/]?[A-Za-z0-9\uff10-\uff5a]|[A-Za-z0-9_\-]{24}"
)
_SIGN = re.compile(r"[@\uff20]|%(?:25)?40|&#|&commat;|\W(?:at|AT|艾特)\W")
_RUN = re.compile(r"eyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]+)+|[A-Za-z0-9_\-]{24,}")  # the first is a JSON web token
_WORDS = re.compile(r"[A-Za-z]{3}-[A-Za-z]{2}")  # red-ceramic-mug-no-3 is a name, not a token


def clean_text(text: str) -> str:
    """The text without addresses, numbers of people, and tokens (24 letters and digits or more in one run)."""
    if not is_suspect(text):
        return text
    return _RUN.sub(_token, mask(text).text)


def is_suspect(text: str) -> bool:
    """Whether a text may hold what is masked: a quick look that spares most texts the long one."""
    return _SUSPECT.search(text) is not None or (not text.isascii() and UNSEEN.search(text) is not None)


def has_mail_sign(text: str) -> bool:
    """Whether a text may hold a mail address, however its sign is written."""
    return _SIGN.search(text) is not None


def _token(match: re.Match[str]) -> str:
    run = match.group()
    mixed = any(character.isdigit() for character in run) and any(character.isalpha() for character in run)
    return "[token]" if mixed and _WORDS.search(run) is None else run
