"""Findings in words: evidence, what to do, and whether it was useful."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from opsplug.locales import Texts
from opsplug.services.insight.findings.evidence import Finding
from opsplug.services.insight.insight import Insight
from opsplug.web.admin.formatting import together
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response


class FindingsPage:
    name, group, role, words = "findings", "see", "viewer", Texts("stats_findings")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        insight = self._insight()
        shown = present_findings(insight, ask.language, ask.base)
        if ask.extension == "csv":
            head = [ask.words["finding"], ask.words["todo"], ask.words["impact"]]
            return ask.csv([head, *([one["text"], one["action"], f"{one['impact']:.0f}"] for one in shown)])
        reader = insight.series_reader()
        until = insight.findings_until()
        intro = ""
        if until:
            intro = ask.words["intro"].format(
                until=ask.formats.moment(datetime.fromtimestamp(until, reader.clock.zone))
            )
        return ask.page("findings.html", findings=shown, intro=intro, download=f"{ask.here}.csv")

    def post(self, ask: Ask) -> Response:
        if not ask.person.may("agent"):  # it changes what everybody sees
            return ask.missing()
        key, insight = ask.form.get("key", ""), self._insight()
        for finding in insight.findings():
            if finding.key == key:
                insight.feedback(finding, ask.form.get("useful") == "1")
        return ask.redirect(self.name)


def present_findings(insight: Insight, language: str, base: str) -> list[dict[str, Any]]:
    """Findings as the page, and the first screen, show them; the most harmful first."""
    sentences = insight.sentences(language)
    return [
        {
            "key": finding.key, "tone": finding.tone, "text": together(sentences.text(finding)),
            "action": sentences.action(finding), "interval": together(sentences.uncertainty(finding)),
            "impact": finding.impact, "link": _link(finding, base),
        }
        for finding in insight.findings()
    ]  # fmt: skip


def _link(finding: Finding, base: str) -> str:
    """Where more of it is to be seen."""
    return f"{base}/anomalies?alarm={quote(finding.subject, safe='')}" if finding.kind == "anomaly" else ""
