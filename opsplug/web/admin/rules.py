"""The owner's rules for recommendations: a form, and what a list looks like with them before they are saved."""

from collections.abc import Callable, Mapping
from typing import Any

from opsplug.errors import EventError, SettingsError
from opsplug.features.groups import FIELDS
from opsplug.features.recommendation_id import PLACEMENTS
from opsplug.locales import Texts
from opsplug.services.outcomes.effects import Effects
from opsplug.services.recommend.recommender import Recommender
from opsplug.services.recommend.rules import parse_rules
from opsplug.web.admin import formatting, rules_form
from opsplug.web.admin.formatting import Table
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response

_K = 10


class RulesPage:
    name, group, role, words = "rules", "do", "admin", Texts("stats_rules")

    def __init__(
        self,
        effects: Callable[[], Effects],
        recommender: Callable[[], Recommender],
        records: Callable[[], Mapping[str, Mapping[str, Any]]],
    ) -> None:
        self._effects = effects
        self._recommender = recommender
        self._records = records

    def get(self, ask: Ask) -> Response:
        if ask.rest or ask.extension:
            return ask.missing()
        problem, stored = "", self._effects().rules()
        try:
            rules = parse_rules(stored)
        except SettingsError as error:
            problem, rules = str(error), parse_rules({})
        return self._page(ask, rules_form.shown(rules), problem=problem, saved="saved" in ask.request.query)

    def post(self, ask: Ask) -> Response:
        form = {name: ask.form.get(name, "") for name in rules_form.NAMES}
        try:
            document = rules_form.read(form)
            rules = parse_rules(document)
            if ask.form.get("action") == "save":
                self._effects().save_rules(document, ask.who)
                return ask.redirect("rules?saved=1")
            previews = [self._list(ask), self._list(ask, rules=rules)]
        except (SettingsError, EventError) as error:
            return self._page(ask, form, status=422, problem=str(error))
        return self._page(ask, form, previews=previews)

    def _list(self, ask: Ask, **options: Any) -> list[dict[str, str]]:
        """What a list holds: with the rules of now, or with others."""
        placement = ask.form.get("placement", "home")
        found = self._recommender().recommend(
            placement if placement in PLACEMENTS else "home", ask.form.get("item_id", "").strip() or None, k=_K,
            language=ask.language, **options,
        )  # fmt: skip
        records = self._records()
        names = [str(records.get(one.item_id, {}).get("item_name") or one.item_id) for one in found.items]
        return [
            {"id": one.item_id, "name": name, "why": one.reason} for one, name in zip(found.items, names, strict=True)
        ]

    def _page(
        self, ask: Ask, form: Mapping[str, str], *, status: int = 200, problem: str = "", saved: bool = False,
        previews: list[list[dict[str, str]]] | None = None,
    ) -> Response:  # fmt: skip
        changed, words = self._effects().changed(), ask.words
        last = ""
        if changed:
            at = ask.formats.moment(float(changed["at"]))
            last = words["changed"].format(who=changed["who"], at=at)
        fairness = self._effects().fairness() or {}
        return ask.page(
            "rules.html", status, form=form, problem=problem, saved=saved, last=last, previews=previews,
            placements=PLACEMENTS, placement=ask.form.get("placement", "home"), item_id=ask.form.get("item_id", ""),
            fields=FIELDS, costs=costs(fairness.get("sliders") or {}, ask),
        )  # fmt: skip


def costs(sliders: Mapping[str, Any], ask: Ask) -> Table:
    """For each setting of the slider: what it costs, and what it brings."""
    words, formats, rows = ask.words, ask.formats, []
    for name, settings in sliders.items():
        before = next((row["gap"] for row in settings if row["slider"] == 0), 0.0)
        for row in settings:
            if row["slider"]:
                middle, low, high = (formats.signed(100 * (row[key] - 1), 1) for key in ("ndcg", "low", "high"))
                change = words["ranged"].format(middle=f"{middle} %", low=low, high=high)
                gap = f"{formats.percent(before)} → {formats.percent(row['gap'])}"
                rows.append([words["by"][name], formats.plain(row["slider"]), change, gap])
    names = ("cost_by", "cost_slider", "cost_quality", "cost_gap")
    table = formatting.table(words, names, rows, words["costs_none"], numbers_from=1)
    return {**table, "title": words["costs"]}
