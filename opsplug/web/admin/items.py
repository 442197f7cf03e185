"""What is looked at, put into carts and bought most."""

from collections.abc import Callable

from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import figures
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage
from opsplug.web.admin.words.items import WORDS


class ItemsPage(TablePage):
    name, group, role, words = "items", "see", "viewer", WORDS

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> figures.Table:
        items = self._statistics().top_items(self.days)
        rows = [[item.name, f"{item.views:,}", f"{item.carts:,}", f"{item.purchases:,}"] for item in items]
        names = ("item", "views", "carts", "purchases")
        return figures.table(ask.words, names, rows, ask.words["empty"], numbers_from=1)
