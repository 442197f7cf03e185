"""`opsplug insight VISITOR`: what is known of one visitor, and whether they will buy."""

from typing import TYPE_CHECKING

import click

from opsplug.cli import show
from opsplug.cli.app import json_option, with_engine

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.services.insight.visitors import Answer


@click.command()
@click.argument("visitor")
@click.option("--language", metavar="TAG", default="en", show_default=True)
@json_option
@with_engine()
def insight(engine: "Engine", visitor: str, language: str, json_: bool) -> None:
    """One visitor (your own user id, an anonymous id or a pseudonym): profile, segment, probability to buy."""
    found, segment = engine.insight.profile(visitor), engine.insight.segment(visitor)
    buys = engine.insight.propensity(visitor, language=language)
    churn = engine.insight.churn(visitor, language=language)
    if json_:
        told = {"profile": found.to_dict(), "segment": segment, "buys": buys.to_dict(), "churn": churn.to_dict()}
        show.as_json(told)
        return
    if not found.known:
        click.echo("Nothing is known of this visitor.")
        return
    interests = ", ".join(f"{name} {100 * share:.0f} %" for name, share in (found.categories or found.tags)[:5])
    rows = [
        ("visitor", found.visitor), ("segment", segment or "none"), ("orders", found.orders),
        ("money spent", f"{found.value:,.2f} {found.currency}".strip()),
        ("last order", "none" if found.recency_days is None else f"{found.recency_days:,.0f} days ago"),
        ("interests", interests or "none known"), ("price band", found.price_band or "unknown"),
        ("will buy", _said(buys)), ("may be gone", _said(churn)),
    ]  # fmt: skip
    show.table(("about", "value"), rows)


def _said(answer: "Answer") -> str:
    if answer.probability is None:
        return answer.note
    reasons = "; ".join(reason.text for reason in answer.reasons)
    return f"{100 * answer.probability:.0f} % in {answer.horizon_days:.0f} days. {reasons}"
