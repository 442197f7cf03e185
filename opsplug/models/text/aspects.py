"""What a review praises or complains of: delivery, price, quality, service; by each clause, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

ASPECTS: Mapping[str, re.Pattern[str]] = {
    "delivery": re.compile(
        r"\b(?:deliver\w*|ship(?:ped|ping|ment)?|parcel|package|packag(?:ed|ing)|courier|driver|arriv\w+|postage|late|"
        r"delay\w*|waited)\b|配送|送货|送餐|快递|物流|发货|包装|外卖员|骑手|小哥|送达|送到|送得|送的|迟到|等了"
    ),
    "price": re.compile(
        r"\b(?:price[ds]?|pricey|cost(?:s|ly)?|cheap(?:er|ly)?|expensive|value|money|afford\w*|overpriced|bargain|"
        r"discount\w*|worth)\b|价格|价钱|便宜|太贵|有点贵|性价比|划算|实惠|优惠|不值|值得"
    ),
    "quality": re.compile(
        r"\b(?:quality|broke|broken|breaks?|sturdy|durable|flimsy|well[ -]made|material|works?|working|taste[ds]?|"
        r"tasty|fresh|stale|defect\w*|fits?|size|colou?r|fabric|scratch\w*|leak\w*|cracked|design|finish)\b"
        r"|质量|品质|做工|材质|坏了|破损|耐用|味道|口味|好吃|难吃|新鲜|色差|尺码|分量|太少|凉了"
    ),
    "service": re.compile(
        r"\b(?:service|support|staff|helpful|rude|polite|friendly|refund\w*|return(?:s|ed)?|answered|replied|response|"
        r"reply)\b|服务|态度|客服|店员|退款|退货|回复|售后|热情"
    ),
}
_CLAUSE = re.compile(r"[.!?;,。！？；，、\n]+|\b(?:but|however|although|though|yet)\b|但是|不过|可是|然而|就是")
_LONGEST = 2000


def aspects(text: str, polarity: Callable[[str], float]) -> dict[str, float]:
    """Aspect -> mean polarity in [-1, 1] of the clauses that speak of it; only those that are spoken of.

    A clause without a feeling of its own takes the whole text's, weakened: "The delivery? Three weeks!" complains.
    """
    lower = text[:_LONGEST].lower()
    found: dict[str, list[float]] = {}
    whole: float | None = None
    for clause in _CLAUSE.split(lower):
        named = [aspect for aspect, pattern in ASPECTS.items() if pattern.search(clause)]
        if not named:
            continue
        felt = polarity(clause)
        if felt == 0:
            whole = polarity(lower) if whole is None else whole
            felt = whole / 2
        for aspect in named:
            found.setdefault(aspect, []).append(felt)
    return {aspect: sum(felt) / len(felt) for aspect, felt in found.items()}
