"""What opsplug did and could not do, as counters with their meaning and remedy."""

from collections.abc import Callable, Mapping

from opsplug import reasons
from opsplug.locales import Texts
from opsplug.locales.formats import number
from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage

_TONES = {"problem": "worse", "warning": "watch"}


class HealthPage(TablePage):
    name, group, role, words = "health", "run", "viewer", Texts("stats_health")

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> formatting.Table:
        statistics, words = self._statistics(), ask.words
        rows = [_row(name, count, ask) for name, count in reasons.gravest_first(statistics.counts())]
        size = formatting.bytes_on_disk(statistics.size_bytes(), ask.formats)
        rows.append([words["store"], words["store_size"].format(size=size), "", "", ""])
        names = ("counter", "count", "severity", "meaning", "remedy")
        table = formatting.table(words, names, rows, "", numbers_from=99)
        table["columns"][1]["number"] = True
        return table


def _row(name: str, count: int, ask: Ask) -> list[str]:
    row = reasons.find(name)
    severity = ask.words["severities"][row.severity] if row is not None else ""
    meaning, remedy = reasons.meaning(name, ask.language), reasons.remedy(name, ask.language)
    return [name, ask.formats.number(count), severity, meaning, remedy]


def troubles(counts: Mapping[str, int], language: str) -> list[dict[str, str]]:
    """The counters that a person should look at, worst first: their name, tone and meaning."""
    found = []
    for name, row in reasons.worth_a_look(counts):
        text = f"{number(counts[name], language)} × {name}: {reasons.meaning(name, language)}"
        found.append({"name": name, "tone": _TONES[row.severity], "text": text})
    return found
