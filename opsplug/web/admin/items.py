"""What is looked at, put into carts and bought most."""

from collections.abc import Callable

from opsplug.locales import Texts
from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage


class ItemsPage(TablePage):
    name, group, role, words = "items", "see", "viewer", Texts("stats_items")

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> formatting.Table:
        items = self._statistics().top_items(self.days)
        rows = [
            [item.name, *(ask.formats.number(n) for n in (item.views, item.carts, item.purchases))] for item in items
        ]
        names = ("item", "views", "carts", "purchases")
        return formatting.table(ask.words, names, rows, ask.words["empty"], numbers_from=1)
