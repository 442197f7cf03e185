"""Findings in words: what happens, how sure that is, what to do. English and Chinese, each by its own hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsplug.services.insight.findings.evidence import Finding
from opsplug.services.measures.messages import alarm_sentence, amount

# kind -> (sentence, action)
TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {
        "zero_search": ("Search “{term}” found nothing {count} times this week{left}.",
                        "Offer something for “{term}”, or let the search know the word."),
        "checkout_loss": ("Checkout step {step} loses {more} more visits since {since} ({share} instead of {usual}){slower}.",
                          "Go through that step yourself, on a phone too, and look at what was changed then."),
        "never_bought": ("{item} was looked at {views} times and never bought; {expected} sales were to be expected.",
                         "Check its price, pictures and whether it can be put into the cart."),
        "out_of_stock": ("{item} is sold out and was looked at {views} times this week.",
                         "Order more, or show something similar on its page."),
        "slower": ("{route} has become slow: one answer in twenty now takes {p95} or more, {usual} before.",
                   "Look at what was changed on that page, and at its database queries."),
        "slow": ("{route} is slow: one answer in twenty takes {p95} or more.",
                 "Look at that page's database queries and at what it waits for."),
        "js_error": ("Scripts fail on {route} for {share} of visits ({visits} this week){error}{new}.",
                     "Open the page with the browser's console and repair the script."),
        "server_error": ("{route} answered {count} requests with a server error this week.",
                         "The shop's log has the error at those times."),
        "rage": ("{visits} visits clicked {element} on {route} again and again ({share} of those who saw the page).",
                 "Make it answer at once, or show that it works."),
        "dead": ("{visits} visits clicked {element} on {route} and nothing happened ({share} of those who saw the page).",
                 "Make it do what it looks like, or make it look different."),
        "quick_back": ("{count} visits left {path} within seconds ({share} of those who came; {usual} elsewhere).",
                       "Compare what the links to it promise with what it shows."),
        "exit": ("{share} of the visits that see {route} end there; {usual} {past}.",
                 "Give a way on: similar things, the category, the search."),
        "form": ("The form {form} is given up by {share} of those who begin it ({usual} {past}){field}.",
                 "Fill it in yourself; ask for less, and say at once what does not fit."),
        "refused": ("{route} refused {share} of what visitors sent ({count} times; {usual} before).",
                    "Look at which field is refused and whether the form says so."),
        "anomaly": ("{sentence}", "Open it to see what explains it."),
        "scraper": ("{count} visits looked like a scraper: {why}.", "Slow such clients down at the proxy."),
        "card_testing": ("{count} visits looked like card testing: {why}.",
                         "Limit tries at the payment, and tell the payment provider."),
        "odd_order": ("{count} orders are unlike all others: {why}.", "Look at them before they are sent."),
        "unfair": ("{why}.", "Open Fairness: it tells what evening out would cost before you switch it on under Rules."),
    },
    "zh": {
        "zero_search": ("本周搜索“{term}”有 {count} 次没有结果{left}。", "上架相关商品，或为“{term}”添加同义词。"),
        "checkout_loss": ("自 {since} 起，结账步骤 {step} 多流失 {more} 的访问（现为 {share}，平时 {usual}）{slower}。",
                          "请用电脑和手机各走一遍该步骤，并检查当时的改动。"),
        "never_bought": ("“{item}”被浏览 {views} 次却无人购买，按全店水平本应售出约 {expected} 件。",
                         "检查价格、图片，以及能否正常加入购物车。"),
        "out_of_stock": ("“{item}”已售罄，本周仍有 {views} 次浏览。", "补货，或在商品页展示相似商品。"),
        "slower": ("{route} 变慢了：每二十次响应中有一次达到 {p95} 或更久，此前为 {usual}。",
                   "检查该页面最近的改动和数据库查询。"),
        "slow": ("{route} 较慢：每二十次响应中有一次达到 {p95} 或更久。", "检查该页面的数据库查询及其等待的服务。"),
        "js_error": ("{route} 上 {share} 的访问出现脚本错误（本周 {visits} 次）{error}{new}。",
                     "打开浏览器控制台查看该页面并修复脚本。"),
        "server_error": ("本周 {route} 有 {count} 次返回服务器错误。", "请查看店铺日志中相应时间的错误。"),
        "rage": ("{visits} 次访问在 {route} 上反复点击 {element}（占看到该页访问的 {share}）。",
                 "让它立即响应，或明确显示正在处理。"),
        "dead": ("{visits} 次访问在 {route} 上点击 {element} 却毫无反应（占看到该页访问的 {share}）。",
                 "让它具备看上去该有的功能，或改变样式。"),
        "quick_back": ("{count} 次访问在数秒内就离开了 {path}（占到访的 {share}，其他页面为 {usual}）。",
                       "核对通往该页的链接与页面内容是否相符。"),
        "exit": ("看到 {route} 的访问中有 {share} 在此离开，{past}为 {usual}。", "给访客下一步：相似商品、分类或搜索。"),
        "form": ("表单 {form} 有 {share} 的人填到一半就放弃（{past}为 {usual}）{field}。",
                 "请亲自填写一遍；减少必填项，并及时提示错误。"),
        "refused": ("{route} 拒收了 {share} 的提交（{count} 次，此前为 {usual}）。", "查看被拒的是哪个字段，页面是否有提示。"),
        "anomaly": ("{sentence}", "点开查看原因。"),
        "scraper": ("有 {count} 次访问像是爬取：{why}。", "可在代理层限制其速度。"),
        "card_testing": ("有 {count} 次访问像是盗刷试卡：{why}。", "限制支付尝试次数，并通知支付服务商。"),
        "odd_order": ("有 {count} 笔订单与众不同：{why}。", "发货前请先核对。"),
        "unfair": ("{why}。", "打开“公平性”页，先看均衡的代价，再决定是否在“规则”中启用。"),
    },
}  # fmt: skip
_BITS: Final = {
    "en": {
        "left": "; {left} of those {visits} visitors left", "slower": "; p95 of {route} rose from {p95_usual} to {p95}",
        "error": "; most often {error}", "new": ", which is new", "field": "; most stop at “{field}”",
        "past": "before", "average": "on the average page", "others": "of other forms",
        "interval": "95 % interval {low} to {high}",
    },
    "zh": {
        "left": "，其中 {visits} 位访客有 {left} 位随即离开", "slower": "；{route} 的 p95 从 {p95_usual} 升至 {p95}",
        "error": "，最常见的是 {error}", "new": "，此前没有", "field": "，多停在“{field}”",
        "past": "此前", "average": "其他页面平均", "others": "其他表单", "interval": "95 % 区间 {low} 至 {high}",
    },
}  # fmt: skip
_SHARES: Final = frozenset(("share", "usual", "more", "left_else"))
_TIMES: Final = frozenset(("p95", "p95_usual"))


class Sentences:
    """Findings in one language; `item_name` gives what people call an item."""

    def __init__(self, language: str, zone: ZoneInfo, currency: str, item_name: Callable[[str], str]) -> None:
        self._language = language
        self._zone = zone
        self._currency = currency
        self._item_name = item_name

    def text(self, finding: Finding) -> str:
        if finding.kind == "anomaly":
            return alarm_sentence(finding.facts["alarm"], self._language, self._zone, self._currency, self._item_name)
        return TEXTS[self._language][finding.kind][0].format(**self._values(finding))

    def action(self, finding: Finding) -> str:
        return TEXTS[self._language][finding.kind][1].format(**self._values(finding))

    def uncertainty(self, finding: Finding) -> str:
        """The interval of the effect, where there is one."""
        if finding.low is None or finding.high is None:
            return ""
        low, high = (f"{100 * bound:.1f} %" for bound in (finding.low, finding.high))
        return _BITS[self._language]["interval"].format(low=low, high=high)

    def _values(self, finding: Finding) -> dict[str, str]:
        facts, bits = dict(finding.facts), _BITS[self._language]
        facts.setdefault("more", facts.get("share", 0.0) - facts.get("usual", 0.0) if "share" in facts else 0.0)
        if finding.kind == "slower":
            facts["p95_usual"] = facts.pop("usual")
        values = {name: self._value(name, value) for name, value in facts.items()}
        if finding.kind == "slower":
            values["usual"] = values["p95_usual"]
        values["left"] = bits["left"].format(**values) if facts.get("left") else ""
        values["slower"] = bits["slower"].format(**values) if "p95_usual" in values else ""
        values["error"] = bits["error"].format(**values) if values.get("error") else ""
        values["new"] = bits["new"] if facts.get("new") else ""
        values["field"] = bits["field"].format(**values) if values.get("field") else ""
        if "past" in facts:
            values["past"] = bits["past" if facts["past"] else "others" if finding.kind == "form" else "average"]
        if "why" in facts:
            values["why"] = facts["why"][self._language]
        return values

    def _value(self, name: str, value: Any) -> str:
        if name == "item":
            return self._item_name(value)
        if name == "since":
            return f"{datetime.fromtimestamp(value, self._zone):%Y-%m-%d %H:%M}"
        if name in _SHARES:
            return f"{100 * value:.0f} %"
        if name in _TIMES:
            return amount(value, "ms")
        return f"{value:,.0f}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
