"""Null template helpers, for an unavailable engine: every call renders nothing."""

from typing import Any

from markupsafe import Markup

_EMPTY = Markup("")


class NullHelpers:
    """The same names as `opsplug.web.widgets.Helpers`; a page of the shop renders as if opsplug were not there."""

    def snippet(self, *args: Any, **options: Any) -> Markup:
        return _EMPTY

    recommendations = chat = snippet


NULL_HELPERS = NullHelpers()
