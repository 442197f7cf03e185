"""`opsplug recommend` and `opsplug explain`: the lists that the shop would show, and why."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from opsplug.cli import show
from opsplug.cli.app import json_option, with_engine
from opsplug.cli.learn import moment
from opsplug.errors import EventError
from opsplug.features.recommendation_id import PLACEMENTS, read_id

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.services.recommend.fallback_chain import Trace


def _question(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that describe one list."""
    for option in reversed(
        (
            click.option("--placement", type=click.Choice(list(PLACEMENTS)), help="[item with --item-id, else home]"),
            click.option("--item-id", help="The item whose page it is."),
            click.option("--user-id", help="The shop's own id of a user."),
            click.option("--anonymous-id", help="A visitor's first-party id."),
            click.option("--history", metavar="A,B,C", help="Item ids looked at, oldest first."),
            click.option("--exclude", metavar="A,B,C", help="Item ids that must not be shown."),
            click.option("-k", type=click.IntRange(0, 200), default=8, show_default=True, help="Length of the list."),
            click.option("--now", metavar="TIME", help="Act as at this time. [now]"),
            click.option("--repeats", is_flag=True, help="Permit things bought before."),
            click.option("--language", metavar="TAG", help="Language of the reasons."),
        )
    ):
        function = option(function)
    return function


def _arguments(engine: "Engine", options: dict[str, Any]) -> dict[str, Any]:
    user = options.pop("user_id")
    now = moment(options.pop("now"))
    history, exclude = (_ids(options.pop(name)) for name in ("history", "exclude"))
    placement = options.pop("placement") or ("item" if options["item_id"] else "home")
    return {
        **options,
        "placement": placement,
        "user_id": None if user is None else engine.keys.pseudonym(user),
        "now": now,
        "history": history,
        "exclude": exclude,
    }


@click.command()
@_question
@json_option
@with_engine()
def recommend(engine: "Engine", json_: bool, **options: Any) -> None:
    """The list that a page of the shop would show. `rung` says how much was known of the visitor."""
    found = engine.recommender.recommend(**_arguments(engine, options))
    if json_:
        show.as_json(asdict(found))
        return
    names = {record["item_id"]: record.get("item_name", "") for record in _records(engine, found.items)}
    click.echo(f"rung {found.rung}, model {found.model}")
    rows = [(place, one.item_id, names.get(one.item_id, ""), one.reason) for place, one in enumerate(found.items, 1)]
    show.table(("", "item", "name", "reason"), rows)
    if found.note:
        click.echo(found.note)


@click.command()
@click.argument("wanted", required=False, metavar="[RECOMMENDATION_ID | ITEM_ID]")
@_question
@json_option
@with_engine()
def explain(engine: "Engine", wanted: str | None, json_: bool, **options: Any) -> None:
    """Why a list is as it is: what was asked, each candidate with its score and reason, and what each rule removed.

    With RECOMMENDATION_ID: a list that was shown, made again from what was known then. With ITEM_ID: why that item is,
    or is not, in the list.
    """
    from opsplug.services.recommend.fallback_chain import Trace

    made = read_id(wanted)
    if wanted is not None and made is not None:
        _explain_again(engine, wanted, json_)
        return
    trace = Trace()
    found = engine.recommender.recommend(**_arguments(engine, options), trace=trace)
    shown = [one.item_id for one in found.items]
    told = {
        "rung": found.rung,
        "model": found.model,
        "milliseconds": round(trace.milliseconds, 2),
        "shown": [asdict(one) for one in found.items],
        "candidates": [_plain(candidate) for candidate in trace.candidates],
        "removed": trace.removed,
        "note": found.note,
    }
    if wanted is not None:
        if not _is_known(wanted, engine, trace):
            raise EventError(
                f"explain: {wanted!r} is neither an item of this shop nor the id of a recommendation that opsplug made"
            )
        told["wanted"] = _why(wanted, shown, trace.candidates, trace.removed, engine)
    if json_:
        show.as_json(told)
        return
    click.echo(f"rung {found.rung}, model {found.model}, {told['milliseconds']} ms")
    rows = [
        (candidate.item_id, f"{candidate.score:.4g}", candidate.reason_code, candidate.anchor or "",
         shown.index(candidate.item_id) + 1 if candidate.item_id in shown else "")
        for candidate in trace.candidates[:50]
    ]  # fmt: skip
    show.table(("candidate", "score", "reason", "because of", "place"), rows)
    for rule, ids in trace.removed.items():
        click.echo(f"removed by {rule}: {', '.join(ids[:20])}{' ...' if len(ids) > 20 else ''}")
    if found.note:
        click.echo(found.note)
    if wanted is not None:
        click.echo(told["wanted"])


