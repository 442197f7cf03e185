"""Every reason why something is counted, repaired, refused, dropped or failed: one row each.

The health page, `opsplug doctor`, `opsplug status`, `opsplug why`, docs/reasons.md and the tests are made from this
table; meaning and remedy are in `locales/<language>/reasons.json`. A counter's name is its reason's. A name that ends
in `*` stands for all that begin so: what follows is a detail, such as a property's name.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from opsplug import locales

log = logging.getLogger("opsplug")
is_strict = False  # our tests set it

Note = Callable[[str, str], None]  # (reason, detail): hears of each thing that is changed or left out
Outcome = Literal["counted", "repaired", "dropped", "refused", "failed"]
Severity = Literal["info", "warning", "problem"]
GRAVEST_FIRST: Final = ("problem", "warning", "info")
# What a posted event goes through, in this order; see `engine.event_trace`.
GATES: Final = (
    "size", "origin", "rate", "program", "decode", "name", "id", "repeat", "clock", "fields", "mask", "consent",
    "staff", "queue", "store", "catalogue",
)  # fmt: skip
# Names that an older version has counted under, in a store or in a process that still runs.
RENAMED: Final = {"bots_by_conduct": "bots_by_behaviour"}


class UnknownReasonError(BaseException):
    """A counter without a row: a mistake of ours that no guard may swallow. Never raised in a shop."""


class Reason(NamedTuple):
    """One row. `severity`: info is in order, a warning costs something, a problem should not wait."""

    name: str
    outcome: Outcome
    severity: Severity
    gate: str = ""  # where on a posted event's way it is found out

    @property
    def is_family(self) -> bool:
        return self.name.endswith("*")


REASONS: Final = (
    # requests
    Reason("requests", "counted", "info"),
    Reason("bots", "counted", "info", "program"),
    Reason("bots_by_behaviour", "counted", "info", "program"),
    Reason("prefetches", "counted", "info"),
    Reason("health_checks", "counted", "info"),
    Reason("static_files", "counted", "info"),
    Reason("other_methods", "counted", "info"),
    Reason("visits_without_identity", "repaired", "info", "consent"),
    Reason("staff_requests", "counted", "info", "staff"),
    Reason("requests_rejected", "refused", "warning", "size"),
    Reason("foreign_origins", "refused", "warning", "origin"),
    Reason("rate_limited", "refused", "warning", "rate"),
    Reason("bytes_limited.address", "refused", "warning", "rate"),
    Reason("bytes_limited.all", "refused", "problem", "rate"),
    # events that browsers and the shop report
    Reason("events", "counted", "info"),
    Reason("bot_beacons", "dropped", "info", "program"),
    Reason("events_rejected", "refused", "warning"),
    Reason("events_rejected.body", "refused", "warning", "decode"),
    Reason("events_rejected.events", "refused", "warning", "decode"),
    Reason("events_rejected.event", "refused", "warning", "name"),
    Reason("events_rejected.event_id", "refused", "warning", "id"),
    Reason("events_rejected.timestamp", "refused", "warning", "clock"),
    Reason("events_rejected.items", "refused", "warning", "fields"),
    Reason("events_rejected.items.item_id", "refused", "warning", "fields"),
    Reason("events_rejected.items.price", "refused", "warning", "fields"),
    Reason("events_rejected.items.quantity", "refused", "warning", "fields"),
    Reason("events_rejected.items.discount", "refused", "warning", "fields"),
    Reason("events_rejected.properties", "refused", "warning", "fields"),
    Reason("events_rejected.value", "refused", "warning", "fields"),
    Reason("events_rejected.currency", "refused", "warning", "fields"),
    Reason("events_rejected.transaction_id", "refused", "warning", "fields"),
    Reason("events_rejected.store", "refused", "warning", "store"),
    Reason("events_without_identity", "repaired", "info", "consent"),
    Reason("staff_events", "counted", "info", "staff"),
    Reason("page_views_repeated", "repaired", "info", "repeat"),
    Reason("page_views_cached", "repaired", "info", "repeat"),
    Reason("clocks_corrected", "repaired", "info", "clock"),
    Reason("properties_unknown.*", "dropped", "info", "fields"),
    Reason("properties_unfit.*", "dropped", "info", "fields"),
    Reason("properties_too_many", "dropped", "info", "fields"),
    Reason("texts_cut", "repaired", "info", "fields"),
    Reason("texts_masked", "repaired", "info", "mask"),
    Reason("texts_rationed", "dropped", "warning", "mask"),
    Reason("items_rationed", "dropped", "warning", "fields"),
    Reason("odd_values.*", "dropped", "info", "fields"),
    Reason("deduction_lines", "repaired", "info", "fields"),
    # queue, spool and store
    Reason("events_dropped", "dropped", "warning", "queue"),
    Reason("events_spooled", "repaired", "warning", "queue"),
    Reason("events_recovered", "counted", "info", "store"),
    Reason("events_repeated", "repaired", "info", "store"),
    Reason("events_lost", "dropped", "problem", "queue"),
    Reason("store_rebuilt", "repaired", "problem", "store"),
    # consent, catalogue, lists, models
    Reason("consents_given", "counted", "info"),
    Reason("consents_refused", "counted", "info"),
    Reason("pages_without_tag.*", "dropped", "info"),
    Reason("pages_read", "counted", "info"),
    Reason("discovery_dropped", "dropped", "info"),
    Reason("catalogue_pages_gone", "counted", "info"),
    Reason("catalogue_pages_kept", "repaired", "warning"),
    Reason("catalogue_templates_relearnt", "repaired", "info"),
    Reason("catalogue_unknown", "counted", "info", "catalogue"),
    Reason("history_timeouts", "dropped", "warning"),
    Reason("wrong_answers.*", "refused", "warning"),
    Reason("callables_not_asked.*", "dropped", "warning"),
    Reason("insight_unanswered", "dropped", "info"),
    Reason("artefacts_refused", "refused", "problem"),
    Reason("texts_refused", "refused", "warning"),
    Reason("alerts_undelivered", "dropped", "warning"),
    Reason("language_model.calls.*", "counted", "info"),
    Reason("language_model.tokens.*", "counted", "info"),
    # hooks: what failed is logged, and the shop went on (`capture.guard`)
    Reason("errors.begin", "failed", "warning"),
    Reason("errors.respond", "failed", "warning"),
    Reason("errors.finish", "failed", "warning"),
    Reason("errors.page", "failed", "warning"),
    Reason("errors.settle", "failed", "warning"),
    Reason("errors.start", "failed", "warning"),
    Reason("errors.session", "failed", "warning"),
    Reason("errors.schedule", "failed", "warning"),
    Reason("errors.web", "failed", "warning"),
    Reason("errors.watch", "failed", "warning"),
    Reason("errors.helpers", "failed", "warning"),
    Reason("errors.snippet", "failed", "warning"),
    Reason("errors.recommendations", "failed", "warning"),
    Reason("errors.recommend", "failed", "warning"),
    Reason("errors.rules", "failed", "warning"),
    Reason("errors.catalogue", "failed", "warning"),
    Reason("errors.chat", "failed", "warning"),
    Reason("errors.chat_keeper", "failed", "warning"),
    Reason("errors.embeddings", "failed", "warning"),
    Reason("errors.intents", "failed", "warning"),
    Reason("errors.withdrawal", "failed", "problem"),
    Reason("errors.catalog_source", "failed", "warning"),
    Reason("errors.discovery", "failed", "warning"),
    Reason("errors.writer", "failed", "problem"),
    Reason("errors.store", "failed", "problem"),
    Reason("errors.keys", "failed", "problem"),
    Reason("errors.user_id", "failed", "warning"),
    Reason("errors.is_staff", "failed", "warning"),
    Reason("errors.consent", "failed", "warning"),
    Reason("errors.cart", "failed", "warning"),
    Reason("errors.price", "failed", "warning"),
    Reason("errors.is_available", "failed", "warning"),
    Reason("errors.admin", "failed", "warning"),
    Reason("errors.order_lookup", "failed", "warning"),
    Reason("errors.recent_orders", "failed", "warning"),
    Reason("errors.track", "failed", "warning"),
    Reason("errors.job.*", "failed", "warning"),
    # what training leaves out or corrects (`features.cleaning`): the store keeps events as they came
    Reason("cleaning.burst", "dropped", "info"),
    Reason("cleaning.double event", "dropped", "info"),
    Reason("cleaning.double order", "dropped", "info"),
    Reason("cleaning.no positive price", "dropped", "info"),
    Reason("cleaning.repeated line", "dropped", "info"),
    Reason("cleaning.stale", "dropped", "info"),
    Reason("cleaning.program", "dropped", "info"),
    Reason("cleaning.refund", "counted", "info"),
    Reason("cleaning.clock skew", "repaired", "info"),
    Reason("cleaning.other currency", "repaired", "info"),
    Reason("cleaning.impossible price", "repaired", "info"),
    Reason("cleaning.filled", "repaired", "info"),
    Reason("cleaning.normalised", "repaired", "info"),
    # lines of an imported file (`services.transfer`)
    Reason("import.no positive price", "dropped", "info"),
    Reason("import.the same event_id again", "dropped", "info"),
    Reason("import.bad *", "refused", "warning"),
    Reason("import.no *", "refused", "warning"),
    Reason("import.not CSV", "refused", "warning"),
    Reason("import.not JSON", "refused", "warning"),
    Reason("import.wrong number of cells", "refused", "warning"),
    Reason("import.wrong encoding", "refused", "warning"),
    Reason("import.too long", "refused", "warning"),
)


def find(name: str) -> Reason | None:
    """The row of a counter's name: its own, else the longest family's."""
    return _exact.get(name) or next((row for row in _families if name.startswith(row.name[:-1])), None)


def require(name: str) -> None:
    """Said by whatever counts for reasons: a name without a row raises in our tests, and is logged in a shop."""
    if find(name) is None:
        if is_strict:
            raise UnknownReasonError(f"{name}: opsplug.reasons has no row for it")
        log.warning("opsplug: %s is counted and has no row in the table of reasons", name)


def rejected(why: str) -> str | None:
    """The row of an event that was refused, by the field that an `EventError` names before its colon."""
    name = f"events_rejected.{why.partition(':')[0]}"
    return name if name in _exact else None


def meaning(name: str, language: str) -> str:
    """What it means that this was counted; "" for a name that an older version has left in the store."""
    return marked(name, "meaning", language).replace("`", "")


def remedy(name: str, language: str) -> str:
    """What to do about it; "" where nothing needs to be done."""
    return marked(name, "remedy", language).replace("`", "")


def worth_a_look(counts: Mapping[str, int]) -> list[tuple[str, Reason]]:
    """(counter, its row) of what was counted and is more than information, the gravest first."""
    found = [(name, row) for name, count in gravest_first(counts) if count > 0 and (row := find(name)) is not None]
    return [(name, row) for name, row in found if row.severity != "info"]


def gravest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counters as people read them: what costs something before what is in order, each by name."""
    return sorted(counts.items(), key=lambda entry: (_gravity(entry[0]), entry[0]))


def _gravity(name: str) -> int:
    row = find(name)
    return GRAVEST_FIRST.index(row.severity if row is not None else "info")


def detail(name: str) -> str:
    """What a family's counter says besides: the job of `errors.job.forecasts`; "" for the others."""
    row = find(name)
    return name[len(row.name) - 1 :] if row is not None and row.is_family else ""


def marked(name: str, part: Literal["meaning", "remedy"], language: str) -> str:
    """The same with its marks of code, for pages that show them."""
    row = find(name)
    return "" if row is None else str(locales.words("reasons", language)[row.name].get(part, ""))


_exact: Final = {row.name: row for row in REASONS if not row.is_family}
_families: Final = sorted((row for row in REASONS if row.is_family), key=lambda row: -len(row.name))
