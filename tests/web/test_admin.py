"""The frame of the stats pages: roles, forms, languages. Each page has tests of its own."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from opsplug.engine import stats_pages as wiring
from opsplug.web.admin.page import Ask
from opsplug.web.http import Response
from tests.contracts.adapter_contract import Visitor
from tests.support.stats_site import ADMIN, Site


class Notes:
    """A page with a form, for agents."""

    name, group, role = "notes", "do", "agent"
    words: Mapping[str, Mapping[str, Any]] = {"en": {"title": "Notes"}, "zh": {"title": "记事"}}

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []
        self.token = ""

    def get(self, ask: Ask) -> Response:
        self.token = ask.csrf
        return ask.page("missing.html") if not ask.rest else ask.json([ask.rest, ask.extension])

    def post(self, ask: Ask) -> Response:
        self.kept.append((ask.who, ask.form["text"]))
        return ask.redirect("notes")


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    page, pages = Notes(), wiring.stats_pages
    monkeypatch.setattr(wiring, "stats_pages", lambda *given: [*pages(*given), page])
    return page


@pytest.fixture
def site(tmp_path: Path, notes: Notes) -> Iterator[Callable[[Any], Site]]:
    made: list[Site] = []

    def make(answer: Any) -> Site:
        made.append(Site(tmp_path, answer))
        return made[-1]

    yield make
    for one in made:
        one.plug.engine.close()


@pytest.mark.parametrize(
    ("answer", "overview", "form"),
    [
        (True, 200, 200), (object(), 403, 403), ("admin", 200, 200), ("agent", 200, 200), ("viewer", 200, 404),
        ({"role": "agent", "name": "Ana"}, 200, 200), ({"role": "viewer"}, 200, 404),
        (False, 403, 403), (None, 403, 403), ("", 403, 403), ({}, 403, 403), ("customer", 403, 403),
        ({"role": "customer"}, 403, 403), ({"name": "Ana"}, 403, 403),
    ],
)  # fmt: skip
def test_a_role_sees_its_pages_and_no_more(site: Callable[[Any], Site], answer: Any, overview: int, form: int) -> None:
    shop = site(answer)
    first = shop.get("")
    assert (first.status, shop.get("notes").status) == (overview, form)
    assert ("Notes" in first.text) == (form == 200)


def test_a_form_works_with_its_token_and_for_its_person_only(site: Callable[[Any], Site], notes: Notes) -> None:
    shop = site({"role": "agent", "name": "Ana"})
    shop.get("notes")
    token = notes.token
    assert shop.send({"text": "one"}).status == 403
    assert shop.send({"text": "one", "csrf": "A" * 43}).status == 403
    assert shop.send({"text": "one", "csrf": token}, origin="https://elsewhere.example").status == 403
    assert notes.kept == []
    done = shop.send({"text": "one", "csrf": token})
    assert (done.status, done.header("location")) == (303, f"{ADMIN}/notes")
    assert notes.kept == [("Ana", "one")]
    stranger = Visitor(shop.visitor.shop)  # another browser does not hold the cookie that the token is bound to
    body = urlencode({"text": "two", "csrf": token}).encode()
    assert stranger.send("POST", f"{ADMIN}/notes", body).status == 403


def test_the_form_cookie_is_not_sent_by_other_sites(site: Callable[[Any], Site]) -> None:
    cookie = site("admin").get("notes").header("set-cookie") or ""
    assert "opsplug_form=" in cookie
    assert "SameSite=Strict" in cookie
    assert "HttpOnly" in cookie


def test_what_follows_a_pages_name_is_the_pages(site: Callable[[Any], Site]) -> None:
    shop = site("agent")
    assert shop.get("notes/a/b").json() == ["a/b", ""]
    assert shop.get("notes/a.b/c.csv").json() == ["a.b/c", "csv"]
    assert shop.get("items/more").status == 404
    assert shop.get("nothing").status == 404


def test_a_person_chooses_the_language_once(site: Callable[[Any], Site]) -> None:
    shop = site("agent")
    assert "Overview" in shop.get("").text
    assert "概览" in shop.get("?lang=zh").text
    assert "概览" in shop.get("").text
