"""Remarks: what is said without asking anything, such as "ok great", "perfect, thank you so much!" or "no".

A message is a remark when every word of it is one of those with which people greet, thank, agree, decline and part. So
a question never is one, and a word that is missing here costs an answer to a remark, never one to a question.
"""

from __future__ import annotations

import re

_MAX_WORDS = 14
_GREETING = "hi hello hey heya hiya morning afternoon evening greetings howdy yo"
_THANKS = "thanks thank thx ty cheers appreciated appreciate grateful thankyou tks thanx"
_GOODBYE = "bye goodbye cya ciao farewell later night"
_YES = "yes yeah yep yup correct exactly sure indeed absolutely right"
_NO = "no nope nah neither wrong"
_OTHER = """ok okay okey k great good perfect cool nice fine awesome amazing wonderful excellent brilliant lovely super
    fantastic got it i see understood understand clear makes sense alright all well then hmm hm mm ah oh aha lol haha
    hehe wow you your the for that that's thats is was this me my so very much a lot of really help helped helps helpful
    helping time everything kind again anyway there again guys team sir madam everyone to have day weekend take care see
    soon nevermind never mind nvm no problem worries welcome done works worked answer info information quick reply
    what needed wanted solved now been too and i'm im happy glad just am will be with very most kindly please job work
    day nice one best love it's its very fast amazing brill ta"""
_QUESTION_WORDS = frozenset("how when where why who which can could do does did".split())
_LATIN = {name: frozenset(words.split()) for name, words in (
    ("thanks", _THANKS), ("goodbye", _GOODBYE), ("no", _NO), ("yes", _YES), ("greeting", _GREETING))}  # fmt: skip
_KNOWN = frozenset().union(*_LATIN.values(), _OTHER.split())
_CONTENT = frozenset("help answer info information work works time day care job reply problem what weekend".split())
_CHINESE = {
    "thanks": "谢谢您|谢谢你|谢谢|多谢|感谢|谢了|谢啦|辛苦了|辛苦",
    "goodbye": "再见|拜拜|回见|晚安|下次再聊|先这样",
    "greeting": "你好|您好|在吗|在不在|嗨|哈喽|哈啰|早上好|上午好|下午好|晚上好|早安|大家好",
    "no": "不是的|不是|不对|没有|都不是|不用了|不用|不需要|不要",
    "yes": "是的|对的|没错|就是这个|对|是",
}
_CHINESE_OTHER = (
    "好的|好滴|好嘞|好吧|好|嗯嗯|嗯|哦|噢|喔|知道了|我知道|知道|明白了|明白|了解了|了解|懂了|行|可以了|可以|收到|没事了|没事|算了|哈哈+|呵呵|嘻嘻|"
    "太好了|太棒了|很棒|真棒|不错|厉害|解决了|帮大忙了|帮了我大忙|非常|十分|太|真的|真|啊|呀|啦|呢|哈|的|了|吧|亲|客服|那|就|这样|先|我|你|您|"
    "你们|们|没问题|没别的|别的|问题|没了|这么快|回复|耐心|解答|帮助|帮忙|的话|再|看看|想想|考虑一下|等会儿|一会儿"
)
_CHINESE_WHOLE = re.compile(rf"(?:{'|'.join((*_CHINESE.values(), _CHINESE_OTHER))})+")
_SIGNS = re.compile(r"[^\w'’]+|_")


def remark(lower: str) -> str | None:
    """thanks, goodbye, greeting, no, yes or ok (anything else that only acknowledges); None for what may be a question.

    `lower` is the message in lower case.
    """
    plain = _SIGNS.sub(" ", lower).replace("’", "'").strip()
    if not plain:
        return None
    if plain.isascii():
        return None if lower.rstrip().endswith("?") else _latin(plain.split())
    together = plain.replace(" ", "")
    asks = lower.rstrip().endswith(("？", "?")) and not re.fullmatch(_CHINESE["greeting"], together)
    return None if asks or not _CHINESE_WHOLE.fullmatch(together) else _named(together)


def _latin(words: list[str]) -> str | None:
    if len(words) > _MAX_WORDS or not set(words) <= _KNOWN or _QUESTION_WORDS & set(words):
        return None
    if (
        len(words) <= 3
        and set(words) & {"help", "problem", "information", "info", "time", "what"}
        and not set(words) & (_LATIN["thanks"] | {"no", "great", "helped", "my"})
    ):
        return None
    for name, own in _LATIN.items():
        if name in ("yes", "no") and len(words) > 2 and words[0] not in own:
            continue
        if name == "no" and words[:2] in (["no", "problem"], ["no", "worries"]):
            continue
        if own & set(words):
            return name
    return "ok" if not set(words) <= _CONTENT else None


def _named(together: str) -> str:
    for name, pattern in _CHINESE.items():
        found = re.search(pattern, together)
        if found and (name not in ("yes", "no") or found.start() == 0):
            return name
    return "ok"
