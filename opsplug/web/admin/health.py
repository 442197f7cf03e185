"""What opsplug did and could not do, as counters with their meaning."""

from collections.abc import Callable, Mapping

from opsplug.locales import Texts
from opsplug.services.outcomes.statistics import Statistics
from opsplug.web.admin import figures
from opsplug.web.admin.page import Ask
from opsplug.web.admin.tables import TablePage

# Counters that a person should look at, and how grave each is.
GRAVE: Mapping[str, str] = {
    "events_lost": "worse",
    "events_dropped": "watch",
    "events_spooled": "watch",
    "events_rejected": "watch",
    "rate_limited": "watch",
}


class HealthPage(TablePage):
    name, group, role, words = "health", "run", "viewer", Texts("stats_health")

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
    words, found = HealthPage.words[language], []
    for name, count in counts.items():
        n = f"{count:,}"
        if name in GRAVE:
            found.append({"name": name, "tone": GRAVE[name], "text": words["grave"][name].format(n=n)})
        elif name.startswith("errors."):
            text = words["failed"].format(hook=name.removeprefix("errors."), n=n)
            found.append({"name": name, "tone": "worse", "text": text})
    return sorted(found, key=lambda trouble: trouble["tone"] != "worse")
