"""Which language a short text is written in: by its script, and among Latin scripts by each language's small words."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", _HAN),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_SMALL_WORDS = {
    "en": "the a an and or of to in is it my i you for on with this that what how can do does did was are have "
    "has not when where your me we be but if from at by will would could should there they as so just any "
    "please get got hi hello thanks",
    "de": "der die das und oder ist ich nicht ein eine einen mein meine wie wann wo wird mit für auf zu sie wir "
    "kann habe haben bitte danke den dem des von bei noch auch aber sehr hallo gibt mir mich ihr",
    "fr": "le la les et ou est je ne pas un une mon ma mes comment quand où avec pour sur vous nous peux peut "
    "avez ai bonjour merci des du de ce cette que qui dans votre très mais livraison commande il elle",
    "es": "el la los las y o es yo no un una mi mis cómo como cuándo dónde con para por su puedo puede tengo "
    "hola gracias del de que en está pedido muy pero qué se lo",
    "it": "il lo la gli le e o è io non un una mio mia come quando dove con per su posso può ho ciao grazie del "
    "della di che in questo molto ma ordine sono mi si",
    "pt": "o a os as e ou é eu não um uma meu minha como quando onde com para por posso pode tenho olá obrigado "
    "obrigada do da de que em está pedido muito mas se no na",
    "nl": "de het een en of is ik niet mijn hoe wanneer waar met voor op je u wij kan heb hebben bedankt dank "
    "van bij nog ook maar zeer hallo dit dat te wat er",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_ENOUGH = 400  # characters: more of a long text does not change the answer
_HAN_PER_WORD = 2  # Chinese writes a word in about two characters


def detect_language(text: str, default: str = "en") -> str:
    """ISO 639-1 code; `default` where a text says nothing (digits, emoji). In mixed text the larger part decides."""
    head = text[:_ENOUGH]
    if head.isascii():
        return _latin(head.lower(), default)
    counts = {language: len(script.findall(head)) for language, script in _SCRIPTS}
    if counts["ja"]:
        counts["ja"] += counts["zh"]
    language = max(counts, key=lambda code: counts[code])
    words = [word for word in _WORD.findall(head) if word.isascii()]
    if counts[language] >= _HAN_PER_WORD * len(words) and counts[language]:
        return language
    return _latin(head.lower(), default)


def _latin(lower: str, default: str) -> str:
    votes = dict.fromkeys(_SMALL_WORDS, 0.0)
    for word in _WORD.findall(lower):
        languages = _LANGUAGES_OF.get(word)
        if languages:
            for language in languages:
                votes[language] += 1 / len(languages)
    votes[default] = votes.get(default, 0.0) + 0.6  # a single shared word is no evidence
    return max(votes, key=lambda language: votes[language])
