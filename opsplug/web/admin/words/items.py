"""Words of the page items."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Items",
        "intro": "The catalogue's most looked at items of the last {days} days.",
        "empty": "No item was looked at yet.",
        "item": "Item",
        "views": "Views",
        "carts": "Into the cart",
        "purchases": "Bought",
    },
    "zh": {
        "title": "商品",
        "intro": "最近 {days} 天浏览最多的商品。",
        "empty": "还没有商品被浏览。",
        "item": "商品",
        "views": "浏览",
        "carts": "加购",
        "purchases": "购买",
    },
}
