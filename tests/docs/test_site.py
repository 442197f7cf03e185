"""The documentation site builds without a warning, loads nothing from elsewhere and lists every public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.markdown import ROOT
from tests.support.public_names import FUNCTIONS, RESULTS

LOADS = re.compile(r"<(?:script|img|iframe)[^>]+src=\"(https?:[^\"]+)|<link[^>]+rel=\"(?:stylesheet|preconnect|icon)\"[^>]+href=\"(https?:[^\"]+)")  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.glob("**/*.html"))
    assert len(pages) > 30
    for page in pages:
        assert LOADS.findall(page.read_text(encoding="utf-8")) == [], page


def test_every_public_name_has_its_entry(site: Path) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in site.glob("reference/*/index.html"))
    anchors = {anchor.rpartition(".")[2] for anchor in re.findall(r'<h\d id="(opsplug[\w.]+)"', text)}
    assert anchors.issuperset(name.rpartition(":")[2].rpartition(".")[2] for name in (*FUNCTIONS, *RESULTS))


def test_recipes_decisions_and_changes_are_in_it(site: Path) -> None:
    assert "recommender" in (site / "contributing" / "index.html").read_text(encoding="utf-8")
    assert "0.1.0" in (site / "changelog" / "index.html").read_text(encoding="utf-8")
    assert len(list((site / "decisions").glob("*/index.html"))) >= 5
