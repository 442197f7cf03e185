"""Words of the page findings."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Findings",
        "intro": "What happened in the seven days up to {until}, beside the four weeks before; the most harmful first. "
        "Of what is claimed here, at most one in twenty should be chance.",
        "nothing": "Nothing stands out in what was seen. Searches without results, steps of the checkout, slow or broken pages, forms, clicks and products are looked at each hour, as soon as visits are enough to tell chance from cause.",
        "not_yet": "Findings appear here within an hour after the first visits; comparisons need some weeks. "
        "See them now with: opsplug train series findings",
        "todo": "What to do",
        "why": "Why",
        "useful": "Useful",
        "not_useful": "Not useful",
        "finding": "Finding",
        "hurt": "Visits touched, about",
    },
    "zh": {
        "title": "发现",
        "intro": "截至 {until} 的七天与此前四周相比，影响最大的排在前面。此处的结论中，碰巧的应不超过二十分之一。",
        "nothing": "目前没有特别需要留意之处。系统每小时检查无结果的搜索、结账步骤、缓慢或出错的页面、表单、点击与商品；访问量足以排除偶然时即会显示。",
        "not_yet": "有访问后一小时内即会出现在此；与过去对比需要数周数据。立即查看：opsplug train series findings",
        "todo": "建议",
        "why": "原因",
        "useful": "有用",
        "not_useful": "没用",
        "finding": "发现",
        "hurt": "约影响访问数",
    },
}
