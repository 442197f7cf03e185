"""What opsplug did and could not do, as counters with their meaning."""

from collections.abc import Callable, Mapping

from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import figures
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage
from opsplug.web.admin.words.health import FAILED, GRAVE, WORDS


class HealthPage(TablePage):
    name, group, role, words = "health", "run", "viewer", WORDS

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def table(self, ask: Ask) -> figures.Table:
        statistics, words = self._statistics(), ask.words
        counts = statistics.counts()
        meanings = {trouble["name"]: trouble["text"] for trouble in troubles(counts, ask.language)}
        rows = [[name, f"{count:,}", meanings.get(name, "")] for name, count in counts.items()]
        size = figures.bytes_on_disk(statistics.size_bytes())
        rows.append([words["store"], words["store_size"].format(size=size), ""])
        table = figures.table(words, ("counter", "count", "meaning"), rows, "", numbers_from=99)
        table["columns"][1]["number"] = True
        return table


def troubles(counts: Mapping[str, int], language: str) -> list[dict[str, str]]:
    """The counters that a person should look at, worst first: their name, tone and meaning."""
    found = []
    for name, count in counts.items():
        if name in GRAVE:
            tone, meaning = GRAVE[name]
            found.append({"name": name, "tone": tone, "text": meaning[language].format(n=f"{count:,}")})
        elif name.startswith("errors."):
            text = FAILED[language].format(hook=name.removeprefix("errors."), n=f"{count:,}")
            found.append({"name": name, "tone": "worse", "text": text})
    return sorted(found, key=lambda trouble: trouble["tone"] != "worse")
