"""What is broken or slow: errors, waiting, futile clicks, forms given up, pages that send people off."""

from __future__ import annotations

from typing import Final

from opsplug.features.daycells import quantile, share_above
from opsplug.services.insight.findings.evidence import (
    Finding,
    binomial_test,
    difference,
    share_interval,
    two_proportion_test,
)
from opsplug.services.insight.findings.window import Window

VISITS: Final = 5  # floor: a thing that happened to fewer visits is an accident
REQUESTS, SLOW, VERY_SLOW, SLOWER = 200, 1000.0, 2500.0, 1.5
ERROR_SHARE: Final = 0.01
CLICK_RATIO, BACK_RATIO, BACK_SHARE, BACKS = 3.0, 3.0, 0.1, 10
EXITS, EXIT_MORE, EXIT_HIGH = 100, 0.1, 0.7
FORMS, FORM_MORE, FORM_HIGH, FIELD_SHARE = 30, 0.1, 0.6, 0.4


def slow_routes(window: Window) -> list[Finding]:
    """Pages that have become slower, or are slow."""
    findings = []
    for route in window.routes():
        now, before = window.durations(route), window.durations(route, past=True)
        n, n0 = sum(now.values()), sum(before.values())
        if n < REQUESTS:
            continue
        p95 = quantile(now, 0.95)
        facts = {"route": route, "p95": p95, "requests": n}
        slow, _ = share_above(now, SLOW)
        if n0 >= REQUESTS:
            usual = quantile(before, 0.95)
            above, above_before = share_above(now, usual)[0], share_above(before, usual)[0]
            telling = p95 >= SLOW and p95 >= SLOWER * usual
            findings.append(
                Finding(
                    kind="slower", subject=route, facts={**facts, "usual": usual}, impact=2 * slow, telling=telling,
                    p=two_proportion_test(above, n, above_before, n0), tone="worse",
                )
            )  # fmt: skip
            if telling:
                continue
        if p95 >= VERY_SLOW:
            findings.append(Finding(kind="slow", subject=route, facts=facts, impact=slow))
    return findings


def script_errors(window: Window) -> list[Finding]:
    """Errors of scripts in visitors' browsers, by page."""
    seen, before = window.now("seen", "route"), window.before("js_sessions", "route")
    errors = window.now("js_errors", "error")
    worst = max(errors, key=lambda kind: errors[kind], default="")
    findings = []
    for route, visits in window.now("js_sessions", "route").items():
        views = max(seen.get(route, 0.0), visits)
        if visits < VISITS or visits / views < ERROR_SHARE:
            continue
        low, high = share_interval(visits, views)
        facts = {"route": route, "visits": visits, "share": visits / views, "error": worst, "new": route not in before}
        findings.append(
            Finding(kind="js_error", subject=route, facts=facts, impact=2 * visits, low=low, high=high, tone="worse")
        )
    return findings


def server_errors(window: Window) -> list[Finding]:
    """Addresses that answer with an error of the shop."""
    visits = window.now("error_sessions", "route")
    return [
        Finding(
            kind="server_error", subject=route, impact=3 * count, tone="worse",
            facts={"route": route, "count": count, "visits": visits.get(route, 0.0)},
        )
        for route, count in window.now("errors", "route").items()
        if count >= VISITS
    ]  # fmt: skip


def futile_clicks(window: Window) -> list[Finding]:
    """Elements that are clicked again and again, or that do nothing, far more often than elsewhere in the shop."""
    seen = window.now("seen", "route")
    all_seen = sum(seen.values())
    findings = []
    for kind, measure in (("rage", "rage_clicks"), ("dead", "dead_clicks")):
        elements = window.now(measure, "element")
        total = sum(elements.values())
        for element, visits in elements.items():
            route = element.partition(" ")[0]
            n = max(seen.get(route, 0.0), visits)
            rest, rest_seen = total - visits, max(all_seen - n, 1.0)
            usual = max(rest, 1.0) / rest_seen  # what one element elsewhere is clicked so, at most
            if visits < VISITS:
                continue
            low, high = share_interval(visits, n)
            findings.append(
                Finding(
                    kind=kind, subject=element, impact=visits, p=binomial_test(visits, n, usual), low=low, high=high,
                    telling=visits / n >= CLICK_RATIO * usual, facts={"element": element.partition(" ")[2],
                    "route": route, "visits": visits, "share": visits / n},
                )
            )  # fmt: skip
    return findings


