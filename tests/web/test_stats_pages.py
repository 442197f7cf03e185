"""Every stats page that is wired: closed to who may not see it, and whole in each language, without a list by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsplug import locales
from opsplug.web.access import ROLES
from tests.support.stats_pages import page_names, wired_pages
from tests.support.stats_site import Site

PAGES = page_names()
ROLE_OF = dict(zip(PAGES, [page.role for page in wired_pages()], strict=True))


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    """A site for nobody and one for each role."""
    answers: dict[str, object] = {"": None, **{role: {"role": role, "name": "kim"} for role in ROLES}}
    return {role: Site(tmp_path_factory.mktemp(f"as-{role or 'nobody'}"), answer) for role, answer in answers.items()}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ["", *ROLES])
def test_a_page_is_seen_by_its_role_and_those_above(sites: dict[str, Site], role: str, name: str) -> None:
    may = bool(role) and list(ROLES).index(role) >= list(ROLES).index(ROLE_OF[name])
    status = sites[role].get(name).status
    assert (status == 200) is may
    assert may or status in (401, 403, 404)


@pytest.mark.parametrize("language", locales.languages())
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_in_each_language(sites: dict[str, Site], name: str, language: str) -> None:
    answer = sites[ROLES[-1]].get(f"{name}?lang={language}")
    assert answer.status == 200
    assert f'lang="{language}"' in answer.text
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", answer.text, flags=re.DOTALL)
    assert len(re.findall(r"<h1\b", answer.text)) == 1
    assert "undefined" not in text.lower() and "None" not in text.split()


def test_every_page_is_in_the_side_bar(sites: dict[str, Site]) -> None:
    text = sites[ROLES[-1]].get("").text
    for name in PAGES[1:]:
        assert re.search(rf'href="[^"]*/admin/{name}"', text), name


def test_a_page_has_a_file_of_its_own() -> None:
    folder = Path(locales.__file__).parents[1] / "web" / "admin"
    modules = {type(page).__module__.rpartition(".")[2] for page in wired_pages()}
    assert len(modules) == len(PAGES) and all((folder / f"{module}.py").exists() for module in modules)
