"""The package's own page: what the README says where it is read without the repository around it."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg")
ADDRESS = CONFIG["metadata"]["url"]
LINK = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.MULTILINE)


def test_links_are_absolute_and_lead_to_what_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = dict(LINK.findall(text))
    assert len(links) > 15 and "](" not in text
    assert set(re.findall(r"\]\[([^\]]+)\]", text)) == set(links)
    for link in links.values():
        assert link.startswith(f"{ADDRESS}/blob/main/"), link
        assert (ROOT / link.removeprefix(f"{ADDRESS}/blob/main/").partition("#")[0]).exists(), link


@pytest.mark.parametrize("name", ["Documentation", "Source", "Changes", "Issues", "Security"])
def test_the_project_says_where_it_lives(name: str) -> None:
    addresses = dict(line.split(" = ") for line in CONFIG["metadata"]["project_urls"].strip().splitlines())
    assert addresses[name].startswith("https://")
    if addresses[name].startswith(f"{ADDRESS}/blob/main/"):
        assert (ROOT / addresses[name].removeprefix(f"{ADDRESS}/blob/main/")).exists()


def test_all_names_every_extra_that_installs_without_a_compiler() -> None:
    extras = dict(CONFIG["options.extras_require"])
    chosen = set(extras.pop("all").removeprefix("opsplug[").removesuffix("]").split(","))
    assert chosen == set(extras) - {"test", "docs", "annoy"}
