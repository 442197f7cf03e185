"""Rules, with what each would have done; quiet hours, days unlike others, where alerts go, what was sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from opsplug.errors import SettingsError
from opsplug.features.measures import BY_NAME
from opsplug.locales import Texts
from opsplug.locales.formats import moment
from opsplug.services.alerts.alerts import Alerts
from opsplug.services.alerts.messages import alert_text
from opsplug.services.alerts.notify import NotifyError
from opsplug.services.alerts.rules import CONDITIONS, SEVERITIES, Rule
from opsplug.services.insight.insight import Insight
from opsplug.services.measures.messages import TEXTS, amount, series_name
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response

_PREVIEWED: Final = 10  # moments of a preview that are listed
_HISTORY: Final = 50


class AlertsPage:
    name, group, role, words = "alerts", "do", "admin", Texts("stats_alerts")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        if ask.extension == "csv":
            shown = self._history(ask)
            return ask.csv([[ask.words[name] for name in ("when", "alert", "state")], *shown])
        return self._page(ask, said=ask.words["saved"] if ask.request.query.get("saved") else "")

    def post(self, ask: Ask) -> Response:
        action = getattr(self, f"_do_{ask.form.get('action', '')}", None)
        if action is None:
            return ask.missing()
        try:
            answer: Response | None = action(ask, self._insight().alerts)
        except (SettingsError, NotifyError) as error:
            return self._page(ask, 422, problem=str(error))
        return answer if answer is not None else ask.redirect(f"{self.name}?saved=1")

    # ------------------------------------------------------------------ what the forms do

    def _do_save(self, ask: Ask, alerts: Alerts) -> None:
        alerts.put(**self._rule_fields(ask.form))

    def _do_preview(self, ask: Ask, alerts: Alerts) -> Response:
        fields = self._rule_fields(ask.form)
        rule = Rule(id="preview", **fields)
        if rule.measure not in BY_NAME or rule.condition not in CONDITIONS:
            raise SettingsError("alert rule: there is no such measure or condition")
        zone = self._insight().series_reader().clock.zone
        fired = alerts.preview(rule)
        unit, language = BY_NAME[rule.measure].unit, ask.language
        lines = [
            f"{moment(datetime.fromtimestamp(one.at, zone), language)}: {amount(one.value, unit, language)}"
            for one in fired[::-1][:_PREVIEWED]
        ]
        preview = {"text": ask.words["would"].format(n=self._times(len(fired), ask.words)), "lines": lines}
        return self._page(ask, preview=preview, form={**ask.form})

    def _do_snooze(self, ask: Ask, alerts: Alerts) -> None:
        alerts.snooze(ask.form.get("id", ""), _number(ask.form.get("hours", ""), "hours"))

    def _do_remove(self, ask: Ask, alerts: Alerts) -> None:
        alerts.remove(ask.form.get("id", ""))

    def _do_times(self, ask: Ask, alerts: Alerts) -> None:
        alerts.put_times(**{name: ask.form.get(name, "") for name in ("quiet_from", "quiet_to", "digest_at")})

    def _do_add_day(self, ask: Ask, alerts: Alerts) -> None:
        alerts.put_day(ask.form.get("date", ""), ask.form.get("kind", ""), ask.form.get("name", ""))

    def _do_remove_day(self, ask: Ask, alerts: Alerts) -> None:
        alerts.remove_day(ask.form.get("date", ""))

    def _do_test(self, ask: Ask, alerts: Alerts) -> Response:
        alerts.test(ask.words["test_title"], ask.words["test_body"])
        return self._page(ask, said=ask.words["test_sent"])

    @staticmethod
    def _rule_fields(form: Mapping[str, str]) -> dict[str, Any]:
        condition = form.get("condition", "")
        return {
            "measure": form.get("measure", ""),
            "every": form.get("every", ""),
            "condition": condition,
            "threshold": 0.0 if condition == "anomaly" else _number(form.get("threshold", ""), "threshold"),
            "severity": form.get("severity", ""),
            "digest": form.get("digest") == "1",
        }

    # ------------------------------------------------------------------ what is shown

    def _page(self, ask: Ask, status: int = 200, **values: Any) -> Response:
        insight = self._insight()
        alerts, zone = insight.alerts, insight.series_reader().clock
        shown: dict[str, Any] = {"said": "", "problem": "", "preview": None, "form": {}, **values}
        return ask.page(
            "alerts.html",
            status,
            rules=[self._rule(ask, insight, rule) for rule in alerts.rules()],
            measures=[(name, TEXTS[ask.language]["names"][name]) for name in BY_NAME],
            severities=SEVERITIES,
            conditions=CONDITIONS,
            times=alerts.times(),
            zone=zone.timezone,
            days=alerts.calendar(),
            channels=alerts.channels(),
            failing=[one for one in alerts.messages() if one["error"] and one["state"] != "sent"],
            history=self._history(ask),
            download=f"{ask.here}.csv",
            **shown,
        )

    def _rule(self, ask: Ask, insight: Insight, rule: Rule) -> dict[str, Any]:
        words, reader = ask.words, insight.series_reader()
        text = words[f"{rule.condition}_rule"].format(
            name=series_name(rule.measure, ask.language),
            every=words[rule.every],
            threshold=amount(rule.threshold, BY_NAME[rule.measure].unit, ask.language, reader.currency()),
        )
        state = words["active"]
        if rule.snoozed_until > insight.now:
            until = datetime.fromtimestamp(rule.snoozed_until, reader.clock.zone)
            state = words["snoozed_until"].format(time=moment(until, ask.language))
        severity = words["severities"][rule.severity]
        if rule.digest:
            severity = words["in_digest"].format(severity=severity)
        fires = self._times(len(insight.alerts.preview(rule)), words)
        return {"id": rule.id, "text": text, "fires": fires, "severity": severity, "state": state}

    @staticmethod
    def _times(n: int, words: Mapping[str, Any]) -> str:
        return str(words["never"] if n == 0 else words["once"] if n == 1 else words["times"].format(n=n))

    def _history(self, ask: Ask) -> list[list[str]]:
        insight = self._insight()
        reader = insight.series_reader()
        zone, currency = reader.clock.zone, reader.currency()
        return [
            [
                moment(datetime.fromtimestamp(alert["at"], zone), ask.language),
                alert_text(alert, ask.language, zone, currency, insight.item_name),
                ask.words["states"][alert["state"]],
            ]
            for alert in insight.alerts.history(_HISTORY)
        ]


def _number(text: str, field: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise SettingsError(f"{field}: a number is expected, not {text!r}") from None
