"""The Flask extension: hooks on one side, `Engine` on the other, no rule of its own."""

import dataclasses
import os
from typing import Any

from flask import Flask, Response, current_app, request

from opsplug.engine import Engine
from opsplug_flask.translate import FlaskHost, from_response, to_request

_HOST = FlaskHost()
_VISIT = "opsplug.visit"


class OpsPlug:
    """`OpsPlug(app)`, or `OpsPlug()` and later `init_app(app)`; settings as keywords or `app.config["OPSPLUG_..."]`.

    Nothing is opened or started before the first request. Under Flask's TESTING no thread, file or schedule starts,
    unless `testing=False` or a `store` of its own is asked for.
    """

    def __init__(self, app: Flask | None = None, engine: Engine | None = None, **settings: Any) -> None:
        self._plug: _Plug | None = None
        if app is not None:
            self.init_app(app, engine, **settings)

    def init_app(self, app: Flask, engine: Engine | None = None, **settings: Any) -> None:
        """Attach to `app`; raises `SettingsError` for an unknown or malformed setting."""
        self._plug = _Plug(app, engine, settings)
        app.extensions["opsplug"] = self._plug
        app.context_processor(lambda: {"opsplug": app.extensions["opsplug"].engine.helpers})
        if self._plug.enabled:
            app.before_request_funcs.setdefault(None, []).insert(0, self._plug.begin)
            # Flask runs these from last to first: the page is read before others compress it, headers are set last.
            app.after_request_funcs.setdefault(None, []).insert(0, self._plug.respond)
            app.after_request_funcs[None].append(self._plug.page)
            app.teardown_request(self._plug.finish)

    @property
    def engine(self) -> Engine:
        """The engine of the app that was attached last."""
        if self._plug is None:
            raise RuntimeError("OpsPlug has no app yet: call init_app(app) first")
        return self._plug.engine


def current_engine() -> Engine:
    """The engine of Flask's current app."""
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

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            settings = self._settings
            if self.app.testing and not self._asked:
                settings = dataclasses.replace(settings, testing=True, store="sqlite://")
            self._engine = Engine(settings)
        return self._engine

    def begin(self) -> Response | None:
        engine = self.engine
        with engine.guard("begin"):
            engine.start()
            native = request._get_current_object()  # type: ignore[attr-defined]
            environ = native.environ
            path = native.path
            if path.startswith(self._prefix):
                ours = to_request(native, path[len(self._prefix) - 1 :], engine.web.max_body)
                return from_response(engine.web.handle(ours, _HOST))
            get = environ.get
            environ[_VISIT] = engine.observer.enter(
                _HOST,
                native.method,
                path,
                get("SCRIPT_NAME", ""),
                native.scheme == "https",
                get("HTTP_USER_AGENT", ""),
                get("HTTP_COOKIE", ""),
                get("HTTP_SEC_PURPOSE") or get("HTTP_PURPOSE") or get("HTTP_X_MOZ") or "",
                get("HTTP_DNT") == "1" or get("HTTP_SEC_GPC") == "1",
                get("HTTP_ACCEPT_LANGUAGE", ""),
                get("HTTP_REFERER", ""),
                get("QUERY_STRING", ""),
            )
        return None

    def page(self, response: Response) -> Response:
        """Runs before the shop's own after_request functions."""
        if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
            visit = request.environ.get(_VISIT)
            engine = self.engine
            with engine.guard("page"):
                if visit is not None and visit.method == "GET":
                    visit.is_page = True
                    if not response.is_streamed and not response.direct_passthrough:
                        body = engine.pages.read(visit, 200, response.headers.get, response.get_data)
                        if body is not None:
                            response.set_data(body)
        return response

    def respond(self, response: Response) -> Response:
        """Runs after the shop's own after_request functions."""
        visit = request.environ.get(_VISIT)
        if visit is not None:
            engine = self.engine
            with engine.guard("respond"):
                status = response.status_code
                added = engine.observer.respond(
                    visit, status, visit.is_page and status == 200, lambda: response.headers.get("Cache-Control")
                )
                for name, value in added:
                    response.headers.add(name, value)
                if visit.private:
                    response.headers["Cache-Control"] = "private, no-store"
                if visit.tickets:
                    engine.settle(visit.tickets)
        return response

    def finish(self, error: BaseException | None) -> None:
        native = request._get_current_object()  # type: ignore[attr-defined]
        visit = native.environ.pop(_VISIT, None)
        if visit is not None:
            engine = self.engine
            with engine.guard("finish"):
                rule = native.url_rule
                if rule is not None:
                    visit.route = rule.rule
                    visit.params = native.view_args
                if error is not None:
                    visit.status = 500
                engine.observer.leave(visit)
