"""The pages to look at: home, category, search, product, help, and the drawings of the items."""

from __future__ import annotations

from typing import Any

from opsplug.demo.catalogue import Item, sort_items
from opsplug.demo.http import Page, Request
from opsplug.demo.shop import CURRENCY, Shop
from opsplug.demo.texts import questions
from opsplug.demo.tiles import tile
from opsplug.demo.visit import language, not_found, page
from opsplug.privacy import mask

PER_PAGE = 24
SORTS = ("popular", "price_up", "price_down", "name")


def home(shop: Shop, request: Request) -> Page:
    favourites = [item for item in shop.catalogue.items if item.in_stock][:8]
    return page(shop, request, "home.html", favourites=favourites, count=len(shop.catalogue.items))


def category(shop: Shop, request: Request) -> Page:
    found = shop.catalogue.categories.get(request.values["slug"])
    if not found:
        return not_found(shop, request)
    items = shop.catalogue.in_category(found.slug)
    return page(shop, request, "category.html", category=found, **_listing(request, items, slug=found.slug))


def search(shop: Shop, request: Request) -> Page:
    query = request.query.get("q", "").strip()[:80]
    slug = request.query.get("category", "")
    found = shop.catalogue.search(query)
    if query:
        said = {"search_term": mask(query).text, "results_count": len(found)}
        shop.engine.track("view_search_results", properties=said)
    counts = {each: sum(item.category.slug == each for item in found) for each in shop.catalogue.categories}
    items = [item for item in found if slug in ("", item.category.slug)]
    facets = {each: count for each, count in counts.items() if count}
    listing = _listing(request, items, q=query, category=slug)
    return page(shop, request, "search.html", query=query, slug=slug, facets=facets, found=len(found), **listing)


def product(shop: Shop, request: Request) -> Page:
    item = shop.catalogue.get(request.values["item_id"])
    if not item:
        return not_found(shop, request)
    return page(shop, request, "product.html", item=item, json_ld=_json_ld(request, item))


def drawing(shop: Shop, request: Request) -> Page:
    item = shop.catalogue.get(request.values["item_id"])
    if not item:
        return not_found(shop, request)
    return Page("tile.svg", {"tile": tile(item)}, media_type="image/svg+xml")


def help_page(shop: Shop, request: Request) -> Page:
    return page(
        shop, request, "help.html", questions=questions(language(request)), assistant=hasattr(shop.engine, "chat")
    )


def _listing(request: Request, items: list[Item], **kept: str) -> dict[str, Any]:
    """One page of items, and what its sort form and its page links have to say again."""
    sort = request.query.get("sort", "popular")
    sort = sort if sort in SORTS else "popular"
    pages = max(1, -(-len(items) // PER_PAGE))
    wanted = request.query.get("page", "1")
    number = min(pages, max(1, int(wanted))) if wanted.isdecimal() and len(wanted) < 6 else 1
    shown = sort_items(items, sort)[(number - 1) * PER_PAGE : number * PER_PAGE]
    return {
        "items": shown,
        "count": len(items),
        "sorts": SORTS,
        "sort": sort,
        "number": number,
        "pages": pages,
        "kept": {**kept, "sort": "" if sort == "popular" else sort},
    }


def _json_ld(request: Request, item: Item) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": item.item_id,
        "name": item.name,
        "category": item.category.en,
        "image": request.address("drawing", item_id=item.item_id),
        "url": request.address("product", item_id=item.item_id),
        "offers": {
            "@type": "Offer",
            "price": f"{item.price:.2f}",
            "priceCurrency": CURRENCY,
            "availability": f"https://schema.org/{'InStock' if item.in_stock else 'OutOfStock'}",
        },
    }
