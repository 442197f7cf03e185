"""What is learnt of shops without markup when each page is browsed once: `python benchmarks/discovery.py`.

The fixture shops of tests/shops, with seeds that no test uses; a field is right when it is the shop's own, wrong when
something else is shown, and missing when nothing is.
"""

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from opsplug.capture.discovery.learner import Learner, Sight
from tests.shops.designs import DESIGNS, Design
from tests.shops.goods import goods

FIELDS = ("item_name", "image_url", "price", "item_category")
SEEDS = range(100, 110)


def browse(design: Design, seed: int) -> tuple[Counter[str], int, float]:
    """(right, wrong and missing fields, products, seconds of CPU for one page)."""
    stock = goods(design.language, seed=seed)
    found: dict[str, dict[str, object]] = {}
    learner = Learner(
        lambda records: found.update({record["item_id"]: dict(record) for record in records}),
        lambda ids: [found.pop(one, None) for one in ids],
        lambda pairs: None,
    )
    pages = [("/", "/", {}, design.list_page("Home", stock, stock[:6]))]
    for slug, name in {good.category_slug: good.category for good in stock}.items():
        shown = [good for good in stock if good.category == name]
        pages.append((f"/category/{slug}", "/category/<name>", {"name": slug}, design.list_page(name, stock, shown)))
    pages += [
        (design.path(good), design.product_rule, design.params(good), design.product_page(good, stock))
        for good in stock
    ]
    began = time.process_time()
    for path, route, params, html in pages:
        learner.see(Sight(path, route, params, "html", html.encode(), "shop.example"))
    spent = (time.process_time() - began) / len(pages)
    counted: Counter[str] = Counter()
    for good in stock:
        record = found.get(str(good.id) if "<int:id>" in design.product_rule else good.slug, {})
        truth = (good.name, design.image_host + good.image, good.price, good.category)
        for field, right in zip(FIELDS, truth, strict=True):
            given = record.get(field)
            counted[f"{field} {'right' if given == right else 'missing' if given is None else 'wrong'}"] += 1
    return counted, len(stock), spent


def main() -> None:
    print("| shop | products | name | image | price | category | wrong shown | ms of CPU a page |")
    print("|---|---|---|---|---|---|---|---|")
    for design in DESIGNS:
        counted: Counter[str] = Counter()
        products, spent = 0, []
        for seed in SEEDS:
            one, n, seconds = browse(design, seed)
            counted, products = counted + one, products + n
            spent.append(seconds)
        shares = " | ".join(f"{100 * counted[f'{field} right'] / products:.1f} %" for field in FIELDS)
        wrong = sum(n for name, n in counted.items() if name.endswith("wrong")) / (products * len(FIELDS))
        middle = sorted(spent)[len(spent) // 2]
        print(f"| {design.name} | {products} | {shares} | {100 * wrong:.2f} % | {1000 * middle:.1f} |")


if __name__ == "__main__":
    main()