def _explain_again(engine: "Engine", recommendation_id: str, json_: bool) -> None:
    """A list that was shown: what the visitor saw, the same question asked now, and what may differ."""
    from opsplug.services.recommend.explain import explain as again

    found = again(engine.store, engine.artefacts, engine.recommender, recommendation_id)
    trace = found.trace
    told = {
        "made": asdict(found.made), "shown": found.shown, "again": asdict(found.again),
        "contributions": found.contributions,
        "candidates": [_plain(candidate) for candidate in trace.candidates], "mix": trace.mix, "slots": trace.slots,
        "removed": trace.removed, "milliseconds": round(trace.milliseconds, 2), "doubts": found.doubts,
    }  # fmt: skip
    if json_:
        show.as_json(told)
        return
    made = found.made
    at = datetime.fromtimestamp(made.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    held = ", the holdout" if made.holdout else ""
    click.echo(f"{made.placement}, {at}, rung {made.rung}{held}, model {found.again.model}, {told['milliseconds']} ms")
    if trace.slots:
        click.echo(f"re-ordered by {trace.slots}; in brackets the place that the mix had given")
    rows = []
    for place, one in enumerate(found.again.items, 1):
        rank = f" ({trace.mix.index(one.item_id) + 1})" if one.item_id in trace.mix else ""
        given = sorted(found.contributions.get(one.item_id, {}).items(), key=lambda part: -part[1])[:3]
        seen = "yes" if one.item_id in found.shown else ""
        rows.append(
            (f"{place}{rank}", one.item_id, seen, one.reason, ", ".join(f"{name} {share:g}" for name, share in given))
        )
    show.table(("place", "item", "shown", "reason", "score contributions"), rows)
    for rule, ids in trace.removed.items():
        click.echo(f"removed by {rule}: {', '.join(ids[:20])}{' ...' if len(ids) > 20 else ''}")
    for doubt in found.doubts:
        click.echo(f"Note: {doubt}.")


def _is_known(item_id: str, engine: "Engine", trace: "Trace") -> bool:
    """In the catalogue, or in what a shop without one, or the model of an older one, may still name."""
    model = engine.recommender.model()
    return (
        engine.catalog.get(item_id) is not None
        or (model is not None and model.knows(item_id))
        or any(candidate.item_id == item_id for candidate in trace.candidates)
    )


def _why(wanted: str, shown: list[str], candidates: list[Any], removed: dict[str, list[str]], engine: "Engine") -> str:
    if wanted in shown:
        return f"{wanted} is shown in place {shown.index(wanted) + 1}."
    rules = [rule for rule, ids in removed.items() if wanted in ids]
    if rules:
        return f"{wanted} was removed by {', '.join(rules)}."
    place = next((place for place, one in enumerate(candidates, 1) if one.item_id == wanted), None)
    if place is not None:
        return f"{wanted} is candidate {place} of {len(candidates)}: others scored higher."
    if engine.catalog.get(wanted) is None:
        return f"{wanted} is not in the catalogue any more."
    return f"{wanted} was no candidate: it is on the page, in the cart or bought, or nothing here leads to it."


def _records(engine: "Engine", items: Any) -> list[dict[str, Any]]:
    return [record for one in items if (record := engine.catalog.get(one.item_id)) is not None]


def _plain(candidate: Any) -> dict[str, Any]:
    return {name: getattr(candidate, name) for name in ("item_id", "score", "reason_code", "anchor")}


def _ids(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