def quick_backs(window: Window) -> list[Finding]:
    """Pages that people leave again within seconds."""
    seen, items = window.now("seen", "route"), window.now("item_views", "product")
    backs = window.now("quick_backs", "path")
    total, all_seen = sum(backs.values()), sum(seen.values())
    findings = []
    for path, count in backs.items():
        n = seen.get(path) or items.get(path.rstrip("/").rpartition("/")[2]) or 0.0
        if count < BACKS or n < count:
            continue
        usual = max(total - count, 1.0) / max(all_seen - n, 1.0)
        low, high = share_interval(count, n)
        telling = count / n >= max(BACK_RATIO * usual, BACK_SHARE)
        facts = {"path": path, "count": count, "share": count / n, "usual": usual}
        findings.append(
            Finding(
                kind="quick_back", subject=path, facts=facts, impact=count, p=binomial_test(count, n, usual),
                telling=telling, low=low, high=high,
            )
        )  # fmt: skip
    return findings


def exits(window: Window) -> list[Finding]:
    """Pages at which more visits end than they used to; without a past, at which nearly all end."""
    ended, seen = window.now("exits", "route"), window.now("seen", "route")
    ended_before, seen_before = window.before("exits", "route"), window.before("seen", "route")
    average = sum(ended.values()) / max(sum(seen.values()), 1.0)
    findings = []
    for route, count in ended.items():
        n, n0, k0 = seen.get(route, 0.0), seen_before.get(route, 0.0), ended_before.get(route, 0.0)
        if n < EXITS or "checkout" in route.lower():  # the steps have a look of their own
            continue
        if n0 >= EXITS:
            p, usual = two_proportion_test(count, n, k0, n0), k0 / n0
            telling = count / n - usual >= EXIT_MORE
            low, high = difference(count, n, k0, n0)
        else:
            p, usual = binomial_test(count, n, min(2 * average, 0.95)), average
            telling = n >= 2 * EXITS and count / n >= EXIT_HIGH
            low, high = share_interval(count, n)
        facts = {"route": route, "share": count / n, "usual": usual, "count": count, "past": n0 >= EXITS}
        findings.append(
            Finding(
                kind="exit", subject=route, facts=facts, impact=(count / n - usual) * n, p=p, telling=telling,
                low=low, high=high,
            )
        )  # fmt: skip
    return findings


def forms(window: Window) -> list[Finding]:
    """Forms that are begun and given up: more than before, or than other forms; and the field at which it happens."""
    begun, given_up = window.now("form_starts", "form"), window.now("form_abandons", "form")
    begun_before, given_up_before = window.before("form_starts", "form"), window.before("form_abandons", "form")
    fields = window.now("form_abandons", "field")
    findings = []
    for form, n in begun.items():
        k, n0, k0 = given_up.get(form, 0.0), begun_before.get(form, 0.0), given_up_before.get(form, 0.0)
        if n < FORMS or k < VISITS:
            continue
        past = n0 >= FORMS
        if not past:
            n0, k0 = sum(begun.values()) - n, sum(given_up.values()) - k
            if n0 < FORMS:
                n0, k0 = 100.0, 30.0  # nothing to compare with: three in ten are usual
        last = {field.partition(" › ")[2]: v for field, v in fields.items() if field.startswith(f"{form} › ")}
        worst = max(last, key=lambda name: last[name], default="")
        facts = {"form": form, "share": k / n, "usual": k0 / n0, "count": k, "past": past}
        if worst and last[worst] >= max(FIELD_SHARE * k, VISITS):
            facts |= {"field": worst, "at_field": last[worst]}
        low, high = difference(k, n, k0, n0)
        telling = k / n - k0 / n0 >= FORM_MORE and (past or k / n >= FORM_HIGH)
        findings.append(
            Finding(
                kind="form", subject=form, facts=facts, impact=2 * (k / n - k0 / n0) * n,
                p=two_proportion_test(k, n, k0, n0),
                telling=telling, low=low, high=high, tone="worse",
            )
        )  # fmt: skip
    return findings


def refusals(window: Window) -> list[Finding]:
    """Addresses that refuse what visitors send more often than before."""
    requests, requests_before = window.now("requests", "route"), window.before("requests", "route")
    before = window.before("refused", "route")
    findings = []
    for route, count in window.now("refused", "route").items():
        n, n0, k0 = requests.get(route, 0.0), requests_before.get(route, 0.0), before.get(route, 0.0)
        if count < BACKS or n < count:
            continue
        n0, k0 = (n0, k0) if n0 >= FORMS else (100.0, 20.0)
        low, high = difference(count, n, k0, n0)
        facts = {"route": route, "count": count, "share": count / n, "usual": k0 / n0}
        findings.append(
            Finding(
                kind="refused", subject=route, facts=facts, impact=count, p=two_proportion_test(count, n, k0, n0),
                telling=count / n - k0 / n0 >= FORM_MORE, low=low, high=high, tone="worse",
            )
        )  # fmt: skip
    return findings
