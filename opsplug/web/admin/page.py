"""What a page of the stats pages is, and what it gets to answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from opsplug.capture.visit import Visit
from opsplug.locales.formats import Formats
from opsplug.web.access import Person
from opsplug.web.admin import formatting
from opsplug.web.http import Request, Response, json_response, parse_form

GROUPS = ("see", "do", "quality", "run")  # headings of the side bar, in their order


class Words(Protocol):
    """The texts of a page by language."""

    def __getitem__(self, language: str, /) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Ask:
    """One question to one page. `rest` is what follows the page's name in the address, without its extension."""

    request: Request
    visit: Visit
    person: Person
    rest: str
    extension: str  # "" or "csv" or "json"
    words: Mapping[str, Any]
    language: str  # one of locales.languages()
    base: str  # address of admin/, without a slash at its end
    name: str
    csrf: str  # for the hidden field `csrf` of every form that posts
    render: Callable[..., Response]
    headers: Sequence[tuple[str, str]]

    @cached_property
    def formats(self) -> Formats:
        """Writes numbers, money and days in the person's language."""
        return Formats(self.language)

    @property
    def who(self) -> str:
        return self.person.name

    @cached_property
    def form(self) -> dict[str, str]:
        return parse_form(self.request.body.decode("utf-8", "replace"))

    @property
    def here(self) -> str:
        """This page's address."""
        return f"{self.base}/{self.name}"

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """`templates/stats/TEMPLATE` with `t` (words), `formats`, `base`, `here`, `csrf`, `may(role)`, and `values`."""
        common = {"here": self.here, "csrf": self.csrf, "may": self.person.may, "formats": self.formats}
        return self.render(template, status, **common, **values)

    def json(self, value: Any, status: int = 200) -> Response:
        return json_response(value, status)

    def csv(self, rows: Sequence[Sequence[Any]]) -> Response:
        """A file for a spreadsheet; the first row is its head."""
        body = formatting.csv_file([[str(cell) for cell in row] for row in rows])
        return Response(200, body, "text/csv; charset=utf-8", list(self.headers))

    def redirect(self, path: str = "") -> Response:
        """To an address below admin/, after a form has done its work."""
        return Response(303, headers=[*self.headers, ("Location", f"{self.base}/{path.lstrip('/')}")])

    def missing(self) -> Response:
        return self.render("missing.html", 404)


class Page(Protocol):
    """`words[language]["title"]` names it in the side bar; `post` is asked only by our own forms."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def words(self) -> Words: ...

    def get(self, ask: Ask) -> Response: ...

    def post(self, ask: Ask) -> Response: ...


class ReadOnly:
    """A page without forms."""

    def post(self, ask: Ask) -> Response:
        return ask.missing()
