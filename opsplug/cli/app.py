"""The group of all commands, the options that they share, and what an error looks like."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opsplug.errors import OpsPlugError, SettingsError

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.settings import Settings

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
_FLASK_STORE: Final = Path("instance", "opsplug.db")
_COMMANDS: Final = {
    "demo": "opsplug.cli.operate:demo",
    "init": "opsplug.cli.operate:init",
    "import": "opsplug.cli.files:import_command",
    "export": "opsplug.cli.files:export_command",
    "data": "opsplug.cli.data:data",
    "train": "opsplug.cli.learn:train",
    "evaluate": "opsplug.cli.learn:evaluate",
    "recommend": "opsplug.cli.lists:recommend",
    "explain": "opsplug.cli.lists:explain",
    "catalog": "opsplug.cli.catalog:catalog",
    "insight": "opsplug.cli.insight:insight",
    "models": "opsplug.cli.learn:models",
    "knowledge": "opsplug.cli.knowledge:knowledge",
    "status": "opsplug.cli.operate:status",
    "doctor": "opsplug.cli.operate:doctor",
    "why": "opsplug.cli.why:why",
    "migrate": "opsplug.cli.operate:migrate",
    "worker": "opsplug.cli.operate:worker",
}


class Commands(click.Group):
    """Imports a command when it is used, so that `opsplug --help` need not load what only training needs."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        target = _COMMANDS.get(name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(__import__(module, fromlist=[attribute]), attribute)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="opsplug", message="opsplug %(version)s")
def group() -> None:
    """Recommendations, chat, alerts and insight for a Flask or Starlette shop, from the command line.

    A command finds the shop's data by --store and --models, else by OPSPLUG_STORE and OPSPLUG_MODELS, else in the
    working directory, else in its folder instance, where Flask keeps them. All settings may be given as OPSPLUG_NAME.
    Exit codes: 0 done, 1 not done, 2 wrong use.
    """


def main() -> None:
    """The entry point. Errors of ours are one sentence; anything else is a bug and shows its traceback."""
    try:
        sys.exit(group.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except SettingsError as error:
        click.echo(f"opsplug: {error}", err=True)
        sys.exit(WRONG_USE)
    except OpsPlugError as error:
        click.echo(f"opsplug: {error}", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:  # `opsplug export | head`
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:  # a folder that cannot be written, a full disk
        click.echo(f"opsplug: {error}", err=True)
        sys.exit(FAILED)


Command = Callable[..., Any]


def with_engine(must_exist: bool = True) -> Callable[[Command], Command]:
    """Give a command the options --store and --models, and the engine they name as its first argument.

    `must_exist`: a missing store is an error, not a new empty one in whatever folder the command was called in.
    """

    def decorate(function: Command) -> Command:
        @click.option("--store", metavar="ADDRESS", help="The shop's store: sqlite:///PATH, or just the PATH.")
        @click.option("--models", metavar="FOLDER", help="Folder of the trained models.")
        @functools.wraps(function)
        def wrapper(*, store: str | None, models: str | None, **options: Any) -> Any:
            engine = open_engine(store, models, must_exist)
            try:
                return function(engine, **options)
            finally:
                engine.close()
                give_to_owner(engine.settings)

        return wrapper

    return decorate


def open_engine(store: str | None, models: str | None, must_exist: bool = True, **keywords: Any) -> "Engine":
    from opsplug.engine import Engine

    if not store and not os.environ.get("OPSPLUG_STORE") and not Path("opsplug.db").exists() and _FLASK_STORE.exists():
        store = str(_FLASK_STORE)
    if store and "://" not in store:
        store = f"sqlite:///{store}"
    given: dict[str, Any] = {name: value for name, value in (("store", store), ("models", models)) if value}
    engine = Engine(None, **given, **keywords)
    path = engine.settings.store_path
    if must_exist and path is not None and not path.exists():
        raise SettingsError(
            f"store: there is none at {path.absolute()}; name the shop's with --store or OPSPLUG_STORE "
            "(a Flask shop keeps it in its instance folder), or make one with opsplug import"
        )
    return engine


def give_to_owner(settings: "Settings") -> None:
    """What root's command made in the shop's folder belongs to the folder's owner, else the shop could not use it."""
    if os.geteuid() != 0 or settings.store_path is None:
        return
    folder = settings.folder
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    store = settings.store_path.name
    ours = [path for name in (f"{store}*", "opsplug.key", "opsplug-spool") for path in folder.glob(name)]
    for path in [*ours, settings.models_path, *settings.models_path.rglob("*")]:
        if path.exists() and path.stat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


json_option = click.option("--json", "json_", is_flag=True, help="Print JSON for machines.")
