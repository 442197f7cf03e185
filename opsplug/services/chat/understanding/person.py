"""Patterns of requests for a person, and of their negation. All match lower-case text."""

from __future__ import annotations

import re

_WHO = (
    r"(?:human|human being|person|agent|representative|rep|operator|advis[eo]r|employee|some ?one|some ?body|"
    r"any ?one|any ?body|people|staff|staff member|team member|manager|supervisor|boss|colleague|"
    r"real one|customer (?:service|care|support)(?: team| agent| rep| representative)?|support(?: team| agent| staff)?|"
    r"service agent|specialist|expert|man|woman|guy)"
)
_WHICH = (
    r"(?:(?:a|an|the|your|one of your|some|any|another|my|of your)\s+)*"
    r"(?:(?:real|live|actual|human|proper|living)\s+)?"
)
_PERSON_EN = (
    rf"\b(?:talk|speak|chat|chatting|talking|speaking|conversation)\s+(?:to|with)\s+{_WHICH}{_WHO}\b",
    rf"\b(?:connect|transfer|forward|pass|put|hand|redirect|switch|route|refer)\s+(?:me|us|this)?\s*"
    rf"(?:over|through|on|along)?\s*(?:to|with|through to|onto)\s+{_WHICH}{_WHO}\b",
    r"\b(?:real|actual|live|living)\s+(?:person|human|agent|human being|being|people|support|operator|"
    r"representative|rep|advis[eo]r|help|assistant|somebody|someone)\b",
    r"\bhuman\s+(?:being|agent|support|operator|representative|help|assistance|assistant|please|now|contact)\b",
    r"^(?:(?:please|pls|just|i said|ok|okay|hello|hi)\s+)*(?:an?\s+|the\s+|to an?\s+)?(?:agent|human|humans?|operator|"
    r"representative|person|customer service|customer support|advis[eo]r|manager|supervisor|somebody|someone)"
    r"(?:[\s,]+(?:please|pls|now|asap|here|thanks|only))*[\s!.,]*$",
    rf"\b(?:want|need|get me|give me|i'd like|would like|can i (?:have|get|see)|could i (?:have|get|see)|fetch|"
    rf"bring me|"
    rf"find me|send me)\s+(?:to see\s+|to reach\s+)?{_WHICH}(?:human|agent|operator|representative|rep|manager|"
    rf"supervisor|real person|somebody real|someone real|person)\b(?! (?:who|that|to sign|else))",
    r"\b(?:someone|somebody|anyone|anybody) (?:real|human|from (?:the |your )?(?:team|staff|support|company))\b",
    r"\b(?:call|ring|phone) me(?: back)?\b(?! (?:when|if|before|on delivery))",
    r"\b(?:someone|somebody|an? agent|your (?:team|manager)) (?:to |should |can |could |please )?"
    r"(?:call|ring|contact|phone) me\b",
    r"\bis (?:anyone|anybody|someone|somebody|there (?:anyone|anybody|someone|somebody|a person|a human))"
    r" (?:there|real|available|here|i can (?:talk|speak) to|around|at your end|who can help)\b",
    r"\b(?:don't|do not|dont|won't|hate|stop|no more|sick of|tired of|enough of|not|instead of|rather than|"
    r"fed up with)\b"
    r".{0,25}\b(?:bot|robot|machine|chatbot|computer|automated|ai)\b",
    r"\b(?:escalate (?:this|my|it)|human takeover|hand over to|live chat please|take me to (?:support|an? agent))\b",
    rf"\blet me (?:talk|speak)(?: (?:to|with) {_WHICH}{_WHO})?[\s!.]*$",
    r"\b(?:you(?:'re| are)? (?:a )?(?:useless )?bot).{0,20}\b(?:person|human|someone|agent)\b",
)
_PERSON_ZH = (
    r"(?:转|接|找|要|叫|换|来|有没有|想跟|想和|跟|和|与)(?:一下|一个|个|到|接|入|给)?(?:你们)?的?(?:人工|真人|活人)",
    r"人工客服|人工服务|^人工|人工[吧呢啊！!。]*$|真人|活人|转客服|找客服|转接|接客服|叫客服|呼叫客服|客服在吗|客服呢|客服[！!。]*$|客服人员|人工在吗",
    r"(?:不想|不要|别|不跟|不和|拒绝|讨厌)(?:再)?(?:跟|和|用|让|给我)?.{0,3}机器人",
    r"有人(?:吗|在吗|值班吗|能帮|管吗|可以帮)|有没有人(?:在|能|管|啊|吗)?",
    r"(?:找|叫|让|喊|请|换)(?:你们)?(?:的)?(?:一)?(?:个)?(?:经理|主管|老板|负责人|领导|专员|工作人员|人来|人过来|人跟我|人和我|人回|人帮|店主|店长|员工)",
    r"(?:跟|和|与|找)(?:一)?个?(?:真的|真正的)?(?:人|专员|经理|主管|店主|店家|工作人员)(?:聊|谈|说|沟通|讲|对话|直接)",
    r"(?:给我|回)(?:打|个|回)?(?:个)?电话(?:吧|给我|好吗|联系)?[！!。]*$|让人(?:联系|打给|回复)我|换个人|(?:想|要|需要)联系(?:一下)?客服",
)
PERSON = re.compile("|".join((*_PERSON_EN, *_PERSON_ZH)))
NO_PERSON = re.compile(
    r"\b(?:do not|don't|dont|no need|not|needn't|rather not|won't|without|never)\b"
    rf"(?:(?!\bbut\b|\bknow\b|\bpay|\bbot\b|\brobot\b|\bmachine\b)[^,.;!]){{0,30}}\b{_WHO}\b(?![^.]*\b(?:bot|robot|machine)\b)"
    r"(?=[\s!.,]*$|[\s,.!]+(?:yet|now|thanks|please|just|i|for))"
    r"|\bno (?:human|person|agent|representative|operator)s?\b"
    r"|(?:不用|不要|不想|不需要|别|无需|先别|没必要|用不着).{0,4}(?:人工|真人|转接|转客服|客服)"
)
