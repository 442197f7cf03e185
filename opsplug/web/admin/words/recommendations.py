"""Words of the page recommendations."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Recommendations",
        "empty": 'No recommendation was shown yet. Put one on a page: {{ opsplug.recommendations("item", item_id=...) }}',
        "intro": "What was shown, clicked and bought. A purchase counts for a recommendation that was clicked up to 7 days before; refunds take it back.",
        "placement": "Place",
        "model": "Model",
        "impressions": "Shown",
        "clicks": "Clicked",
        "ctr": "Clicks per 100 shown",
        "carts": "Into the cart",
        "purchases": "Bought",
        "revenue": "Revenue",
        "view_through": "Bought after seeing only",
        "not_enough": "not enough data yet ({have} of {need} shown)",
    },
    "zh": {
        "title": "推荐",
        "empty": '还没有展示过推荐。在页面中加入：{{ opsplug.recommendations("item", item_id=...) }}',
        "intro": "展示、点击与成交。点击推荐后 7 天内的购买计入该推荐，退款会扣回。",
        "placement": "位置",
        "model": "模型",
        "impressions": "展示",
        "clicks": "点击",
        "ctr": "每百次展示点击",
        "carts": "加购",
        "purchases": "购买",
        "revenue": "销售额",
        "view_through": "仅看过后购买",
        "not_enough": "数据尚不足（已展示 {have} 次，需 {need} 次）",
    },
}
