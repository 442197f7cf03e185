"""CPU of one list, in the engine and over HTTP: `serving.py [--deep] [ITEMS ...]` (default 5000 10000 50000).

A made-up shop (growth.py) is trained into an artefact, 1,000 visitors' events go into its store, and lists are asked
for by visitor on the home page, beside items and in the cart, as a shop's pages would. In the engine: the thread's CPU
time of each call, one after the other, half of them after a warm-up. Over HTTP: the CPU of one uvicorn process for a
request of the same questions, and of that what the list took: longer than one after the other, because what serves a
request in between leaves less of the model in the processor's caches. What a request costs beyond its list is what
HTTP adds. With `--deep`, a next-item network takes part; its numbers are drawn, which costs what learnt ones cost.
The yardstick is a fixed piece of work, measured in between: where it takes longer, the machine was slower.
"""

from __future__ import annotations

import collections
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT), str(ROOT / "adapters" / "starlette")]

VISITORS = 1000
CALLS = 4000
BLOCK = 250  # asked over HTTP, then in the engine
EVENTS = 500_000  # that the model is fitted on
PLACES = ("home", "home", "item", "cart")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def build(folder: Path, items: int, deep: bool = False) -> None:
    """Store, catalogue and model of a shop in `folder`, and who may ask."""
    import growth
    import numpy as np

    from opsplug import Engine
    from opsplug.capture.ids import new_id
    from opsplug.events import make_event
    from opsplug.features.interactions import PURCHASE
    from opsplug.models.recommend.mix import Mix

    log, catalogue = growth.shop(EVENTS, items=items)
    now = time.time()
    log.times[:] += now - log.times[-1]
    engine = Engine(store=f"sqlite:///{folder}/shop.db", models=str(folder / "models"), testing=True)
    engine.catalog.upsert(
        {"item_id": item, "item_name": name, "item_category": category, "item_brand": brand, "price": price}
        for item, name, category, brand, price in zip(
            catalogue.item_ids, catalogue.names, catalogue.categories, catalogue.brands,
            catalogue.prices.tolist(), strict=True,
        )
    )  # fmt: skip
    mix = Mix.fit(log, catalogue, budget_s=0)
    if deep:
        mix.members["deep"] = network(items)
        mix.weights = mix.weights.with_channel("deep", np.full(len(mix.weights.table), mix.weights.table.max()))
    engine.artefacts.publish("recommendations", mix.export(), about={"trained_until": now}, at=now)
    chosen = np.random.default_rng(3).choice(np.unique(log.users), VISITORS, replace=False)
    rows = np.flatnonzero(np.isin(log.users, chosen))
    events = [
        make_event(
            "purchase" if log.kinds[row] == PURCHASE else ("add_to_cart" if row % 9 == 0 else "view_item"),
            event_id=new_id(), now_ms=round(now * 1000), items=[{"item_id": log.item_ids[log.items[row]]}],
            timestamp_ms=round(log.times[row] * 1000), anonymous_id=f"{log.users[row]:020d}",
            properties={"transaction_id": f"t{row}"} if log.kinds[row] == PURCHASE else {},
        )
        for row in rows.tolist()
    ]  # fmt: skip
    for start in range(0, len(events), 1000):
        engine.store.add_events(events[start : start + 1000])
    engine.close()
    (folder / "visitors").write_text("\n".join(f"{user:020d}" for user in chosen.tolist()))


