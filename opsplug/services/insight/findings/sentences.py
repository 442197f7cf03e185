"""Findings in words: what happens, how sure that is, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsplug.locales import Texts, formats
from opsplug.services.insight.findings.evidence import Finding
from opsplug.services.measures.messages import alarm_sentence, amount

TEXTS: Final = Texts("findings")
_SHARES: Final = frozenset(("share", "usual", "more", "left_else"))
_TIMES: Final = frozenset(("p95", "p95_usual"))


class Sentences:
    """Findings in one language; `item_name` gives what people call an item."""

    def __init__(self, language: str, zone: ZoneInfo, currency: str, item_name: Callable[[str], str]) -> None:
        self._language = language
        self._words = TEXTS[language]
        self._zone = zone
        self._currency = currency
        self._item_name = item_name

    def text(self, finding: Finding) -> str:
        if finding.kind == "anomaly":
            return alarm_sentence(finding.facts["alarm"], self._language, self._zone, self._currency, self._item_name)
        return str(self._words["kinds"][finding.kind]["text"]).format(**self._values(finding))

    def action(self, finding: Finding) -> str:
        return str(self._words["kinds"][finding.kind]["action"]).format(**self._values(finding))

    def uncertainty(self, finding: Finding) -> str:
        """The interval of the effect, where there is one."""
        if finding.low is None or finding.high is None:
            return ""
        low, high = (formats.percent(bound, self._language, 1) for bound in (finding.low, finding.high))
        return str(self._words["bits"]["interval"].format(low=low, high=high))

    def _values(self, finding: Finding) -> dict[str, str]:
        facts, bits = dict(finding.facts), self._words["bits"]
        facts.setdefault("more", facts.get("share", 0.0) - facts.get("usual", 0.0) if "share" in facts else 0.0)
        if finding.kind == "slower":
            facts["p95_usual"] = facts.pop("usual")
        values = {name: self._value(name, value) for name, value in facts.items()}
        if finding.kind == "slower":
            values["usual"] = values["p95_usual"]
        values["left"] = bits["left"].format(**values) if facts.get("left") else ""
        values["slower"] = bits["slower"].format(**values) if "p95_usual" in values else ""
        values["error"] = bits["error"].format(**values) if values.get("error") else ""
        values["new"] = bits["new"] if facts.get("new") else ""
        values["field"] = bits["field"].format(**values) if values.get("field") else ""
        if "past" in facts:
            values["past"] = bits["past" if facts["past"] else "others" if finding.kind == "form" else "average"]
        if "why" in facts:
            values["why"] = self._why(facts["why"])
        return values

    def _why(self, why: Mapping[str, Any]) -> str:
        """The reason of a strange visit or of an unfair group, from its facts."""
        if "reason" in why:
            numbers = {
                name: formats.number(value, self._language, name == "gap") for name, value in why["facts"].items()
            }
            return str(self._words["why"][why["reason"]].format(**numbers))
        if "what" in why:
            words = self._words["unfair"]
            value = formats.number(why["value"], self._language, 2)
            by = words.get(why["by"], why["by"])
            return str(words[why["what"]].format(by=by, group=why["group"] or "–", value=value))
        return str(why.get(self._language) or why.get("en", ""))  # written by a version before, in two languages

    def _value(self, name: str, value: Any) -> str:
        if name == "item":
            return self._item_name(value)
        if name == "since":
            return formats.moment(datetime.fromtimestamp(value, self._zone), self._language)
        if name in _SHARES:
            return formats.percent(value, self._language)
        if name in _TIMES:
            return amount(value, "ms", self._language)
        counted = isinstance(value, int | float) and not isinstance(value, bool)
        return formats.number(value, self._language) if counted else str(value)
