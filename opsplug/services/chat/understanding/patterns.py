"""Intent patterns in English and Chinese. All match lower-case text.

Words that belong together stand within 80 characters: an expression that looks further takes time that grows with the
square of the message.
"""

from __future__ import annotations

import re

from opsplug.services.chat.understanding.person import NO_PERSON, PERSON

SELF_HARM = re.compile(
    r"\b(?:kill(?:ing)? myself|suicid\w*|end (?:my|it all|my own) ?life|(?:want|going) to die|hurt(?:ing)? myself|"
    r"harm(?:ing)? myself|self[- ]?harm|no reason to live|don't want to live|do not want to live|better off dead|"
    r"take my own life)\b|自杀|不想活|想死|去死算了|自残|轻生|活不下去|结束(?:自己的)?生命|割腕"
)
URGENT = re.compile(
    r"\b(?:stolen|stole|theft|hacked|scam(?:med)?|phishing|fraud\w*|unauthori[sz]ed|emergency|urgent(?:ly)?|bleeding|"
    r"robbed|broke into|identity theft|someone else (?:is using|used))\b|被盗|被偷|盗刷|诈骗|被骗|紧急|急救|出血|黑客"
)
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("no_person", NO_PERSON),
    ("person", PERSON),
    ("self_harm", SELF_HARM),
    (
        "legal_or_safety",
        re.compile(
            r"\b(?:lawyer|attorney|lawsuit|sue you|legal action|court|police|fraud|consumer protection|"
            r"injur\w+|allerg\w+|"
            r"poison\w*|caught fire|electric shock|burn(?:ed|t) (?:me|my)|hospital|data protection|gdpr)\b"
            r"|律师|起诉|法院|报警|诈骗|消费者协会|消协|12315|工商|受伤|过敏|中毒|着火|起火|触电|烫伤|住院"
        ),
    ),
    (
        "order_status",
        re.compile(
            r"\b(?:where(?:'s| is| are) my (?:order|parcel|package|stuff|delivery)|(?:track|status of|show me|"
            r"look up|check) "
            r"(?:my |the |this )?(?:order|parcel|package|purchase)|order status|has (?:my|it) (?:order )?shipped)\b"
            r"|\b(?:show|track|check|status)\b.{0,80}\border\b.{0,80}\d|订单.{0,80}(?:到哪|状态|发货|查|进度)|查.{0,80}订单|"
            r"我的(?:订单|包裹|快递).{0,80}(?:哪|呢)|还没有?(?:发货|收到|到货|送到)|\b(?:order|parcel)\b.{0,80}(?:在哪|到哪|发货)"
        ),
    ),
    (
        "recommend",
        re.compile(
            r"\b(?:recommend(?:ations?)?|suggest(?:ions?)?|what should i (?:buy|get)|gift (?:for|idea)|"
            r"present for|what(?:'s| is)"
            r" (?:popular|new|trending)|surprise me|bestsellers?)\b|推荐|送(?:人|妈妈|朋友|孩子|什么)|"
            r"有什么好|热门|爆款|畅销"
        ),
    ),
    (
        "search",
        re.compile(
            r"\b(?:do you (?:have|sell|stock)|(?:i'm |i am )?looking for|show me|find me|i (?:want|need) (?:a|"
            r"an|some)|search for|"
            r"any \w+ (?:under|below|in)|got any)\b|有没有|有.{0,80}吗$|想买|找一|想要|有卖|搜索|看看"
        ),
    ),
    (
        "greeting",
        re.compile(
            r"^(?:hi|hello|hey|good (?:morning|afternoon|evening)|greetings|你好|您好|在吗|嗨|"
            r"哈喽)[\s!.,~！。，呀啊]*$"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"^(?:(?:ok|great|perfect)?[\s,]*(?:thanks?|thank you|thx|cheers)\b.{0,24}|谢谢.{0,6}|多谢.{0,4}|"
            r"感谢)[\s!.！。]*$"
        ),
    ),
    ("goodbye", re.compile(r"^(?:bye|goodbye|see you|cya|再见|拜拜|88)[\s!.！。]*(?:bye)?[\s!.]*$")),
    (
        "who_are_you",
        re.compile(
            r"\b(?:are you (?:a )?(?:bot|robot|human|real|ai)|who are you|what are you)\b|你是(?:机器人|谁|真人|人吗)"
        ),
    ),
)
FOLLOW_UP = re.compile(
    r"^(?:(?:and|or|what about|how about|but|ok(?:ay)?,? (?:and|but)|in|anything)\b|那|那么|还有|有没有|换|或者)"
)
CHEAPER = re.compile(r"\b(?:cheaper|less expensive|lower price)\b|便宜(?:点|一点|些)|更便宜")
MANIPULATION = re.compile(
    r"\b(?:ignore|disregard|forget) (?:all |any |your |the )*(?:previous|prior|above|"
    r"earlier)?\s*(?:instructions?|rules?|prompts?)"
    r"|\bsystem prompt\b|\byou are now\b|\bact as\b|\bdeveloper mode\b|忽略.{0,80}(?:指令|规则|提示)|系统提示"
)
OTHERS = re.compile(
    r"\b(?:(?:all|other|another|every|someone(?: else)?'s|somebody(?: else)?'s|his|her|"
    r"their) (?:customers?'?s?|users?'?s?|"
    r"persons?'?s?|orders?|address(?:es)?|emails?))\b|别人的|其他(?:用户|客户|人)的|所有(?:用户|客户|订单)"
)
FILLER = re.compile(
    r"\b(?:do you (?:have|sell|stock)|(?:i'm |i am )?looking for|show me|find me|i (?:want|need|would like|"
    r"'d like)|search for|"
    r"got any|any|it|them|one|ones|this|these|those|"
    r"please|a|an|some|the|your|for|me|in|with|of|that|cost(?:s|ing)?|is|are|there|have|you|can|i|"
    r"get|buy|hi|hello|"
    r"what about|how about|and|price[ds]?)\b|有没有|想买|找一(?:个|款|些|件)?|想要|有卖|搜索|看看|帮我|请问|"
    r"给我|我们|我|你们|你|您|"
    r"一(?:个|款|些|件)|吗|呢|的|价格|元|块|[?？!！,，.。]"
)
