"""opsplug works however it is installed: wheel, source archive, editable, strictly editable; from a neutral folder."""

import configparser
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMOKE = Path(__file__).with_name("smoke.py")
SOURCES = ("opsplug", "adapters", "js_snippet", "migrations", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
EXTRA = ("MANIFEST.in", "CHANGELOG.md")


def run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPSPLUG_", "PYTHON"))}
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that building leaves nothing behind in the project."""
    folder = tmp_path_factory.mktemp("source")
    skipped = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info", ".*_cache")
    for name in (*SOURCES, *EXTRA):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=skipped)
        elif path.exists() or name in SOURCES:
            shutil.copy2(path, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", source, cwd=source)
    return source / "dist"


def fresh(folder: Path, *what: object) -> Path:
    """An environment with nothing of ours but what is installed now; other packages come from this one."""
    home = folder / "env"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    (packages,) = home.glob("lib/python*/site-packages")
    # A path in a .pth file is only searched: the .pth files in there, of an editable opsplug too, are not run.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index")
    run(*pip, "--no-build-isolation", "--disable-pip-version-check", *what, cwd=folder)
    return python


def smoke(python: Path, folder: Path) -> str:
    neutral = folder / "neutral"
    neutral.mkdir()
    told = json.loads(run(python, "-W", "error::ResourceWarning", SMOKE, cwd=neutral).splitlines()[-1])
    return str(told["opsplug"])


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_wheel_and_source_archive(built: Path, tmp_path: Path, kind: str) -> None:
    (archive,) = built.glob(kind)
    assert smoke(fresh(tmp_path, archive), tmp_path).startswith(str(tmp_path))


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_editable(source: Path, tmp_path: Path, mode: str) -> None:
    copy = tmp_path / "source"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("build"))
    python = fresh(tmp_path, "--config-settings", f"editable_mode={mode}", "-e", copy)
    place = Path(smoke(python, tmp_path)).resolve()
    assert place.is_relative_to(copy)


def test_the_archives_hold_what_is_served_and_nothing_of_the_workshop(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    on_disk = {
        f"opsplug/js_snippet/dist/{path.name}" for path in (ROOT / "js_snippet" / "dist").iterdir() if path.is_file()
    }
    parts = (ROOT / "opsplug").glob("**/[!_]*")
    on_disk |= {str(path.relative_to(ROOT)) for path in parts if path.is_file() and "__pycache__" not in path.parts}
    assert sorted(on_disk - names) == []
    assert "opsplug/py.typed" in names and "opsplug_flask/py.typed" in names and "opsplug_starlette/py.typed" in names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests/")]
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        assert any(name.endswith("migrations/sqlite/0001_events.sql") for name in packed.getnames())


def test_every_package_is_listed() -> None:
    """One that is missing works in an editable install and is silently absent from the wheel."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        str(path.parent.relative_to(base)).replace("/", ".")
        for base in (ROOT, ROOT / "adapters" / "flask", ROOT / "adapters" / "starlette")
        for path in base.glob("opsplug*/**/__init__.py")
    }
    assert found <= listed
    assert listed - found == {"opsplug.js_snippet", "opsplug.migrations"}
