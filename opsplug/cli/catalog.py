"""`opsplug catalog`: what the catalogue says, and where it was learnt."""

import sys
from typing import TYPE_CHECKING

import click

from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine

if TYPE_CHECKING:
    from opsplug.engine import Engine


@click.group()
def catalog() -> None:
    """What the catalogue says, and where each field was learnt."""


@catalog.command()
@click.argument("item_id", metavar="ID")
@json_option
@with_engine()
def explain(engine: "Engine", item_id: str, json_: bool) -> None:
    """The record of one item, and for each field where it was found."""
    found = engine.catalog.explain(item_id)
    if found is None:
        click.echo(f"The catalogue knows no item {item_id!r}.", err=True)
        sys.exit(FAILED)
    if json_:
        show.as_json(found)
        return
    evidence = found["evidence"]
    fields = evidence.get("fields", {})
    origin = evidence["origin"] + (f", {evidence['pages']} pages" if "pages" in evidence else "")
    if "confidence" in evidence:
        origin += f", confidence {evidence['confidence']:.2f}"
    click.echo(f"{item_id}: {origin}" + (f" ({evidence['page']})" if "page" in evidence else ""))
    rows = [(name, str(value)[:60], fields.get(name, "")) for name, value in found["record"].items()]
    show.table(("field", "value", "found at"), rows)


@catalog.command()
@json_option
@with_engine()
def routes(engine: "Engine", json_: bool) -> None:
    """Which of the shop's routes show products, as far as pages were read."""
    found = engine.catalog.routes()
    if json_:
        show.as_json({"routes": found})
        return
    if not found:
        click.echo("No route has been compared yet: at least three pages of one are needed.")
        return
    rows = [
        (one["route"], one["pages"], one["products"], "products" if one["is_product"] else "other pages", one["why"])
        for one in sorted(found, key=lambda one: -one["products"])
    ]
    show.table(("route", "pages", "products", "shows", "name found at"), rows)
