"""The Flask extension: hooks on one side, `Engine` on the other, no rule of its own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, request

from opsplug.engine import Engine
from opsplug.errors import SettingsError
from opsplug_flask.translate import FlaskHost, from_response, to_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from opsplug.web.http import Visit

_HOST = FlaskHost()
_VISIT = "opsplug.visit"
_INNER = ("app", "wsgi_app", "application", "_app")  # what middlewares call the one that they wrap


class OpsPlug:
    """opsplug as a Flask extension: `OpsPlug(app)`, or `OpsPlug()` and later `init_app(app)`.

    Nothing is opened or started before the first request. Under Flask's TESTING no thread, file or schedule starts,
    unless
    `testing=False` or a `store` of its own is asked for.

    Parameters
    ----------
    app : Flask, optional
    engine : Engine, optional
        One that was made beforehand, instead of settings.
    **settings
        The fields of `Settings`; they win over `app.config["OPSPLUG_..."]` and the environment.

    Raises
    ------
    SettingsError
        A setting is unknown or malformed, or the app has an OpsPlug already.
    """

    def __init__(self, app: Flask | None = None, engine: Engine | None = None, **settings: Any) -> None:
        self._plug: _Plug | None = None
        if app is not None:
            self.init_app(app, engine, **settings)

    def init_app(self, app: Flask, engine: Engine | None = None, **settings: Any) -> None:
        """Attach to an app.

        Parameters
        ----------
        app : Flask
        engine : Engine, optional
            One that was made beforehand, instead of settings.
        **settings
            The fields of `Settings`.

        Raises
        ------
        SettingsError
            A setting is unknown or malformed, or the app has an OpsPlug already.
        """
        if "opsplug" in app.extensions:
            raise SettingsError("OpsPlug: attached to this app already; keep one call, two would count pages twice")
        self._plug = _Plug(app, engine, settings)
        app.extensions["opsplug"] = self._plug
        app.context_processor(lambda: {"opsplug": app.extensions["opsplug"].engine.helpers})
        if self._plug.enabled:
            app.after_request_funcs.setdefault(None, []).append(self._plug.page)
            self._plug.wrap()

    @property
    def engine(self) -> Engine:
        """The engine of the app that was attached last."""
        if self._plug is None:
            raise RuntimeError("OpsPlug has no app yet: call init_app(app) first")
        return self._plug.engine


def current_engine() -> Engine:
    """Find the engine of Flask's current app.

    Returns
    -------
    Engine

    Raises
    ------
    KeyError
        The app has no OpsPlug.
    """
    plug: _Plug = current_app.extensions["opsplug"]
    return plug.engine


class _Plug:
    """What belongs to one app."""

    def __init__(self, app: Flask, engine: Engine | None, keywords: dict[str, Any]) -> None:
        self.app = app
        self._engine = engine
        default = "sqlite:///" + os.path.join(app.instance_path, "opsplug.db")  # noqa: PTH118 - a URL, not a path
        self._settings = engine.settings if engine else Engine.gather(keywords, app.config, store=default)
        self._asked = "testing" in keywords or self._settings.store != default
        self.enabled = self._settings.enabled
        self._prefix = self._settings.prefix + "/"
        self._is_first = False
        self.inner: WSGIApplication = app.wsgi_app

    def wrap(self) -> None:
        """Stand around Flask itself, within whatever wraps it already: a ProxyFix outside has set host and prefix."""
        outer: Any = self.app
        name = "wsgi_app"
        for _ in range(20):
            below = getattr(outer, name)
            inner = next((one for one in _INNER if callable(getattr(below, one, None))), None)
            if inner is None or getattr(below, "__self__", None) is self.app:
                break
            outer, name = below, inner
        self.inner = getattr(outer, name)
        setattr(outer, name, self.serve)

    def _go_first(self) -> None:
        """Flask runs these from last to first: the page is read before others compress it, whenever they came."""
        self._is_first = True
        hooks = self.app.after_request_funcs.get(None, [])
        if self.page in hooks and hooks[-1] != self.page:
            hooks.remove(self.page)
            hooks.append(self.page)

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            settings = self._settings
            if self.app.testing and not self._asked:
                settings = dataclasses.replace(settings, testing=True, store="sqlite://")
            self._engine = Engine(settings)
            if self._engine.catalog_source is not None:
                self._engine.catalog_source.context = self.app.app_context
        return self._engine

    def serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The shop's WSGI application with ours around it: a wrapper costs less than hooks of the app do."""
        engine = visit = None
        if not self._is_first:
            self._go_first()
        try:
            engine = self.engine
            engine.start()
            path = environ["PATH_INFO"]
            if path.startswith(self._prefix):
                return self._ours(environ, start_response, path)
            visit = environ[_VISIT] = self._enter(engine, environ, path)
        except Exception as error:
            if engine is None:
                raise
            engine.guard.swallowed("begin", error)
        if visit is None:
            return self.inner(environ, start_response)
        start = _Start(engine, visit, environ, start_response)
        try:
            return self.inner(environ, start)
        except BaseException:
            visit.status = 500
            raise
        finally:
            if visit.status:
                start.leave()
            else:  # an app that answers when it is read: its visit is over when its answer begins
                start.is_late = True

    def _enter(self, engine: Engine, environ: WSGIEnvironment, path: str) -> Visit:
        get = environ.get
        return engine.observer.enter(
            _HOST,
            environ["REQUEST_METHOD"],
            path.encode("latin-1").decode("utf-8", "replace") if not path.isascii() else path,
            get("SCRIPT_NAME", ""),
            environ["wsgi.url_scheme"] == "https",
            get("HTTP_USER_AGENT", ""),
            get("HTTP_COOKIE", ""),
            get("HTTP_SEC_PURPOSE") or get("HTTP_PURPOSE") or get("HTTP_X_MOZ") or "",
            get("HTTP_DNT") == "1" or get("HTTP_SEC_GPC") == "1",
            get("HTTP_ACCEPT_LANGUAGE", ""),
            get("HTTP_REFERER", ""),
            get("QUERY_STRING", ""),
            get("REMOTE_ADDR", ""),
            get("HTTP_X_FORWARDED_FOR", ""),
        )

    def _ours(self, environ: WSGIEnvironment, start_response: StartResponse, path: str) -> Iterable[bytes]:
        """One of opsplug's own addresses; within a request context, which the shop's callables may need."""
        web = self.engine.web
        with self.app.request_context(environ):
            ours = to_request(request._get_current_object(), path[len(self._prefix) - 1 :], web.max_body)  # type: ignore[attr-defined]
            answer = from_response(web.handle(ours, _HOST), many_threads=bool(environ.get("wsgi.multithread")))
            return answer(environ, start_response)

    def page(self, response: Response) -> Response:
        """Runs before the shop's own after_request functions."""
        # Reading the header ourselves costs a third of what `headers.get` does.
        if response.status_code != 200:
            return response
        media = _header(response.headers, "content-type") or ""
        if media.startswith("application/json"):
            self._json(response)
        elif media.startswith("text/html"):
            visit = request.environ.get(_VISIT)
            engine = self.engine
            with engine.guard("page"):
                if visit is not None and visit.method == "GET":
                    visit.is_page = True
                    if not response.is_streamed and not response.direct_passthrough:
                        body = engine.pages.read(visit, 200, _with_policy(response), response.get_data)
                        if body is not None:
                            response.set_data(body)
                    else:
                        engine.counters.note("pages_without_tag.*", "streamed")
        return response

    def _json(self, response: Response) -> None:
        visit = request.environ.get(_VISIT)
        if visit is not None and visit.method == "GET" and not response.is_streamed and not response.direct_passthrough:
            with self.engine.guard("page"):
                self.engine.pages.read_json(visit, response.headers.get, response.get_data)


