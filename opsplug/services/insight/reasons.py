"""The reasons of a probability in words. They are for the shop's own people; a shopper never sees them."""

from __future__ import annotations

import math
from typing import Final

# feature -> (name, sentence with the value, sentence where nothing is known), by language
WORDS: Final[dict[str, dict[str, tuple[str, str, str]]]] = {
    "recency_days": {
        "en": ("Days since the last order", "The last order was {n} days ago", "No order yet"),
        "zh": ("距上次下单天数", "上次下单在 {n} 天前", "尚未下单"),
    },
    "orders": {"en": ("Orders", "{n} orders so far", "No order yet"), "zh": ("订单数", "共下过 {n} 单", "尚未下单")},
    "value": {
        "en": ("Money spent", "{n} spent so far", "Nothing spent yet"),
        "zh": ("累计消费", "累计消费 {n}", "尚无消费"),
    },
    "tenure_days": {
        "en": ("Days since the first order", "A buyer for {n} days", "No order yet"),
        "zh": ("距首单天数", "首次下单在 {n} 天前", "尚未下单"),
    },
    "mean_order": {
        "en": ("Usual order", "An order is usually worth {n}", "No order yet"),
        "zh": ("平均客单价", "平均每单 {n}", "尚未下单"),
    },
    "largest_order": {
        "en": ("Largest order", "The largest order was worth {n}", "No order yet"),
        "zh": ("最大一单", "最大一单为 {n}", "尚未下单"),
    },
    "mean_gap_days": {
        "en": ("Days between orders", "Orders every {n} days", "No second order yet"),
        "zh": ("下单间隔", "平均每 {n} 天下一单", "尚无第二单"),
    },
    "gap_spread_days": {
        "en": ("Regularity of orders", "The gap between orders varies by {n} days", "Too few orders to see a rhythm"),
        "zh": ("下单规律", "下单间隔相差约 {n} 天", "订单太少，看不出规律"),
    },
    "overdue": {
        "en": ("Overdue", "{n} times the usual gap has passed", "No rhythm to be overdue by"),
        "zh": ("超期", "已过平常间隔的 {n} 倍", "尚无下单规律"),
    },
    "orders_30d": {
        "en": ("Orders in 30 days", "{n} orders in the last 30 days", "No order in the last 30 days"),
        "zh": ("近 30 天订单", "近 30 天下过 {n} 单", "近 30 天没有下单"),
    },
    "orders_90d": {
        "en": ("Orders in 90 days", "{n} orders in the last 90 days", "No order in the last 90 days"),
        "zh": ("近 90 天订单", "近 90 天下过 {n} 单", "近 90 天没有下单"),
    },
    "value_90d": {
        "en": ("Money in 90 days", "{n} spent in the last 90 days", "Nothing spent in the last 90 days"),
        "zh": ("近 90 天消费", "近 90 天消费 {n}", "近 90 天没有消费"),
    },
    "pace": {
        "en": ("Pace of orders", "Orders of late, newer ones counting more: {n}", "No order yet"),
        "zh": ("下单频度", "近期下单频度（越近权重越大）：{n}", "尚未下单"),
    },
    "items": {
        "en": ("Different items", "{n} different items bought", "Nothing bought yet"),
        "zh": ("购买品种", "买过 {n} 种商品", "尚未购买"),
    },
    "lines_per_order": {
        "en": ("Items an order", "{n} items an order", "No order yet"),
        "zh": ("每单件数", "每单约 {n} 种商品", "尚未下单"),
    },
    "returns": {
        "en": ("Returns", "{n} items returned", "Nothing returned"),
        "zh": ("退货", "退过 {n} 件", "没有退货"),
    },
    "account": {"en": ("Account", "Has an account", "Has no account"), "zh": ("账户", "有账户", "没有账户")},
    "viewed_days": {
        "en": ("Days since the last look", "Looked at an item {n} days ago", "Was not seen looking at items"),
        "zh": ("距上次浏览", "{n} 天前看过商品", "没有浏览记录"),
    },
    "views_7d": {
        "en": ("Views in 7 days", "{n} items looked at in the last 7 days", "Nothing looked at in the last 7 days"),
        "zh": ("近 7 天浏览", "近 7 天看过 {n} 次商品", "近 7 天没有浏览"),
    },
    "views_30d": {
        "en": ("Views in 30 days", "{n} items looked at in the last 30 days", "Nothing looked at in the last 30 days"),
        "zh": ("近 30 天浏览", "近 30 天看过 {n} 次商品", "近 30 天没有浏览"),
    },
    "carts_30d": {
        "en": (
            "Into the cart in 30 days",
            "{n} items put into the cart in the last 30 days",
            "Nothing put into the cart",
        ),
        "zh": ("近 30 天加购", "近 30 天加购 {n} 件", "近 30 天没有加购"),
    },
}


def feature_name(feature: str, language: str) -> str:
    """What a column is called."""
    return WORDS[feature][language][0] if feature in WORDS else feature


def reason_text(feature: str, value: float, language: str) -> str:
    """One fact about the visitor."""
    if feature not in WORDS:
        return feature
    _, known, unknown = WORDS[feature][language]
    if not math.isfinite(value) or (value == 0 and feature not in ("recency_days", "viewed_days", "tenure_days")):
        return unknown
    text = known.format(n=f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}")
    return text.replace("1 orders ", "1 order ", 1) if text.startswith("1 orders") else text
