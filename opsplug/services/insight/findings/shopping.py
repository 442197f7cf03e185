"""What keeps people from buying: searches that find nothing, steps that lose them, products that nobody takes."""

from __future__ import annotations

from math import log
from typing import Final

from opsplug.features.daycells import quantile
from opsplug.services.insight.findings.evidence import Finding, difference, share_interval, two_proportion_test
from opsplug.services.insight.findings.window import Window

SEARCHES, SEARCHERS = 10, 5  # floors: so many searches by so many visits
STEP_NOW, STEP_BEFORE, STEP_LOSS = 50, 100, 0.05
ONSET: Final = 30  # visits at a step after the moment since which it loses more
VIEWS, EXPECTED_SALES = 50, 5.0
STOCK_VIEWS: Final = 10


def zero_searches(window: Window) -> list[Finding]:
    """Searches that found nothing, again and again."""
    sessions, left = window.now("zero_sessions", "term"), window.now("left_zero", "term")
    found_sessions = window.total("found_sessions")
    left_found = window.total("left_found")
    findings = []
    for term, count in window.now("zero_searches", "term").items():
        people = sessions.get(term, 0.0)
        if count < SEARCHES or (sessions and people < SEARCHERS):
            continue
        gone = left.get(term, 0.0)
        low, high = share_interval(gone, people) if people else (None, None)
        facts = {"term": term, "count": count, "visits": people, "left": gone}
        if found_sessions >= 30:
            facts["left_else"] = left_found / found_sessions
        findings.append(
            Finding(kind="zero_search", subject=term, facts=facts, impact=max(people, count / 2), low=low, high=high)
        )
    return findings


def checkout_steps(window: Window) -> list[Finding]:
    """Steps at which more visits end than in the weeks before, and since when."""
    reached = window.now("step_reached", "step")
    reached_before, lost_before = window.before("step_reached", "step"), window.before("step_lost", "step")
    findings = []
    for step, n in reached.items():
        n0, k0 = reached_before.get(step, 0.0), lost_before.get(step, 0.0)
        if n < ONSET or n0 < STEP_BEFORE:
            continue
        since, count, gone, tried = _onset(window, step, k0 / n0)
        if not tried:
            continue
        p = min(
            two_proportion_test(gone, count, k0, n0) * tried, 1.0
        )  # the worst of `tried` beginnings was chosen (Bonferroni)
        more = gone / count - k0 / n0
        low, high = difference(gone, count, k0, n0)
        facts = {"step": step, "since": since, "reached": count, "lost": gone, "share": gone / count, "usual": k0 / n0}
        facts |= _slower(window, step, since)
        findings.append(
            Finding(
                kind="checkout_loss", subject=step, facts=facts, impact=4 * more * count, p=p,
                telling=more >= STEP_LOSS,
                low=low, high=high, tone="worse",
            )
        )  # fmt: skip
    return findings


def _onset(window: Window, step: str, usual: float) -> tuple[float, float, float, int]:
    """(since when, visits since, lost since, beginnings tried): the beginning that the losses speak for most."""
    reached, lost = window.hours("step_reached", "step", step), window.hours("step_lost", "step", step)
    usual = min(max(usual, 0.001), 0.999)
    best, chosen, tried = 0.0, (0.0, 0.0, 0.0), 0
    n = k = 0.0
    for hour in sorted(reached, reverse=True):
        n, k = n + reached[hour], k + lost.get(hour, 0.0)
        if n < ONSET:
            continue
        tried += 1
        share = min(max(k / n, 0.001), 0.999)
        if share <= usual:
            continue
        evidence = k * log(share / usual) + (n - k) * log((1 - share) / (1 - usual))
        if evidence > best:
            best, chosen = evidence, (hour, n, k)
    if not best:
        return 0.0, 1.0, 0.0, 0
    return (*chosen, tried)


def _slower(window: Window, step: str, since: float) -> dict[str, float | str]:
    """The page of a step, if it has become much slower since then."""
    pages = [step] if step.startswith("/") else [route for route in window.routes() if "checkout" in route.lower()]
    worst: tuple[float, dict[str, float | str]] = (1.5, {})
    for route in pages:
        now, before = window.durations(route, since=since), window.durations(route, past=True)
        if sum(now.values()) < 20 or sum(before.values()) < 50:
            continue
        p95, usual = quantile(now, 0.95), quantile(before, 0.95)
        if p95 >= 500 and p95 / usual > worst[0]:
            worst = (p95 / usual, {"route": route, "p95": p95, "p95_usual": usual})
    return worst[1]


def never_bought(window: Window) -> list[Finding]:
    """Products that many look at and nobody buys, though at the shop's rate some should have been."""
    views, past_views = window.now("item_views", "product"), window.before("item_views", "product")
    sold, past_sold = window.now("orders", "product"), window.before("orders", "product")
    all_views = sum(views.values()) + sum(past_views.values())
    rate = (sum(sold.values()) + sum(past_sold.values())) / all_views if all_views else 0.0
    rate = min(rate, 0.5)
    findings = []
    for item, week in views.items():
        count = week + past_views.get(item, 0.0)
        if count < VIEWS or sold.get(item) or past_sold.get(item) or _sold_out(window, item):
            continue
        facts = {"item": item, "views": count, "week": week, "expected": rate * count}
        findings.append(
            Finding(
                kind="never_bought", subject=item, facts=facts, impact=week, p=(1 - rate) ** count,
                telling=rate * count >= EXPECTED_SALES, low=0.0, high=3 / count,
            )
        )  # fmt: skip
    return findings


def sold_out(window: Window) -> list[Finding]:
    """Things that are looked at and cannot be bought."""
    return [
        Finding(kind="out_of_stock", subject=item, facts={"item": item, "views": views}, impact=views)
        for item, views in window.now("item_views", "product").items()
        if views >= STOCK_VIEWS and _sold_out(window, item)
    ]


def _sold_out(window: Window, item: str) -> bool:
    return window.items.get(item, {}).get("availability") == "out_of_stock"
