"""The frame around all stats pages: who may come in, which page was asked for, in which language."""

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment

from opsplug import locales, resources
from opsplug.capture.ids import new_id
from opsplug.capture.visit import Visit
from opsplug.errors import StoreError
from opsplug.settings import Settings
from opsplug.web.access import Access, Person
from opsplug.web.admin.page import GROUPS, Ask, Page
from opsplug.web.http import Request, Response, parse_form
from opsplug.web.ingest import same_origin

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = [
    ("Cache-Control", "private, no-store"),
    ("Content-Security-Policy", _POLICY),
    # No path ever, but the origin: with "no-referrer" a browser would hide from us that our own form was sent.
    ("Referrer-Policy", "strict-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex"),
]
_HTML = "text/html; charset=utf-8"
_LANGUAGE_COOKIE = "opsplug_language"
_FORM_COOKIE = "opsplug_form"  # what the token of a form is bound to


class Shell:
    """Everything below `admin/`. The first page is the one at `admin/` itself."""

    def __init__(self, access: Access, templates: Environment, pages: Sequence[Page], settings: Settings) -> None:
        self._access = access
        self._templates = templates
        self._pages = {page.name: page for page in pages}
        self._first = pages[0].name
        self._settings = settings

    def handle(self, request: Request, visit: Visit) -> Response:
        path = request.path.removeprefix("/admin").strip("/")
        if path == "stats.css":
            return self._stylesheet()
        if path == "login" and request.method == "POST":
            return self._login(request, visit)
        token = request.query.get("token")
        if token is not None and request.method == "GET":
            if self._access.redeem(request, token, from_address=True, now=visit.started):
                return self._enter(request, visit, path)
            return self._closed(request, visit, wrong=True)
        person = self._access.person_of(request, visit)
        if person is None:
            return self._closed(request, visit, wrong=False)
        if path == "logout" and request.method == "POST":
            return self._logout(person, request, visit)
        return self._answer(path, person, request, visit)

    # ------------------------------------------------------------------ doors

    def _login(self, request: Request, visit: Visit) -> Response:
        token = parse_form(request.body.decode("utf-8", "replace")).get("token", "")
        if same_origin(request) and self._access.redeem(request, token, from_address=False, now=visit.started):
            return self._enter(request, visit, "")
        return self._closed(request, visit, wrong=True)

    def _logout(self, person: Person, request: Request, visit: Visit) -> Response:
        form = parse_form(request.body.decode("utf-8", "replace"))
        secret = request.cookies.get(_FORM_COOKIE, "")
        if not same_origin(request) or not self._access.form_fits(secret, person, form.get("csrf", "")):
            return self._closed(request, visit, wrong=False)
        self._access.end_session(request, visit.started, everywhere="everywhere" in form)
        cookie = ("Set-Cookie", self._access.no_cookie(request))
        return Response(303, headers=[*_HEADERS, ("Location", f"{self._base(request)}/"), cookie])

    def _enter(self, request: Request, visit: Visit, path: str) -> Response:
        """The session is in a cookie from now on, the token out of the address; only to a page that there is."""
        name, _, _ = _parts(path)
        cookie = ("Set-Cookie", self._access.session_cookie(request, visit.started))
        place = name if name in self._pages and name != self._first else ""
        return Response(303, headers=[*_HEADERS, ("Location", f"{self._base(request)}/{place}"), cookie])

    def _closed(self, request: Request, visit: Visit, *, wrong: bool) -> Response:
        form = bool(self._settings.admin_token)
        status = 403 if wrong or not form else 401
        words = locales.words("stats", self._language(request, visit))
        return self._html("login.html", status, request, t=words, open=form, wrong=wrong)

    def _stylesheet(self) -> Response:
        source = (resources.package_folder("web/templates") / "stats/stats.css").read_bytes()
        headers = [("Cache-Control", "private, max-age=300"), ("X-Content-Type-Options", "nosniff")]
        return Response(200, source, "text/css; charset=utf-8", headers)

    # ------------------------------------------------------------------ pages

    def _answer(self, path: str, person: Person, request: Request, visit: Visit) -> Response:
        name, rest, extension = _parts(path)
        page = self._pages.get(name if path else self._first)
        language = self._language(request, visit)
        secret = request.cookies.get(_FORM_COOKIE) or new_id()
        ask = Ask(
            request,
            visit,
            person,
            rest,
            extension,
            {**locales.words("stats", language), **(page.words[language] if page else {})},
            language,
            self._base(request),
            page.name if page else "",
            self._access.form_token(secret, person),
            lambda template, status, **values: self._render(template, status, ask, secret, **values),
            _HEADERS,
        )
        if page is None or not person.may(page.role):
            return ask.missing()
        try:
            if request.method in ("GET", "HEAD"):
                return page.get(ask)
            if request.method != "POST":
                return ask.missing()
            if not same_origin(request) or not self._access.form_fits(secret, person, ask.form.get("csrf", "")):
                return ask.render("refused.html", 403)
            return page.post(ask)
        except StoreError:
            return ask.render("no_store.html", 503)

    def _render(self, template: str, status: int, ask: Ask, secret: str, **values: Any) -> Response:
        values = {"csrf": ask.csrf, **values}
        response = self._html(
            template, status, ask.request, t=ask.words, sections=self._sections(ask), current=ask.name,
            may_log_out=self._access.has_session(ask.request), **values,
        )  # fmt: skip
        if ask.request.cookies.get(_FORM_COOKIE) != secret:
            path, secure = self._cookie_place(ask.request)
            response.headers.append(
                ("Set-Cookie", f"{_FORM_COOKIE}={secret}; {path}; HttpOnly; SameSite=Strict{secure}")
            )
        return response

    def _sections(self, ask: Ask) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """The side bar: (heading, (name, address, text) of each page that this person may see)."""
        shown = [page for page in self._pages.values() if ask.person.may(page.role)]
        sections = []
        for group in GROUPS:
            links = [
                (page.name, "" if page.name == self._first else page.name, str(page.words[ask.language]["title"]))
                for page in shown
                if page.group == group
            ]
            if links:
                sections.append((str(ask.words["groups"][group]), links))
        return sections

    def _html(self, template: str, status: int, request: Request, **values: Any) -> Response:
        body = self._templates.get_template(f"stats/{template}").render(
            base=self._base(request), languages=self._languages(), language_name=locales.language_name, **values
        )
        headers = list(_HEADERS)
        chosen = locales.match(request.query.get("lang", ""))
        if chosen:
            path, _ = self._cookie_place(request)
            headers.append(("Set-Cookie", f"{_LANGUAGE_COOKIE}={chosen}; {path}; Max-Age=31536000; SameSite=Lax"))
        return Response(status, body.encode(), _HTML, headers)

    def _language(self, request: Request, visit: Visit) -> str:
        wanted = (request.query.get("lang", ""), request.cookies.get(_LANGUAGE_COOKIE, ""), visit.language)
        return locales.choose(*wanted, self._settings.language)

    @staticmethod
    def _languages() -> list[tuple[str, str]]:
        """(tag, its own name) of each language that can be chosen."""
        return [(tag, locales.language_name(tag)) for tag in locales.languages()]

    def _base(self, request: Request) -> str:
        return f"{request.root}{self._settings.prefix}/admin"

    def _cookie_place(self, request: Request) -> tuple[str, str]:
        return f"Path={request.root}{self._settings.prefix}", "; Secure" if request.scheme == "https" else ""


def _parts(path: str) -> tuple[str, str, str]:
    """(page, rest, extension) of an address below admin/; only a file for download has an extension."""
    stem, dot, extension = path.rpartition(".")
    if not dot or extension not in ("csv", "json"):
        stem, extension = path, ""
    name, _, rest = stem.partition("/")
    return name, rest, extension