def _with_policy(response: Response) -> Iterable[tuple[str, str]]:
    """The answer's headers, and the policy of an extension that will set it only later (Flask-Talisman)."""
    nonce = getattr(request, "csp_nonce", None)
    if isinstance(nonce, str) and "content-security-policy" not in response.headers:
        return [*response.headers.items(), ("content-security-policy", f"script-src 'nonce-{nonce}'")]
    return response.headers.items()


class _Start:
    """WSGI's start_response with our headers added."""

    __slots__ = ("_start", "engine", "environ", "is_late", "visit")

    def __init__(self, engine: Engine, visit: Visit, environ: WSGIEnvironment, start: StartResponse) -> None:
        self.engine = engine
        self.environ = environ
        self.visit = visit
        self._start = start
        self.is_late = False

    def leave(self) -> None:
        try:
            self.engine.observer.leave(self.visit)
        except Exception as error:
            self.engine.guard.swallowed("finish", error)

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        visit = self.visit
        engine = self.engine
        try:
            code = int(status[:3])
            native = self.environ.get("werkzeug.request")  # Flask takes it away when the request context ends
            if native is not None and native.url_rule is not None:
                visit.route = native.url_rule.rule
                visit.params = native.view_args
            headers += engine.observer.respond(
                visit, code, visit.is_page and code == 200, lambda: _header(headers, "cache-control")
            )
            if visit.private:
                headers[:] = [pair for pair in headers if pair[0].lower() != "cache-control"]
                headers.append(("Cache-Control", "private, no-store"))
            if visit.tickets:
                engine.settle(visit.tickets)
        except Exception as error:
            engine.guard.swallowed("respond", error)
        if self.is_late:
            self.is_late = False
            self.leave()
        return self._start(status, headers, exc_info)


def _header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    for found, value in headers:
        if found.lower() == name:
            return value
    return None
