"""Measures, parts and amounts in words, English and Chinese; and an alarm as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

MEASURES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "orders": "Orders", "revenue": "Revenue", "page_views": "Page views", "sessions": "Visits",
        "visitors": "Visitors", "conversion": "Visits that bought", "abandonment": "Carts given up",
        "zero_searches": "Searches that found nothing", "js_errors": "Script errors", "errors": "Server errors",
        "payment_errors": "Refused payments", "refunds": "Refunds", "latency_p50": "Typical answer time",
        "latency_p95": "Slow answers (95th percentile)", "sentiment": "Mood in the chat",
        "click_through": "Clicks on recommendations", "bots": "Bot page views",
    },
    "zh": {
        "orders": "订单数", "revenue": "销售额", "page_views": "浏览量", "sessions": "访问次数",
        "visitors": "访客数", "conversion": "下单转化率", "abandonment": "弃购率",
        "zero_searches": "无结果搜索", "js_errors": "脚本错误", "errors": "服务器错误",
        "payment_errors": "支付被拒", "refunds": "退款", "latency_p50": "响应时间中位数",
        "latency_p95": "慢响应（第 95 百分位）", "sentiment": "客服对话情绪",
        "click_through": "推荐点击率", "bots": "爬虫浏览量",
    },
}  # fmt: skip
DIMENSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "product": "product", "category": "category", "route": "page", "entry": "first page", "device": "device",
        "language": "language", "referrer": "coming from", "term": "search", "error": "error",
        "placement": "place of the list",
    },
    "zh": {
        "product": "商品", "category": "分类", "route": "页面", "entry": "着陆页", "device": "设备",
        "language": "语言", "referrer": "来源", "term": "搜索词", "error": "错误", "placement": "推荐位",
    },
}  # fmt: skip
NOTES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "deploy": "Deploy at {time}: {text}", "release": "New release at {time}: {text}",
        "version": "opsplug {text} since {time}", "settings": "Settings changed at {time}",
        "price": "Price of {text} changed at {time}: {old} to {new}", "prices": "{text} prices changed at {time}",
        "other": "{kind} at {time}: {text}",
    },
    "zh": {
        "deploy": "{time} 部署：{text}", "release": "{time} 新版本上线：{text}",
        "version": "{time} 起使用 opsplug {text}",
        "settings": "{time} 修改了设置", "price": "{time} “{text}”调价：{old} → {new}",
        "prices": "{time} 有 {text} 个商品调价", "other": "{time} {kind}：{text}",
    },
}  # fmt: skip
_ALARM: Final = {
    "en": {
        "up": "{name} went up to {value} ({when}); {expected} was expected, {lower} to {upper} would have been normal.",
        "down": "{name} fell to {value} ({when}); {expected} was expected, {lower} to {upper} would have been normal.",
        "up_long": "{name} has been high for some time: {value} ({when}), {expected} was expected.",
        "down_long": "{name} has been low for some time: {value} ({when}), {expected} was expected.",
        "mostly": "Most of it: {parts}.",
    },
    "zh": {
        "up": "{name}升至 {value}（{when}），预计为 {expected}，正常范围 {lower} 至 {upper}。",
        "down": "{name}降至 {value}（{when}），预计为 {expected}，正常范围 {lower} 至 {upper}。",
        "up_long": "{name}持续偏高：{value}（{when}），预计为 {expected}。",
        "down_long": "{name}持续偏低：{value}（{when}），预计为 {expected}。",
        "mostly": "主要来自：{parts}。",
    },
}  # fmt: skip

Name = Callable[[str], str]


def series_name(series: str, language: str) -> str:
    """`latency_p95 /checkout` -> `Slow answers (95th percentile) of /checkout`."""
    measure, _, route = series.partition(" ")
    name = MEASURES[language].get(measure, measure)
    if not route:
        return name
    return f"{name} of {route}" if language == "en" else f"{route} 的{name}"


def amount(value: float, unit: str, currency: str = "") -> str:
    """Rounded to what is known."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "ms":
        return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
    if unit == "score":
        return f"{value:+.2f}"
    text = f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:,.1f}"
    return f"{text} {currency}".strip() if unit == "money" else text


def span(alarm: Mapping[str, Any], zone: ZoneInfo, language: str) -> str:
    """When it was, on the shop's clock."""
    begin, end = (datetime.fromtimestamp(alarm[key], zone) for key in ("at", "end"))
    if alarm["every"] == "day":
        return f"{begin:%Y-%m-%d}"
    last = f"{end:%H:%M}" if begin.date() == end.date() or alarm["end"] - alarm["at"] <= 3600 else f"{end:%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M}–{last}" if language == "en" else f"{begin:%Y-%m-%d %H:%M} 至 {last}"


def alarm_sentence(
    alarm: Mapping[str, Any], language: str, zone: ZoneInfo, currency: str = "", item_name: Name = str
) -> str:
    """What happened, with the interval, and what explains most of it."""
    words = _ALARM[language]
    unit = alarm["unit"]
    numbers = {key: amount(alarm[key], unit, currency) for key in ("value", "expected", "lower", "upper")}
    within = "_long" if alarm["lower"] <= alarm["value"] <= alarm["upper"] else ""  # strange together with those before
    text = words[("up" if alarm["up"] else "down") + within].format(
        name=series_name(alarm["series"], language), when=span(alarm, zone, language), **numbers
    )
    parts = cause_texts(alarm, language, item_name)
    gap = " " if language == "en" else ""
    return (
        f"{text}{gap}{words['mostly'].format(parts=('; ' if language == 'en' else '；').join(parts))}"
        if parts
        else text
    )


def cause_texts(alarm: Mapping[str, Any], language: str, item_name: Name = str) -> list[str]:
    """One text for each dimension that explains most of an alarm: `page /checkout (92 %)`."""
    texts = []
    for group in alarm["causes"]:
        values = [
            f"{item_name(cause['value']) if cause['dimension'] == 'product' else cause['value']}"
            f"{' (' if language == 'en' else '（'}{100 * cause['power']:.0f} %{')' if language == 'en' else '）'}"
            for cause in group
        ]
        name = DIMENSIONS[language].get(group[0]["dimension"], group[0]["dimension"])
        texts.append(f"{name} {', '.join(values)}" if language == "en" else f"{name}{'、'.join(values)}")
    return texts


def note_text(note: Mapping[str, Any], language: str, zone: ZoneInfo) -> str:
    """A deploy or another change in words."""
    kind = "prices" if note.get("many") else note["kind"]
    pattern = NOTES[language].get(kind, NOTES[language]["other"])
    time = f"{datetime.fromtimestamp(note['at'], zone):%Y-%m-%d %H:%M}"
    return pattern.format(time=time, **{"old": "", "new": "", **note})