def network(items: int) -> Any:
    """A next-item network of the size that training makes, with drawn numbers."""
    import numpy as np

    from opsplug.models.recommend.next_item.network import HEADS, KINDS, STEPS, NextItem

    rng = np.random.default_rng(5)
    d, w = 64, 128
    shapes = {
        "vectors": (items, d), "bias": (items,), "nobody_key": (d,), "nobody_value": (d,), "by_kind": (KINDS, HEADS),
        "widen": (d, w), "widen_bias": (w,), "narrow": (w, d), "scale": (d,),
    } | dict.fromkeys(("by_events", "by_moments", "by_minutes"), (STEPS, HEADS))  # fmt: skip
    shapes |= dict.fromkeys(("ask", "key", "value", "out"), (d, d))
    return NextItem(**{name: (0.2 * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()})


def questions(visitors: list[str], items: int, calls: int) -> list[dict[str, Any]]:
    """What is asked, at any time as often on the home page as beside items and in the cart together."""
    found = []
    for n in range(calls):
        place = PLACES[(n + n // len(visitors)) % len(PLACES)]
        page = {"item_id": f"sku{(n * 7919) % items:06d}"} if place == "item" else {}
        found.append({"placement": place, "anonymous_id": visitors[n % len(visitors)], "k": 8, **page})
    return found


def measured(folder: Path, asked: list[dict[str, Any]]) -> tuple[Any, Any, float]:
    """Milliseconds of CPU in the second half: of each call, (blocks, 2) means of a request and its list, the yardstick.

    Both are asked in turn, a block at a time, so that what else runs on the machine weighs on both alike.
    """
    import numpy as np

    from opsplug import Engine

    engine = Engine(store=f"sqlite:///{folder}/shop.db", models=str(folder / "models"), testing=True)
    port = _free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(folder), str(port)], stdout=subprocess.DEVNULL)
    try:
        spent, served, yardstick = [], [], []
        for start in range(0, len(asked), BLOCK):
            block, connection = asked[start : start + BLOCK], _connected(port)
            before = _spent(connection)
            for question in block:
                _get(connection, question)
            over_http = (_spent(connection) - before) / len(block) / 1e6
            here = [_in_engine(engine, question) for question in block]
            if start >= len(asked) // 2:
                spent += here
                served.append(over_http)
                yardstick.append(_yardstick())
        return np.array(spent), np.array(served), float(np.median(yardstick))
    finally:
        server.terminate()
        server.wait()
        engine.close()


def _in_engine(engine: Any, question: dict[str, Any]) -> float:
    began = time.thread_time_ns()
    found = engine.recommend(**question)
    spent = (time.thread_time_ns() - began) / 1e6
    if len(found.items) < question["k"]:
        raise SystemExit(f"a short list: {question} {found.note}")
    return spent


def _yardstick() -> float:
    """Milliseconds of CPU for counting words in Python, and a pass over more memory than a list reads in numpy."""
    import numpy as np

    words, numbers = [f"sku{n % 97}" for n in range(2000)], np.zeros(2_000_000, np.float32)
    began = time.thread_time_ns()
    for _ in range(10):
        collections.Counter(word[3:] for word in words)
        numbers += 1
    return (time.thread_time_ns() - began) / 1e7


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _connected(port: int) -> http.client.HTTPConnection:
    until = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.connect()
            return connection
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _get(connection: http.client.HTTPConnection, question: dict[str, Any]) -> None:
    visitor = question["anonymous_id"]
    path = f"/_opsplug/recommendations?placement={question['placement']}&k=8"
    if "item_id" in question:
        path += f"&item_id={question['item_id']}"
    cookie = f"opsplug_id={visitor}.{visitor}.{int(time.time() // 60):x}.-"
    connection.request("GET", path, headers={"User-Agent": BROWSER, "Cookie": cookie, "Accept-Language": "en"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"item_id"' not in body:
        raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")


def _spent(connection: http.client.HTTPConnection) -> Any:
    """Nanoseconds of CPU so far: of the whole server, and of its lists."""
    import numpy as np

    connection.request("GET", "/spent", headers={"User-Agent": BROWSER})
    return np.array(connection.getresponse().read().split(), np.float64)


def serve(folder: str, port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from opsplug.services.recommend.recommender import Recommender
    from opsplug_starlette import OpsPlugMiddleware

    lists, recommend = [0], Recommender.recommend

    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.thread_time_ns()
        found = recommend(*arguments, **named)
        lists[0] += time.thread_time_ns() - began
        return found

    async def spent(request: Any) -> PlainTextResponse:
        return PlainTextResponse(f"{time.process_time_ns()} {lists[0]}")

    Recommender.recommend = timed  # type: ignore[method-assign]
    app = Starlette(routes=[Route("/spent", spent)])
    app.add_middleware(
        OpsPlugMiddleware, store=f"sqlite:///{folder}/shop.db", models=f"{folder}/models", consent="not_required",
        testing=True,  # no job of the background beside what is measured
    )  # fmt: skip
    uvicorn.run(app, port=port, log_level="error")


def main(sizes: list[int], deep: bool) -> None:
    import numpy as np

    print("| items | load | yardstick | p50 ms | p99 ms | mean ms | in the server: list | request | HTTP adds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for items in sizes:
        with tempfile.TemporaryDirectory() as place:
            # Built in a process of its own: a web process has not trained, and its memory is in better order.
            subprocess.run([sys.executable, __file__, "--build", place, str(items), "deep" * deep], check=True)
            visitors = (Path(place) / "visitors").read_text().split()
            spent, served, yardstick = measured(Path(place), questions(visitors, items, CALLS))
        request, its_list = np.median(served, axis=0)
        print(
            f"| {items:,} | {os.getloadavg()[0]:.0f} | {yardstick:.2f} "
            f"| {np.median(spent):.2f} | {np.quantile(spent, 0.99):.2f} | {spent.mean():.2f} "
            f"| {its_list:.2f} | {request:.2f} | {np.median(served @ [1, -1]):.2f} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["--build"]:
        build(Path(sys.argv[2]), int(sys.argv[3]), bool(sys.argv[4]))
    else:
        sizes = [int(size) for size in sys.argv[1:] if size != "--deep"]
        main(sizes or [5000, 10_000, 50_000], "--deep" in sys.argv)
