"""Who comes: segments, cohorts, the way to an order, journeys; and, for admins, one visitor's profile."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from opsplug.features.profiles import Profile
from opsplug.locales import Texts, plural, words
from opsplug.models.visitors.segments import KEYS
from opsplug.services.insight.insight import Insight
from opsplug.services.insight.visitors import Answer
from opsplug.web.admin import formatting
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response

MOST_LISTED = 25
_SORTS = ("value", "orders", "buys", "churn")


class VisitorsPage:
    name, group, role, words = "visitors", "see", "viewer", Texts("stats_visitors")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return self._one(ask, unquote(ask.rest)) if ask.person.may("admin") else ask.missing()
        people = self._insight().people
        told = people.document("visitors")
        segment = ask.request.query.get("segment", "")
        segment = segment if segment in KEYS else ""
        by = ask.request.query.get("by", "value")
        by = by if by in _SORTS else "value"
        if ask.extension == "csv":
            return ask.csv(self._file(ask, segment, by)) if ask.person.may("admin") else ask.missing()
        if not told or not told["visitors"]:
            return ask.page("visitors.html", told=None)
        lines = people.visitors(segment, most=MOST_LISTED, by=by) if ask.person.may("admin") else []
        return ask.page(
            "visitors.html",
            told=told,
            segments=[_segment(ask, one) for one in told["segments"]],
            clusters=[_segment(ask, one) for one in told["clusters"]],
            cohorts=_cohorts(ask, told["cohorts"]),
            cohort_unit=ask.words["units"][told["cohort_unit"]],
            funnel=_funnel(ask, told["funnel"]),
            entries=_ways(ask, told["entries"], "entries"),
            journeys=_ways(ask, told["journeys"], "journeys"),
            tags=told["tags"],
            listed=_listed(ask, lines),
            segment=segment,
            by=by,
            sorts=_SORTS,
            names=_people(ask)["segments"],
            download=f"{ask.here}.csv?segment={segment}&by={by}",
        )

    def post(self, ask: Ask) -> Response:
        """The look-up: the shop's own user id is never in an address, nor is it kept."""
        if not ask.person.may("admin"):
            return ask.missing()
        text = ask.form.get("visitor", "").strip()[:200]
        if not text:
            return ask.redirect("visitors")
        people = self._insight().people
        found = people.profile(text)
        key = found.visitor if found.known and found.visitor != text else people.key_of(text)
        return ask.redirect(f"visitors/{quote(key, safe='')}")

    def _one(self, ask: Ask, key: str) -> Response:
        people = self._insight().people
        found = people.profile(key)
        if ask.extension == "json":
            return ask.json({
                **found.to_dict(), "segment": people.segment(key),
                "buys": people.propensity(key, language=ask.language).to_dict(),
                "churn": people.churn(key, language=ask.language).to_dict(),
            })  # fmt: skip
        segment = people.segment(key) if found.known else ""
        return ask.page(
            "visitor.html",
            status=200 if found.known else 404,
            found=found,
            facts=_facts(ask, found, segment),
            buys=_answer(ask, people.propensity(key, language=ask.language), "buys"),
            churn=_answer(ask, people.churn(key, language=ask.language), "churn"),
            bought=[(name, ask.formats.day(at)) for _, name, at in found.bought],
            download=f"{ask.here}/{quote(key, safe='')}.json",
        )

    def _file(self, ask: Ask, segment: str, by: str) -> list[list[str]]:
        people = self._insight().people
        return [
            [ask.words["lines"][name] for name in _LINE],
            *_listed(ask, people.visitors(segment, most=20_000, by=by))["rows"],
        ]


_LINE = ("visitor", "segment", "orders", "value", "recency", "buys", "churn")


def _listed(ask: Ask, lines: list[tuple[str, dict[str, Any]]]) -> formatting.Table:
    formats = ask.formats
    rows = [
        [key, _segment_name(ask, line["segment"]), formats.number(line["orders"]),
         formats.number(line["value"]), "–" if line["recency"] is None else formats.number(line["recency"]),
         _percent(line.get("buys"), ask), _percent(line.get("churn"), ask)]
        for key, line in lines
    ]  # fmt: skip
    return formatting.table(ask.words["lines"], _LINE, rows, ask.words["no_lines"], numbers_from=2)


def _people(ask: Ask) -> Mapping[str, Any]:
    return words("visitors", ask.language)


def _segment_name(ask: Ask, key: str) -> str:
    return str(_people(ask)["segments"].get(key, "–"))


