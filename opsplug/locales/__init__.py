"""Every text that a person reads: `<language>/<file>.json`, one file for each part of opsplug that speaks.

`words(file, language)` gives the texts of a file; `choose(...)` the language; `use(folder)` adds a shop's own folder,
which overrides single texts or adds whole languages. English is complete and stands in for whatever is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from opsplug.locales.checks import merged, problems_of

ENGLISH: Final = "en"
Words = Mapping[str, Any]  # key -> text, or a mapping of texts

_SHIPPED: Final = Path(__file__).resolve().parent
_LARGEST: Final = 1_000_000  # bytes of a file
_LONGEST_TAG: Final = 35  # characters (RFC 5646)
_own: list[Path] = []  # the shop's folder: texts belong to a process, like its locale


def use(folder: str | Path) -> list[str]:
    """Read the texts in `folder` from now on ("" for none); the answer says what is wrong with them, file by file.

    A file in which something is wrong is left out altogether, so English or the shipped text stands in its place.
    """
    path = Path(folder) if folder else None
    _own[:] = [path] if path else []
    _forget()
    if path is None:
        return []
    if not path.is_dir():
        _own.clear()
        return [f"{path}: there is no such folder; the texts that come with opsplug are shown"]
    return problems()


def problems() -> list[str]:
    """One sentence for each file of the shop's folder that is left out."""
    return [sentence for tag in languages() for sentence in _problems(tag)]


@lru_cache(maxsize=8)
def languages(folder: str = "") -> tuple[str, ...]:
    """The tags for which there are texts, English first; with those of `folder` where one is given."""
    folders = [_SHIPPED, *([Path(folder)] if folder else _own)]
    found = {path.name for root in folders if root.is_dir() for path in root.iterdir() if _is_language(path)}
    return (ENGLISH, *sorted(found - {ENGLISH}))


def match(wanted: str) -> str | None:
    """The language that serves a tag such as zh-CN or de_AT, from the narrowest to the widest; None where none does."""
    return _matched(wanted[:_LONGEST_TAG])


@lru_cache(maxsize=1024)
def _matched(wanted: str) -> str | None:
    by_tag = {tag.lower(): tag for tag in languages()}
    tag = wanted.strip().replace("_", "-").lower()
    while tag:
        if tag in by_tag:
            return by_tag[tag]
        tag = tag.rpartition("-")[0]
    return None


def choose(*wanted: str) -> str:
    """The first language that can be had. Each of `wanted` is a tag, or an Accept-Language header; the last resort is
    English."""
    for tags in wanted:
        for tag in _by_preference(tags):
            found = match(tag)
            if found:
                return found
    return ENGLISH


def words(file: str, language: str) -> Words:
    """The texts of one file in a language that `choose` gave; English where the language has no such file."""
    return _words(file, language if language in languages() else match(language) or ENGLISH)


class Texts:
    """The texts of one file by language: `Texts("alerts")["de"]["title"]`. Nothing is read before it is asked for."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __getitem__(self, language: str) -> Words:
        return words(self.file, language)


def plural(text: str | Mapping[str, str], n: float, language: str) -> str:
    """The form of a text that goes with a number: `{"one": "{n} order", "other": "{n} orders"}`, by CLDR's rules."""
    if isinstance(text, str):
        return text
    from opsplug.locales.formats import plural_form

    return text.get(plural_form(n, language)) or text["other"]


def shipped(file: str, language: str) -> Words:
    """The texts as they come with opsplug, without a shop's own."""
    found: Words = msgspec.json.decode((_SHIPPED / language / f"{file}.json").read_bytes())
    return found


def language_name(language: str) -> str:
    """What a language calls itself; its tag where there are no texts of it."""
    known = match(language)
    return str(words("stats", known)["name"]) if known else language


def files() -> list[str]:
    """The names of the files that a complete language has."""
    return sorted(path.stem for path in (_SHIPPED / ENGLISH).glob("*.json"))


@lru_cache(maxsize=1024)
def _words(file: str, language: str) -> Words:
    base = _base(file, language)
    own, problem = _own_file(file, language)
    if own is None or problem:
        return base
    return merged(base, own)


def _base(file: str, language: str) -> Words:
    """What a shop's file adds to: the same language as it is shipped, else the wider language, else English."""
    if (_SHIPPED / language / f"{file}.json").is_file():
        own = shipped(file, language)
        return own if language == ENGLISH else merged(shipped(file, ENGLISH), own)
    if language == ENGLISH:
        raise KeyError(file)
    return _words(file, _wider(language) or ENGLISH)


def _wider(language: str) -> str | None:
    return match(language.rpartition("-")[0]) if "-" in language else None


def _own_file(file: str, language: str) -> tuple[Words | None, str]:
    """(what the shop's folder says, or None; what is wrong with it, or "")."""
    for root in _own:
        path = root / language / f"{file}.json"
        if not path.is_file():
            continue
        try:
            if path.stat().st_size > _LARGEST:
                return None, f"{path}: larger than {_LARGEST} bytes"
            own = msgspec.json.decode(path.read_bytes())
        except (OSError, ValueError) as error:
            return None, f"{path}: cannot be read as JSON ({error})"
        model = _base(file, ENGLISH)
        complete = not (_SHIPPED / language).is_dir() and _wider(language) is None
        wrong = problems_of(own, model, complete=complete)
        return own, f"{path}: {wrong[0]}" if wrong else ""
    return None, ""


def _problems(language: str) -> list[str]:
    found = []
    for root in _own:
        for path in sorted((root / language).glob("*.json")):
            if path.stem not in files():
                found.append(f"{path}: there is no such file of texts; there are {', '.join(files())}")
                continue
            _, wrong = _own_file(path.stem, language)
            if wrong:
                stands_in = "the shipped text" if (_SHIPPED / language).is_dir() else "English"
                found.append(f"{wrong}. The file is left out, {stands_in} is shown")
    return found


def _is_language(path: Path) -> bool:
    return path.is_dir() and path.name.replace("-", "").isalnum() and any(path.glob("*.json"))


def _by_preference(tags: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first; a plain tag is one of them."""
    weighed = []
    for part in tags[:200].split(","):
        tag, _, quality = part.partition(";")
        weighed.append((-_weight(quality), tag.strip()))
    return [tag for weight, tag in sorted(weighed, key=lambda entry: entry[0]) if tag and weight < 0]


def _weight(quality: str) -> float:
    name, _, value = quality.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _forget() -> None:
    _words.cache_clear()
    _matched.cache_clear()
    languages.cache_clear()
