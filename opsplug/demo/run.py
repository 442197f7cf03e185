"""`opsplug demo`: open the shop at once, and let it learn while it is looked at."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

from rich.console import Console

from opsplug.demo.serve import DemoError, open_server

FOLDER = "opsplug-demo"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # more would only get in the shop's way


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
    engine = server.shop.engine
    console.print(f"Shop        {server.address}/")
    console.print(f"Stats page  {server.address}{engine.settings.prefix}/admin/?token={token}  (opens once)")
    console.print(f"On {framework}; all data stay in {home}. Stop with Ctrl-C.")
    learning = subprocess.Popen(
        [sys.executable, "-m", "opsplug.demo.prepare", str(home)], env={**dict.fromkeys(ONE_THREAD, "1"), **os.environ}
    )
    if open_browser:
        webbrowser.open(server.address)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.forever()
    except KeyboardInterrupt:
        pass
    finally:
        learning.terminate()
        learning.wait()
        engine.close()


def _folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"cannot make the folder {path}: {error.strerror}. Choose another with --folder") from error
    return path
