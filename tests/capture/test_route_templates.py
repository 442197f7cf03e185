"""Paths that browsers report and the templates they belong to."""

import pytest

from opsplug.capture.records import canonical_route
from opsplug.capture.route_templates import MAX_TEMPLATES, RouteTemplates

SHOP = (
    "/", "/about", "/item/<int:item_id>", "/item/new", "/<slug>", "/{lang}/item/{item_id}", "/static/<path:filename>",
    "/help/{page:path}", "/item/<int:item_id>/reviews",
)  # fmt: skip


@pytest.fixture
def templates() -> RouteTemplates:
    known = RouteTemplates()
    for template in SHOP:
        known.learn(template, canonical_route(template))
    return known


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/about", "/about"),
        ("/mugs", "/<slug>"),
        ("/item/7", "/item/<item_id>"),
        ("/item/new", "/item/new"),
        ("/item/*", "/item/<item_id>"),
        ("/item/7/reviews", "/item/<item_id>/reviews"),
        ("/de/item/7", "/<lang>/item/<item_id>"),
        ("/static/a/b.js", "/static/<filename>"),
        ("/help/a/b/c", "/help/<page>"),
        ("/item/7/photos/2", "/item/7/photos/2"),
        ("/item/", "/item/"),
    ],
)
def test_a_path_gets_its_template(templates: RouteTemplates, path: str, route: str) -> None:
    assert templates.of(path) == route


def test_a_template_is_its_own(templates: RouteTemplates) -> None:
    for template in SHOP:
        assert templates.of(canonical_route(template)) == canonical_route(template)


def test_memory_is_bounded() -> None:
    known = RouteTemplates()
    for number in range(2 * MAX_TEMPLATES):
        known.learn(f"/page{number}/<x>", f"/page{number}/<x>")
    assert known.of("/page1/a") == "/page1/<x>"
    assert known.of(f"/page{2 * MAX_TEMPLATES - 1}/a") == f"/page{2 * MAX_TEMPLATES - 1}/a"
