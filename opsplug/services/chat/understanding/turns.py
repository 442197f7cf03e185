"""Patterns of dialogue context: greetings before a question, follow-ups, ordinals such as "the second one"."""

from __future__ import annotations

import re

QUESTION_MARKS = ("?", "？")
HELLO = re.compile(
    r"^(?:hi|hello|hey|dear (?:sir|madam|team|all)|good (?:morning|afternoon|evening)|你好|您好|在吗)[\s,.!，。！、]+",
    re.IGNORECASE,
)
FOLLOWS = re.compile(
    r"^(?:and|or|but|also|what about|how about|what if|then|so|ok(?:ay)?,? (?:and|but|so))\b|"
    r"\b(?:it|that|this|they|them|those|these|one|there|same)\b|"
    r"^(?:how long|how much|how many|when|why|where|how)\b.{0,25}$|"
    r"^(?:那|那么|还有|如果|要是|换成|或者|多久|多少|什么时候|为什么|怎么办)|(?:它|这个|那个|这样|那样)|呢[?？]?$"
)
ORDINALS = (
    (re.compile(r"^\W*(?:1|one|the first|first|first one|the first one|第一个|一)\W*$"), 0),
    (re.compile(r"^\W*(?:2|two|the second|second|second one|the second one|第二个|二)\W*$"), 1),
    (re.compile(r"^\W*(?:3|three|the third|third|last|the last|the third one|the last one|第三个|三|最后一个)\W*$"), 2),
)
