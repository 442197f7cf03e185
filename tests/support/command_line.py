"""Commands run as a shell runs them."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from opsplug.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OPSPLUG_") and name != "OPSPLUG_SOAK"]:
        monkeypatch.delenv(name)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["opsplug", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return Done(stopped.value.code or 0, out, err)  # type: ignore[arg-type]

    return call
