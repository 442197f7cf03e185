"""`opsplug train`, `evaluate` and `models`."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine
from opsplug.errors import SettingsError

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.models.rerank.slot_learning import Learned

_now = click.option("--now", metavar="TIME", help="Act as at this time (ISO 8601 or epoch seconds). [the newest event]")


@click.command()
@click.argument("names", nargs=-1)
@_now
@json_option
@with_engine()
def train(engine: "Engine", names: tuple[str, ...], now: str | None, json_: bool) -> None:
    """Train now: all models, or those named. A model is served only if it is not worse than the one in use.

    Running workers take a new model up within a second. That a model was refused is no failure; exit code 1 says
    that nothing could be trained.
    """
    with show.sentences() as say:
        reports = engine.train(list(names) or None, moment(now), say=say)
    if json_:
        show.as_json([asdict(report) for report in reports])
    else:
        for report in reports:
            state = "now served" if report.promoted else "not served"
            click.echo(f"{report.name}: {state}, {report.seconds:.1f} s, {report.reason}")
            show.table(("metric", "value", "baseline"), metric_rows(report.metrics, report.baseline))
    if not reports:
        sys.exit(FAILED)


@click.command()
@_now
@json_option
@with_engine()
def evaluate(engine: "Engine", now: str | None, json_: bool) -> None:
    """Say how good recommendations trained today would be, on the shop's own latest events; publishes nothing.

    Each is asked at real moments of the past and graded by what the visitor did next, beside popularity and the model
    in use.
    """
    from opsplug.training.evaluate import evaluate as run
    from opsplug.training.evaluate import evaluate_slots

    with show.sentences() as say:
        verdict = run(engine.store, engine.artefacts, now=moment(now), seed=engine.settings.seed, say=say)
        slots = evaluate_slots(engine.store, now=moment(now), seed=engine.settings.seed)
    if json_:
        show.as_json({**asdict(verdict), "slots": {name: _slots_json(found) for name, found in slots.items()}})
        return
    click.echo(f"{'Would be served' if verdict.promote else 'Would not be served'}: {verdict.reason}")
    if verdict.metrics:
        show.table(("metric", "value", "baseline"), metric_rows(verdict.metrics, verdict.baseline))
    if slots:
        click.echo("The order by clicks, judged from the lists that were seen (clicks per item shown):")
        rows = [row for name, found in slots.items() for row in _slot_rows(name, found)]
        show.table(
            ("place", "estimate", "in the mix's order", "by clicks", "95 %", "effective sample", "verdict"), rows
        )


def _slot_rows(placement: str, found: "Learned") -> list[tuple[str, ...]]:
    from opsplug.models.rerank.slot_learning import verdict

    said = verdict(found)[1]
    if not found.by:
        return [(placement, "", "", "", "", "", said)]
    return [
        (placement, name, f"{found.mix:.4f}", f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}",
         f"{one.effective_sample_size:,.0f}", said)
        for name, one in found.by.items()
    ]  # fmt: skip


def _slots_json(found: "Learned") -> dict[str, Any]:
    from opsplug.models.rerank.slot_learning import verdict

    serve, reason = verdict(found)
    return {
        "lists": found.lists, "clicks": found.clicks, "judged": found.judged, "serve": serve, "reason": reason,
        "mix": found.mix, "estimates": {name: asdict(one) for name, one in found.by.items()},
    }  # fmt: skip


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List the trained models (also `list`), choose one, go back to the one before."""
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
@json_option
@with_engine()
def list_models(engine: "Engine", json_: bool = False) -> None:
    """All versions on disk, newest first; a damaged one says what is wrong with it."""
    versions = engine.statistics.models()
    if json_:
        show.as_json([asdict(version) for version in versions])
        return
    if not versions:
        click.echo("No model has been trained yet: opsplug train")
        return
    rows = [
        (
            version.name,
            version.version,
            "in use" if version.in_use else "",
            version.problem or str(version.about.get("reason", "")),
        )
        for version in versions
    ]
    show.table(("model", "version", "", "about"), rows)


@models.command("use")
@click.argument("name")
@click.argument("version")
@with_engine()
def use_model(engine: "Engine", name: str, version: str) -> None:
    """Serve VERSION of NAME from now on."""
    engine.artefacts.use(name, version)
    click.echo(f"{name}: {version} is in use")


@models.command("rollback")
@click.argument("name", default="recommendations")
@with_engine()
def rollback_model(engine: "Engine", name: str) -> None:
    """Go back to the newest good version older than the one in use."""
    click.echo(f"{name}: {engine.artefacts.rollback(name)} is in use")


def moment(text: str | None) -> float | None:
    """Epoch seconds out of an option; times without a zone are UTC."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"time: {text!r} is neither ISO 8601 nor epoch seconds") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def metric_rows(metrics: dict[str, Any], baseline: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Metrics beside the baseline's, in their order."""
    names = [*metrics, *(name for name in baseline if name not in metrics)]
    return [(name, _short(metrics.get(name)), _short(baseline.get(name))) for name in names]


def _short(value: Any) -> str:
    return "" if value is None else f"{value:,.4g}" if isinstance(value, int | float) else str(value)
