"""Hostile requests, thousands of them, leave the process as large as it was."""

import gc
import os
import random
from pathlib import Path

import psutil

from tests.contracts.adapter_contract import Visitor
from tests.support.hostile import DEEP, GETS, NAMES, POSTS, faults, make

REQUESTS = 20_000 if os.environ.get("OPSPLUG_SOAK") == "1" else 1_500
GROWTH = 12.0  # MiB between a quarter of the requests and all of them
BODIES = [
    DEEP,
    b"",
    b"\x00\xff",
    b'{"text":"%d", "message_id":"%d"}',
    b'{"events":[{"event":"click","event_id":"abcdefgh%d","route":"/%d","properties":{"selector_path":"%d"}}]}',
    b'{"events":[{"event":"view_item","event_id":"abcdefgh%d","properties":{"items":[{"item_id":"%d"}]}}],"sent_at":%d}',
    b'{"analytics":true,"x%d":false}',
    b"token=%d&a%d=1",
]


def test_memory_stays_flat(tmp_path: Path) -> None:
    shop = make(tmp_path)
    agent = Visitor(shop).agent
    chance = random.Random(5)
    process = psutil.Process()
    before = 0.0
    for n in range(REQUESTS):
        number = str(n).encode()
        method = chance.choice(("GET", "POST", "POST", "PUT", "HEAD"))
        path = chance.choice(("/page/%d", "/product/%d", *(f"/_opsplug/{name}" for name in POSTS + GETS)))
        headers = {
            "user-agent": f"{agent} {n}",
            "cookie": f"opsplug_id={n:020d}.{n:020d}.1a.-; opsplug_chat=c{n}; opsplug_admin={n}.x.y",
            "accept-language": f"a{n % 999}-{n}",
            "referer": f"http://{n}.example/",
        }
        query = f"{chance.choice(NAMES)}={n}&x{n}={n}"
        body = chance.choice(BODIES).replace(b"%d", number)
        answer = shop.request(method, f"{path.replace('%d', str(n))}?{query}", headers=headers, body=body)
        assert answer.status < 500
        if n == REQUESTS // 4:
            before = _resident(process)
    grown = _resident(process) - before
    assert grown < GROWTH, f"{grown:.1f} MiB more after {REQUESTS - REQUESTS // 4} hostile requests"
    assert faults(shop) == {}
    shop.engine.close()


def _resident(process: psutil.Process) -> float:
    gc.collect()
    return float(process.memory_info().rss) / 2**20
