"""Words of the page health."""

from typing import Final

WORDS: Final = {
    "en": {
        "title": "Health",
        "intro": "What opsplug did and could not do, counted over all processes since the store was made.",
        "counter": "Counter",
        "count": "Count",
        "meaning": "What it means",
        "store": "Store",
        "store_size": "{size} on disk",
    },
    "zh": {
        "title": "运行状况",
        "intro": "自建库以来，所有进程累计的运行情况。",
        "counter": "计数",
        "count": "次数",
        "meaning": "含义",
        "store": "数据库",
        "store_size": "占用 {size}",
    },
}

# Counters that a person should look at: what each means, and how grave it is.
GRAVE: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "events_lost": (
        "worse",
        {
            "en": "{n} acknowledged events could be written neither to the store nor to the spool.",
            "zh": "{n} 条已确认的事件既未写入数据库，也未写入暂存文件。",
        },
    ),
    "events_dropped": (
        "watch",
        {"en": "{n} page events were dropped because the queue was full.", "zh": "队列已满，丢弃了 {n} 条浏览事件。"},
    ),
    "events_spooled": (
        "watch",
        {
            "en": "{n} purchases or messages waited in the spool because the store was slow or locked.",
            "zh": "数据库繁忙或被锁，{n} 条订单或消息曾写入暂存文件。",
        },
    ),
    "events_rejected": (
        "watch",
        {
            "en": "{n} events from browsers did not fit the event language and were refused.",
            "zh": "{n} 条来自浏览器的事件不符合规范，已拒收。",
        },
    ),
    "rate_limited": (
        "watch",
        {
            "en": "{n} requests were refused because one address sent too many.",
            "zh": "同一地址请求过多，已拒绝 {n} 次。",
        },
    ),
}
FAILED: Final = {
    "en": "The hook “{hook}” failed {n} times; the shop went on without it. The log says why.",
    "zh": "“{hook}”出错 {n} 次，店铺未受影响。原因见日志。",
}
