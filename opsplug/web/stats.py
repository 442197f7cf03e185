"""The stats page: who may see it, which page was asked for, and the numbers as words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment

from opsplug.capture.visit import Visit
from opsplug.errors import StoreError
from opsplug.services.statistics import Overview, Statistics
from opsplug.settings import Settings
from opsplug.web import charts, figures
from opsplug.web.access import Access
from opsplug.web.http import Request, Response, parse_form
from opsplug.web.ingest import same_origin
from opsplug.web.texts import FAILED, GRAVE, TEXTS

DAYS = 30
FEWEST_SHOWN = 200  # impressions below which a click rate would promise more than is known
PAGES = (
    ("overview", ""),
    ("recommendations", "recommendations"),
    ("items", "items"),
    ("models", "models"),
    ("health", "health"),
)
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
_CSV = "text/csv; charset=utf-8"
_LANGUAGE_COOKIE = "opsplug_language"


class StatsPages:
    """Everything below `admin/`."""

    def __init__(
        self, access: Access, templates: Environment, statistics: Callable[[], Statistics], settings: Settings
    ) -> None:
        self._access = access
        self._templates = templates
        self._statistics = statistics
        self._settings = settings

    def handle(self, request: Request, visit: Visit) -> Response:
        name = request.path.removeprefix("/admin").strip("/")
        if name == "stats.css":
            return self._stylesheet()
        if name == "login" and request.method == "POST":
            return self._login(request, visit)
        token = request.query.get("token")
        if token is not None and request.method == "GET":
            if self._access.redeem(token, from_address=True, now=visit.started):
                return self._enter(request, visit, name)
            return self._closed(request, visit, wrong=True)
        if self._access.role_of(request, visit) is None:
            return self._closed(request, visit, wrong=False)
        base, _, extension = name.partition(".")
        page = dict.fromkeys(key for key, _ in PAGES)
        wanted = base or "overview"
        if wanted not in page or extension not in ("", "csv") or request.method != "GET":
            return self._html("login.html", 404, request, visit, open=False, wrong=False)
        try:
            return self._page(wanted, extension, request, visit)
        except StoreError:
            words = self._words(request, visit)
            table = {"title": words["store"], "columns": [], "rows": [], "empty": words["no_store"]}
            return self._render("table.html", wanted, request, visit, 200, intro="", tables=[table], download=None)

    # ------------------------------------------------------------------ doors

    def _login(self, request: Request, visit: Visit) -> Response:
        token = parse_form(request.body.decode("utf-8", "replace")).get("token", "")
        if same_origin(request) and self._access.redeem(token, from_address=False, now=visit.started):
            return self._enter(request, visit, "")
        return self._closed(request, visit, wrong=True)

    def _enter(self, request: Request, visit: Visit, name: str) -> Response:
        """The session is in a cookie from now on, the token out of the address; only to a page that there is."""
        if name.partition(".")[0] not in dict(PAGES):
            name = ""
        cookie = ("Set-Cookie", self._access.session_cookie(request, visit.started))
        return Response(303, headers=[*_HEADERS, ("Location", f"{self._base(request)}/{name}"), cookie])

    def _closed(self, request: Request, visit: Visit, *, wrong: bool) -> Response:
        form = bool(self._settings.admin_token)
        return self._html("login.html", 403 if wrong or not form else 401, request, visit, open=form, wrong=wrong)

    def _stylesheet(self) -> Response:
        source, _, _ = self._templates.loader.get_source(self._templates, "stats/stats.css")  # type: ignore[union-attr]
        headers = [("Cache-Control", "private, max-age=300"), ("X-Content-Type-Options", "nosniff")]
        return Response(200, source.encode(), "text/css; charset=utf-8", headers)

    # ------------------------------------------------------------------ pages

    def _page(self, name: str, extension: str, request: Request, visit: Visit) -> Response:
        words = self._words(request, visit)
        if name == "overview":
            overview = self._statistics().overview(DAYS)
            if extension == "csv":
                return Response(200, figures.csv_file(figures.overview_rows(overview, words)), _CSV, list(_HEADERS))
            return self._overview(overview, words, request, visit)
        table = getattr(self, f"_{name}_table")(words)
        if extension == "csv":
            return Response(
                200,
                figures.csv_file([[column["name"] for column in table["columns"]], *table["rows"]]),
                _CSV,
                list(_HEADERS),
            )
        download = f"{self._base(request)}/{name}.csv"
        intro = words[f"{name}_intro"].format(days=DAYS)
        return self._render("table.html", name, request, visit, 200, intro=intro, tables=[table], download=download)

    def _overview(self, overview: Overview, words: dict[str, Any], request: Request, visit: Visit) -> Response:
        download = f"{self._base(request)}/overview.csv"
        days = overview.days
        views = {words["page_views"]: overview.page_views, words["visitors"]: overview.visitors.days}
        events = {words["chart_events"]: overview.events, words["bots"]: overview.bots}
        return self._render(
            "overview.html",
            "overview",
            request,
            visit,
            200,
            days=DAYS,
            numbers=figures.numbers(overview, words),
            has_events=overview.total_events > 0,
            findings=self._findings(words),
            proposal=self._proposal(overview, words),
            views_chart=charts.lines(words["chart_views"], days, views, download),
            orders_chart=charts.lines(words["chart_orders"], days, {words["orders"]: overview.orders.days}, download),
            events_chart=charts.lines(words["chart_events"], days, events, download),
        )

    def _recommendations_table(self, words: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for report in self._statistics().recommendations(DAYS):
            enough = report.impressions >= FEWEST_SHOWN
            rate = f"{100 * report.clicks / report.impressions:.1f}" if enough else None
            few = words["not_enough"].format(have=report.impressions, need=FEWEST_SHOWN)
            money = ", ".join(f"{value:,.2f} {currency}".strip() for currency, value in report.revenue.items())
            counts = [f"{n:,}" for n in (report.impressions, report.clicks, report.carts, report.purchases)]
            row = [report.placement, report.model, *counts[:2], rate or few, *counts[2:], money or "–"]
            rows.append([*row, f"{report.view_through:,}"])
        names = ("placement", "model", "impressions", "clicks", "ctr", "carts", "purchases", "revenue", "view_through")
        return figures.table(words, names, rows, words["no_recs"], numbers_from=2)

    def _items_table(self, words: dict[str, Any]) -> dict[str, Any]:
        items = self._statistics().top_items(DAYS)
        rows = [[item.name, f"{item.views:,}", f"{item.carts:,}", f"{item.purchases:,}"] for item in items]
        return figures.table(words, ("item", "views", "carts", "purchases"), rows, words["no_items"], numbers_from=1)

    def _models_table(self, words: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for version in self._statistics().models():
            about = version.about
            state = (
                words["problem"] + f": {version.problem}"
                if version.problem
                else words["in_use" if version.in_use else "kept"]
            )
            trained = (
                datetime.fromtimestamp(float(about.get("at", 0)), UTC).strftime("%Y-%m-%d %H:%M")
                if about.get("at")
                else "–"
            )
            rows.append(
                [
                    version.name,
                    version.version,
                    trained,
                    figures.quality(about.get("metrics"), words),
                    figures.metrics(about.get("baseline")),
                    state,
                ]
            )
        names = ("model", "version", "trained", "quality", "compared", "state")
        return figures.table(words, names, rows, words["no_models"], numbers_from=99)

    def _health_table(self, words: dict[str, Any]) -> dict[str, Any]:
        statistics = self._statistics()
        meanings = {finding["name"]: finding["text"] for finding in self._findings(words)}
        rows = [[name, f"{count:,}", meanings.get(name, "")] for name, count in statistics.counts().items()]
        rows.append(
            [words["store"], words["store_size"].format(size=figures.bytes_on_disk(statistics.size_bytes())), ""]
        )
        table = figures.table(words, ("counter", "count", "meaning"), rows, "", numbers_from=99)
        table["columns"][1]["number"] = True
        return table

    # ------------------------------------------------------------------ words

    def _findings(self, words: dict[str, Any]) -> list[dict[str, str]]:
        """What a person should look at, worst first."""
        chinese = words["lang"] != "en"
        found = []
        for name, count in self._statistics().counts().items():
            grave = GRAVE.get(name)
            if grave is not None:
                found.append(
                    {"name": name, "tone": grave[0], "text": grave[2 if chinese else 1].format(n=f"{count:,}")}
                )
            elif name.startswith("errors."):
                text = FAILED[2 if chinese else 1].format(hook=name.removeprefix("errors."), n=f"{count:,}")
                found.append({"name": name, "tone": FAILED[0], "text": text})
        return sorted(found, key=lambda finding: finding["tone"] != "worse")

    def _proposal(self, overview: Overview, words: dict[str, Any]) -> str:
        """One thing to do next, with its evidence."""
        if not overview.total_events:
            return str(words["propose_none"])
        statistics = self._statistics()
        if not statistics.models():
            return str(words["propose_train"].format(events=f"{overview.total_events:,}"))
        placements = {report.placement for report in statistics.recommendations(DAYS)}
        if "item" not in placements:
            views = sum(item.views for item in statistics.top_items(DAYS))
            return str(words["propose_token"].format(views=f"{views // 4:,}"))
        return str(words["propose_more"] if "cart" not in placements else words["propose_none"])

    def _words(self, request: Request, visit: Visit) -> dict[str, Any]:
        wanted = request.query.get("lang") or request.cookies.get(_LANGUAGE_COOKIE) or visit.language
        return TEXTS.get(wanted[:2].lower(), TEXTS[self._settings.language])

    def _base(self, request: Request) -> str:
        return f"{request.root}{self._settings.prefix}/admin"

    def _render(
        self, template: str, current: str, request: Request, visit: Visit, status: int, **values: Any
    ) -> Response:
        words = self._words(request, visit)
        return self._html(
            template, status, request, visit, pages=PAGES, current=current, page_title=words["pages"][current], **values
        )

    def _html(self, template: str, status: int, request: Request, visit: Visit, **values: Any) -> Response:
        body = self._templates.get_template(f"stats/{template}").render(
            t=self._words(request, visit), base=self._base(request), **values
        )
        headers = list(_HEADERS)
        chosen = request.query.get("lang", "")[:2]
        if chosen in TEXTS:
            path = f"{request.root}{self._settings.prefix}"
            headers.append(("Set-Cookie", f"{_LANGUAGE_COOKIE}={chosen}; Path={path}; Max-Age=31536000; SameSite=Lax"))
        return Response(status, body.encode(), _HTML, headers)
