"""Words of the page market."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Market",
        "intro": "The last four weeks against the four before, beside the shop as a whole: × 2 is twice the share. Shown is what was counted at least 20 times and is hardly chance (at most 1 in 20 of all that is listed).",
        "empty": "Nothing to compare yet. What rises and falls appears here once a day, when the shop has orders, views or searches of eight weeks.",
        "quiet_market": "Nothing rose or fell more than chance would have it in the last four weeks.",
        "lists": {
            "items_bought": "Items bought: {way}",
            "categories_bought": "Categories bought: {way}",
            "searches": "Searched for: {way}",
            "items_viewed": "Items looked at: {way}",
            "categories_viewed": "Categories looked at: {way}",
        },
        "up": "rising",
        "down": "falling",
        "new": "new",
        "list": "List",
        "name": "Name",
        "before": "4 weeks before",
        "now": "Last 4 weeks",
        "change": "Beside the shop",
        "between": "8 of 10 chances between",
    },
    "zh": {
        "title": "市场趋势",
        "intro": "最近四周与之前四周相比，并以全店为基准：× 2 表示占比翻倍。仅列出至少计数 20 次、且基本不可能出于偶然的变化（误报不超过二十分之一）。",
        "empty": "暂无可比较的数据。店铺有八周的订单、浏览或搜索后，升降趋势每天在此更新。",
        "quiet_market": "最近四周没有超出偶然范围的升降。",
        "lists": {
            "items_bought": "购买的商品：{way}",
            "categories_bought": "购买的类别：{way}",
            "searches": "搜索词：{way}",
            "items_viewed": "浏览的商品：{way}",
            "categories_viewed": "浏览的类别：{way}",
        },
        "up": "上升",
        "down": "下降",
        "new": "新增",
        "list": "列表",
        "name": "名称",
        "before": "之前四周",
        "now": "最近四周",
        "change": "相对全店",
        "between": "八成可能在此之间",
    },
}
