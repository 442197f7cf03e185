"""Whether a file of texts may be shown: the keys and placeholders of the English one, plain text, no markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from string import Formatter
from typing import Any, Final

_MARKUP: Final = re.compile(r"<\s*[a-z/!?]|&(?:[a-z]+|#x?[0-9a-f]+);", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")  # bidi overrides, too
_LONGEST: Final = 2_000  # characters of a text
_PLURALS: Final = frozenset(("zero", "one", "two", "few", "many", "other"))  # CLDR's categories
_SAYS_ITS_NUMBER: Final = frozenset(("zero", "one", "two"))  # "an order" needs no {n}


def problems_of(own: Any, model: Mapping[str, Any], *, complete: bool) -> list[str]:
    """What is wrong with a file, one sentence for each key; `complete`: every key of the English file must be there."""
    if not isinstance(own, dict):
        return ["a JSON object of key and text is expected"]
    return list(_mapping(own, model, "", complete))


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the texts of `own` in their places."""
    found = dict(base)
    for key, value in own.items():
        inside = base.get(key)
        deeper = isinstance(inside, Mapping) and isinstance(value, Mapping) and not is_plural(value)
        found[key] = merged(inside, value) if deeper and isinstance(inside, Mapping) else value
    return found


def is_plural(value: Any) -> bool:
    """Whether a mapping holds the forms of one text by number."""
    return isinstance(value, Mapping) and "other" in value and set(value) <= _PLURALS


def placeholders(text: str) -> frozenset[str]:
    """The names in braces, each with its format; ValueError where the braces do not fit."""
    return frozenset(
        f"{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
        for _, name, form, conversion in Formatter().parse(text)
        if name is not None
    )


def _mapping(own: Mapping[str, Any], model: Mapping[str, Any], above: str, complete: bool) -> Any:
    for key, value in own.items():
        name = f"{above}{key}"
        if key not in model:
            near = get_close_matches(key, list(model), 1)
            yield f"{name}: there is no such key" + (f"; {above}{near[0]} is meant?" if near else "")
        elif isinstance(model[key], Mapping) and not is_plural(model[key]):
            if isinstance(value, Mapping):
                yield from _mapping(value, model[key], f"{name}.", complete)
            else:
                yield f"{name}: an object with the keys {', '.join(model[key])} is expected"
        else:
            yield from _forms(name, value, model[key])
    if complete:
        yield from (f"{above}{key}: this key is missing" for key in model if key not in own)


def _forms(name: str, value: Any, model: Any) -> Any:
    """One text, or its forms by number."""
    wanted = placeholders(model["other"] if is_plural(model) else model)
    if isinstance(value, str):
        yield from _text(name, value, wanted)
    elif is_plural(value) and is_plural(model):
        for form, text in value.items():
            may_lack = frozenset("n") if form in _SAYS_ITS_NUMBER else frozenset()
            yield from _text(f"{name}.{form}", text, wanted, may_lack)
    else:
        yield f"{name}: a text is expected"


def _text(name: str, text: Any, wanted: frozenset[str], may_lack: frozenset[str] = frozenset()) -> Any:
    if not isinstance(text, str):
        yield f"{name}: a text is expected"
        return
    if len(text) > _LONGEST:
        yield f"{name}: longer than {_LONGEST} characters"
    if _MARKUP.search(text):
        yield f"{name}: markup is not allowed, texts are plain"
    if _CONTROL.search(text):
        yield f"{name}: control characters are not allowed"
    try:
        found = placeholders(text)
    except ValueError:
        yield f"{name}: a brace does not fit; write {{{{ for one that is meant"
        return
    if found - wanted or wanted - found - may_lack:
        shown = ", ".join(f"{{{one}}}" for one in sorted(wanted)) or "none"
        has = ", ".join(f"{{{one}}}" for one in sorted(found)) or "none"
        yield f"{name}: the placeholders are {has}, expected: {shown}"
