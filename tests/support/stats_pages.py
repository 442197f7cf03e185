"""The stats pages as they are wired: what tests go through, so that a new page is tested by being there."""

from __future__ import annotations

from opsplug import Engine
from opsplug.engine.stats_pages import stats_pages
from opsplug.resources import folder
from opsplug.web.admin.page import Page
from opsplug.web.admin.shell import Shell
from opsplug.web.static import Snippet


def wired_pages() -> list[Page]:
    """Every page, in the order of the side bar."""
    engine = Engine(store="sqlite://", testing=True)
    try:
        return stats_pages(engine, Snippet(folder("js_snippet") / "dist"))
    finally:
        engine.close()


def page_names() -> tuple[str, ...]:
    """What stands behind `admin/`; the first page is at `admin/` itself."""
    return ("", *[page.name for page in wired_pages()][1:])


def shell_of(engine: Engine) -> Shell:
    """The frame around the pages of this engine, made by the first request that needs it."""
    (made,) = [cell.cell_contents for cell in engine.web._folders["/admin/"].__closure__]
    return made()
