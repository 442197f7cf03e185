"""A pseudo-language made of English: accents, brackets around each text, placeholders kept. What a page shows outside of
the brackets did not come from `opsplug/locales`."""

import json
import re
from pathlib import Path
from string import Formatter
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from opsplug import locales

TAG = "qps"  # for private use, so CLDR knows nothing of it
OPEN, CLOSE = "⟦", "⟧"
_ACCENTS = str.maketrans("aceghijklnorsuwyzACEGHIJKLNORSUWYZ", "áçéĝĥíĵķļñóŕšúŵýžÁÇÉĜĤÍĴĶĻÑÓŔŠÚŴÝŽ")
_READ = ("aria-label", "title", "placeholder", "alt", "data-label")  # attributes that a person reads or hears
_WORD = re.compile(r"[^\W\d_]{2,}")
# What is the same in every language: our name, units, months as CLDR has them for a language that it does not know.
_NEUTRAL = frozenset(
    "opsplug ms MB GB UTC CSV JSON NDCG Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec English Deutsch".split()
)


def accented(text: str) -> str:
    """A text of the pseudo-language."""
    made = ""
    for literal, name, form, conversion in Formatter().parse(text):
        made += literal.translate(_ACCENTS).replace("{", "{{").replace("}", "}}")
        if name is not None:
            made += f"{{{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}}}"
    return f"{OPEN}{made}{CLOSE}"


def write_language(folder: Path) -> Path:
    """All files of the pseudo-language; -> the folder for the setting `locales`."""
    (folder / TAG).mkdir(parents=True)
    for file in locales.files():
        texts = _accented(locales.shipped(file, "en"))
        if file == "stats":
            texts["lang"] = TAG
        (folder / TAG / f"{file}.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    return folder


def _accented(value: Any) -> Any:
    return {key: _accented(inner) for key, inner in value.items()} if isinstance(value, dict) else accented(value)


def untranslated(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    """Words outside of all brackets. `known` are words that are data: names of items, categories, ids."""
    depth, outside = 0, ""
    for character in text:
        depth += (character == OPEN) - (character == CLOSE)
        outside += character if depth == 0 and character != CLOSE else " "
    own_names = {locales.language_name(tag) for tag in locales.languages()}
    return [word for word in _WORD.findall(outside) if word not in _NEUTRAL | known | own_names]


def untranslated_in(html: str, known: frozenset[str] = frozenset()) -> list[str]:
    """The same for all that a person reads or hears of a page, code and what somebody typed aside."""
    tree = LexborHTMLParser(html)
    for node in tree.css("code, script, style, textarea"):
        node.decompose()
    found: list[str] = []
    for node in tree.root.traverse(include_text=True) if tree.root else ():
        if node.tag == "-text":
            found += untranslated(node.text_content or "", known)
        else:
            for name in _READ:
                found += untranslated(node.attributes.get(name) or "", known)
    return found