def _described(ask: Ask, one: Mapping[str, Any]) -> tuple[str, str]:
    """Name and explanation of a segment or cluster; a version before kept the words themselves, in two languages."""
    if "explanation" in one:
        named, explained = (one[key].get(ask.language) or one[key]["en"] for key in ("name", "explanation"))
        return str(named), str(explained)
    people, language = _people(ask), ask.language
    traits = people["traits"]
    said = traits["between"].join(traits[name] for name in one["traits"]) or traits["middle"]
    name = people["segments"].get(one["key"]) or said[0].upper() + said[1:]
    text = plural(people["segment"], round(one["frequency"]), language).format(
        count=ask.formats.number(one["count"]),
        share=ask.formats.percent(one["share"]),
        part=ask.formats.percent(one["value_share"]),
        orders=ask.formats.number(one["frequency"]),
        money=ask.formats.number(one["value"]),
        days=ask.formats.number(one["recency"]),
    )
    return str(name), text


def _segment(ask: Ask, one: dict[str, Any]) -> dict[str, Any]:
    name, text = _described(ask, one)
    return {
        "key": one["key"], "name": name, "text": text,
        "percent": round(100 * one["share"], 1), "count": ask.formats.number(one["count"]),
    }  # fmt: skip


def _cohorts(ask: Ask, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Percent kept; a period that is still running is marked."""
    width = max((len(row["kept"]) for row in rows), default=1)
    shown = [
        {
            "label": row["label"],
            "size": ask.formats.number(row["size"]),
            "cells": [
                {"text": ask.formats.percent(kept / row["size"]), "running": place == len(row["kept"]) - 2}
                for place, kept in enumerate(row["kept"][1:])
            ],
        }
        for row in rows
    ]
    return {"rows": shown, "width": width - 1}


def _funnel(ask: Ask, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    whole = steps[0]["visits"] if steps else 0
    return [
        {
            "name": ask.words["steps"][step["name"]],
            "count": ask.formats.number(step["visits"]),
            "percent": round(100 * step["visits"] / whole, 1) if whole else 0,
            "lost": _lost(ask, steps[place - 1]["visits"], step["visits"]) if place else "",
        }
        for place, step in enumerate(steps)
    ]  # fmt: skip


def _lost(ask: Ask, before: int, now: int) -> str:
    return str(ask.words["lost"].format(n=ask.formats.number(100 * (1 - now / before)))) if before else ""


def _ways(ask: Ask, ways: list[dict[str, Any]], name: str) -> formatting.Table:
    rows = [
        [
            " → ".join(way["pages"]),
            ask.formats.number(way["visits"]),
            ask.formats.number(way["bought"]),
            ask.formats.percent(way["bought"] / way["visits"], 1),
        ]
        for way in ways
    ]
    table = formatting.table(
        ask.words, ("way", "visits", "orders", "ordered"), rows, ask.words["no_ways"], numbers_from=1
    )
    table["title"] = ask.words[name]
    return table


def _facts(ask: Ask, found: Profile, segment: str) -> list[tuple[str, str]]:
    names, formats = ask.words["facts"], ask.formats
    values = {
        "segment": _segment_name(ask, segment),
        "orders": formats.number(found.orders),
        "value": formats.money(found.value, found.currency),
        "recency": _ago(ask, found.recency_days),
        "returns": formats.number(found.returns),
        "views": formats.number(found.views),
        "first_seen": formats.day(found.first_seen),
        "last_seen": formats.day(found.last_seen),
        "price_band": ask.words["bands"].get(found.price_band, "–"),
        "device": ask.words["devices"].get(found.device, found.device or "–"),
        "language": found.language or "–",
    }
    return [(names[name], value) for name, value in values.items()]


def _ago(ask: Ask, days: float | None) -> str:
    if days is None:
        return "–"
    return str(ask.words["today"] if days < 1 else ask.words["days"].format(n=ask.formats.number(days)))


def _answer(ask: Ask, answer: Answer, question: str) -> dict[str, Any]:
    if answer.probability is None:
        return {"text": "–", "note": answer.note, "reasons": []}
    reasons = [(reason.text, f"{ask.formats.signed(100 * reason.effect)} %") for reason in answer.reasons]
    fresh = ask.words["fresh"].format(
        known=ask.formats.day(answer.known_until), trained=ask.formats.day(answer.trained_until)
    )
    title = ask.words[question].format(days=ask.formats.number(answer.horizon_days))
    return {"text": _percent(answer.probability, ask), "note": f"{title} {fresh}", "reasons": reasons}


def _percent(share: float | None, ask: Ask) -> str:
    if share is None:
        return "–"
    return ask.formats.percent(share, 0 if 0.01 <= share <= 0.99 else 1)
