"""What templates call: `opsplug.snippet()`, `opsplug.recommendations(...)`, `opsplug.chat()`."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from jinja2 import Environment
from markupsafe import Markup

from opsplug.capture.guard import Guard
from opsplug.capture.visit import Visit, current_visit
from opsplug.locales import choose, words
from opsplug.settings import Settings
from opsplug.web.cards import PLACEMENTS, Cards, title
from opsplug.web.static import Snippet
from opsplug.web.texts import WidgetTexts

_NOTHING = Markup("")
_NONCE = Markup("<nonce>")  # where the nonce of a page goes; no setting can hold it, for it would be escaped
MAX_ROOTS = 64  # places where the shop may be mounted whose tags are kept; set by hand
# Lists that depend on who looks are fetched by the element; those of a page are the same for everybody.
_PERSONAL_PLACEMENTS = ("home", "cart", "order")


class Helpers:
    """Renders on the server, so that a page without JavaScript shows the same. A fault renders nothing."""

    def __init__(
        self,
        settings: Settings,
        templates: Environment,
        snippet: Snippet,
        texts: WidgetTexts,
        cards: Cards,
        guard: Guard,
        recommend: Callable[..., Any],
        server_events: Sequence[str],
    ) -> None:
        self._settings = settings
        self._templates = templates
        self._snippet = snippet
        self._texts = texts
        self._cards = cards
        self._guard = guard
        self._recommend = recommend
        self._server_events = " ".join(sorted(server_events))
        self._tag = lru_cache(MAX_ROOTS)(self._rendered_tag)  # a template costs 40 us a page, and reads its file's time
        self._options = msgspec.json.encode({"banner": settings.banner, "chat": settings.chat}).decode()

    def tag(self, visit: Visit | None, nonce: str = "") -> Markup:
        """The script tag; the same for all visitors but for the page's own nonce."""
        tag = self._tag(visit.root if visit else "")
        return tag.replace(_NONCE, Markup(' nonce="{}"').format(nonce) if nonce else _NOTHING)

    def _rendered_tag(self, root: str) -> Markup:
        """The tag of a shop mounted at `root`, with a mark where a nonce goes."""
        settings = self._settings
        prefix = root + settings.prefix
        consent = settings.consent if isinstance(settings.consent, str) else "required"
        rendered = self._templates.get_template("snippet.html").render(
            src=f"{prefix}/{self._snippet.hashed_name('opsplug.js')}",
            prefix=prefix,
            consent=consent,
            language=settings.language,
            texts=self._texts.offered,
            server_events=self._server_events,
            options=self._options,
            nonce_mark=_NONCE,
        )
        return Markup(rendered.strip())

    def snippet(self, nonce: str = "") -> Markup:
        """`{{ opsplug.snippet() }}`: the tag where the shop wants it; it is then not injected again."""
        if self._settings.enabled:
            with self._guard("snippet"):
                return self.tag(current_visit(), nonce)
        return _NOTHING

    def recommendations(
        self,
        placement: str = "item",
        item_id: Any = None,
        k: int = 8,
        heading: str | None = None,
        personal: bool = False,
        language: str | None = None,
    ) -> Markup:
        """`{{ opsplug.recommendations("item", item_id=product.id) }}`.

        The list is the same for everybody, so that the page may be cached; lists that depend on the visitor arrive by
        fetch. `personal=True` renders the visitor's own list and marks the page `private, no-store`. No item is shown
        twice on one page.
        """
        if self._settings.enabled:
            with self._guard("recommendations"):
                return self._render(
                    placement, None if item_id is None else str(item_id), k, heading, personal, language
                )
        return _NOTHING

    def chat(self, contact_url: str | None = None, language: str | None = None) -> Markup:
        """`{{ opsplug.chat() }}`; without JavaScript the link to `contact_url` stands in its place."""
        if self._settings.enabled:
            with self._guard("chat"):
                chosen = choose(language or "", self._settings.language)
                template = self._templates.get_template("chat.html")
                label = words("chat", chosen)["contact"]
                return Markup(template.render(language=language, contact_url=contact_url, label=label).strip())
        return _NOTHING

    def _render(
        self, placement: str, item_id: str | None, k: int, heading: str | None, personal: bool, language: str | None
    ) -> Markup:
        if placement not in PLACEMENTS:
            placement = "item"
        visit = current_visit()
        chosen = choose(language or "", self._settings.language)
        shown = list(visit.shown) if visit else []
        if personal and visit:
            visit.private = True
        found = self._recommend(
            placement=placement, item_id=item_id, k=k, exclude=shown, language=chosen, impersonal=not personal
        )
        if not found.items:
            return _NOTHING
        if visit:
            visit.shown = shown + [item.item_id for item in found.items]
        root = visit.root if visit else ""
        stylesheet = "" if shown else f"{root}{self._settings.prefix}/{self._snippet.hashed_name('widgets.css')}"
        rendered = self._templates.get_template("recommendations.html").render(
            stylesheet=stylesheet,
            placement=placement,
            item_id=item_id,
            k=k,
            language=chosen,
            exclude=shown,
            shown=found,
            personal=not personal and placement in _PERSONAL_PLACEMENTS,
            heading=heading or title(placement, found.rung, chosen),
            cards=self._cards.dress(found.items, root, chosen),
        )
        return Markup(rendered.strip())
