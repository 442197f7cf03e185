"""`opsplug demo`: open the shop at once, then let it learn while it is looked at."""

from __future__ import annotations

import secrets
import signal
import threading
import webbrowser
from pathlib import Path

from rich.console import Console

from opsplug.demo.history import History
from opsplug.demo.prepare import prepare
from opsplug.demo.serve import DemoError, open_server

FOLDER = "opsplug-demo"


def run(
    framework: str = "flask",
    port: int = 8000,
    host: str = "127.0.0.1",
    folder: str | Path | None = None,
    open_browser: bool = False,
) -> None:
    """Serve the demonstration shop until it is interrupted; its data live in `folder` (default ./opsplug-demo).

    Port 0 takes a free one. Raises `DemoError` where the framework is missing or the port is taken.
    """
    console = Console(highlight=False, soft_wrap=True)
    home = _folder(Path(folder or FOLDER).absolute())
    token = secrets.token_urlsafe(24)
    server = open_server(framework, home, host, port, token)
    console.print(f"Shop        {server.address}/")
    console.print(
        f"Stats page  {server.address}{server.shop.engine.settings.prefix}/admin/?token={token}  (opens once)"
    )
    console.print(f"On {framework}; all data stay in {home}. Stop with Ctrl-C.")

    stop = threading.Event()
    history = History.open(home)
    work = threading.Thread(
        target=prepare, args=(server.shop, history, console, stop), name="demo-prepare", daemon=True
    )
    work.start()
    if open_browser:
        webbrowser.open(server.address)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.forever()
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        work.join(5.0)
        server.shop.engine.close()


def _folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"cannot make the folder {path}: {error.strerror}. Choose another with --folder") from error
    return path
