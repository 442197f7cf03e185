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
EXTRA = (
    *("MANIFEST.in", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "mkdocs.yml", "Makefile", "ruff.toml"),
    *(".editorconfig", ".pre-commit-config.yaml"),
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


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


def other_pythons() -> list[Path]:
    """Each supported Python of this machine besides the running one: on the path, or beside it as pyenv keeps them."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = []
    for version in PYTHONS:
        places = [Path(base) / f"python{version}" for base in os.environ.get("PATH", "").split(os.pathsep)]
        places += sorted(Path(sys.base_prefix).parent.glob(f"{version}*/bin/python{version}"))
        runs = (
            path
            for path in places
            if path.exists() and not subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL)
        )
        if version != running and (path := next(runs, None)) is not None:
            found.append(path)
    return found


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


@pytest.mark.parametrize("interpreter", other_pythons(), ids=lambda path: path.name)
def test_the_wheel_serves_on_every_python_of_this_machine(built: Path, tmp_path: Path, interpreter: Path) -> None:
    """With the packages that its users get there, from the registry: they differ by version."""
    (wheel,) = built.glob("*.whl")
    run(interpreter, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:")
    run(*pip, f"{wheel}[flask,starlette]", "httpx", cwd=tmp_path)
    assert smoke(python, tmp_path).startswith(str(tmp_path))


def test_there_is_a_classifier_for_every_python_that_is_tried() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    told = {
        line.rpartition(" ")[2] for line in config["metadata"]["classifiers"].splitlines() if "Python :: 3." in line
    }
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {running, *(path.name.removeprefix("python") for path in other_pythons())} <= told <= set(PYTHONS)


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
        inside = {name.partition("/")[2] for name in packed.getnames()}
    snippet = (path for path in (ROOT / "js_snippet").glob("**/*") if "node_modules" not in path.parts)
    wanted = [*(ROOT / "docs").glob("**/*.md"), *(ROOT / "migrations").glob("*/*.sql"), *snippet, ROOT / "CHANGELOG.md"]
    assert sorted({str(path.relative_to(ROOT)) for path in wanted if path.is_file()} - inside) == []


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
