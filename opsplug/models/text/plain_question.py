"""Whether a text only asks something: "can I return it if it is broken?" names bad things and complains of none."""

from __future__ import annotations

import re

_MOST_WORDS, _MOST_CHARACTERS = 25, 40
_ASKS_EN = re.compile(
    r"^(?:(?:hi|hello|hey|and|so|please|ok)[\s,]+)*(?:(?:how|what|when|where|which|who|why)(?:'s|\s+(?:\w+\s+)?(?:do|does|did|is|"
    r"are|can|could|will|would|should|shall|may|must|if|to|about|long|much|many|happens))\b|"
    r"(?:can|could|do|does|is|are|will|would|may|should|shall|am|did|has|have)\s+(?:i|you|we|there|it|they|he|she|my|your|the|"
    r"this|that|these|anyone|someone)\b)",
    re.IGNORECASE,
)
_ASKS_ZH = re.compile(
    r"(?:吗|呢|吗亲|能不能|行不行)[。.\s]*[?？]?\s*$|^[^，,。；;]{0,8}(?:怎么|怎样|如何|多少|多久|多长|哪|能不能|可不可以|是否|有没有|"
    r"要不要|会不会|谁)[^，,。；;]{0,20}[?？]?$|^[^，,。；;]{0,12}(?:怎么办|怎么弄|怎么改|怎么退|怎么用|怎么算|在哪里?|多久|多少钱?)[?？]?$|"
    r"^[^，,。；;]{2,16}[，,][^，,。；;]{0,16}(?:怎么办|怎么弄|吗|能不能|在哪里?|多久)[^，,。；;]{0,8}[?？]?$"
)
_NO_QUESTION = re.compile(
    r"没什么|没怎么|什么都|怎么都|多少有|哪里都|怎么没|怎么是|怎么样都|不怎么|竟然|居然|还以为|\bbut\b|\bhowever\b"
)
# Words that judge, and turns that only seem to ask.
_JUDGES = re.compile(
    r"\b(?:terribl\w*|awful\w*|worst|horribl\w*|ridiculous\w*|disgust\w*|useless|rubbish|garbage|trash|joke|scam\w*|"
    r"disappoint\w*|unacceptable|angry|furious|hate|waste|pathetic|incompeten\w*|shame\w*|disgrace\w*|annoy\w*|"
    r"sick of|fed up|crap\w*|sucks?|stupid|idiot\w*|lousy|poor(?:ly)?|never again|so (?:bad|slow|rude|long)|"
    r"how (?:dare|can you|could you)|why (?:on earth|the hell)|seriously|what kind of|great|love|excellent|amazing)\b"
    r"|差劲|太差|这么差|那么差|很差|垃圾|骗子|骗人|太慢|太烂|烂|坑人|坑爹|恶心|失望|气死|生气|糟糕|投诉|破东西|无语|离谱|可恶|过分|"
    r"难吃|难看|难用|敷衍|欺负|黑心|奸商|态度|后悔|再也不|(?:怎么|为什么|为何|咋)(?:这么|那么|还|总|老|一直|就|又|都|会这)|什么(?:破|烂|鬼|玩意|态度|服务|东西)|"
    r"凭什么|至于吗|有病|好吃|喜欢|满意|不错|[!！]",
    re.IGNORECASE,
)


def is_plain_question(text: str, language: str) -> bool:
    """A short question in English or Chinese in which nothing judges; what other languages ask is not told apart."""
    plain = text.strip()
    if language == "zh":
        asks = len(plain) <= _MOST_CHARACTERS and bool(_ASKS_ZH.search(plain))
    else:
        asks = len(plain.split()) <= _MOST_WORDS and bool(_ASKS_EN.search(plain))
    return asks and not _JUDGES.search(plain) and not _NO_QUESTION.search(plain)
