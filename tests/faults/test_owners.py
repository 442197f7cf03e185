"""Files that belong to another user: the shop goes on, and whoever looks is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsplug.cli.app import give_to_owner
from opsplug.settings import Settings

ROOT = Path(__file__).parents[2]


def test_nothing_of_ours_reaches_the_shops_code(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home = tmp_path / "shop"
    home.mkdir(mode=0o700)
    paths = os.pathsep.join(str(ROOT / part) for part in (".", "adapters/flask", "adapters/starlette"))
    environ = {**os.environ, "PYTHONPATH": paths}
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("other_owner.py")), str(home)],
        env=environ, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert ran.stdout, ran.stderr[-3000:]
    told = json.loads(ran.stdout)
    problems = told.pop("doctor").split()
    assert told.pop("health") == "degraded"
    assert set(told.values()) == {"ok"}, told
    assert {"folder", "key"} <= set(problems)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_what_root_makes_in_a_shops_folder_is_the_shops(tmp_path: Path) -> None:
    home = tmp_path / "shop"
    models = home / "opsplug-models" / "recommendations"
    models.mkdir(parents=True)
    os.chown(home, 65534, 65534)
    for name in ("o.db", "o.db-wal", "opsplug.key", "orders.csv"):
        (home / name).touch()
    give_to_owner(Settings(store=f"sqlite:///{home}/o.db"))
    owners = {path.name: path.stat().st_uid for path in home.rglob("*")}
    assert owners.pop("orders.csv") == 0  # the file is not ours
    assert set(owners.values()) == {65534}
