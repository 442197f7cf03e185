"""Every version of every model: how good it is, and whether it serves."""

from collections.abc import Callable

from opsplug.locales import Texts
from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage


class ModelsPage(TablePage):
    name, group, role, words = "models", "quality", "viewer", Texts("stats_models")

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> formatting.Table:
        words = ask.words
        rows = []
        for version in self._statistics().models():
            about = version.about
            quality = (
                formatting.quality(about.get("metrics"), words, ask.formats)
                if about.get("metrics")
                else about.get("reason") or "–"
            )
            state = words["in_use" if version.in_use else "kept"]
            if version.problem:
                state = f"{words['problem']}: {version.problem}"
            rows.append([version.name, version.version, ask.formats.moment(about.get("at")), quality, state])
        names = ("model", "version", "trained", "quality", "state")
        return formatting.table(words, names, rows, words["empty"], numbers_from=99)
