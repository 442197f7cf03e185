"""A page that is one table, with a file of it for a spreadsheet."""

from typing import Any

from opsplug.web.admin.formatting import Table
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response


class TablePage(ReadOnly):
    """`table(ask)` gives it; its words name an `intro` that may hold {days}."""

    name: str
    days = 30

    def table(self, ask: Ask) -> Table:
        raise NotImplementedError

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        table = self.table(ask)
        if ask.extension == "csv":
            return ask.csv([[column["name"] for column in table["columns"]], *table["rows"]])
        intro = ask.words["intro"].format(days=self.days)
        return ask.page("table.html", intro=intro, tables=[table], download=f"{ask.here}.csv", **self.more(ask))

    def more(self, ask: Ask) -> dict[str, Any]:
        """What a template that extends the table's gets besides."""
        return {}
