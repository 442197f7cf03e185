"""Router of opsplug's own addresses, with rate limits and error responses."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from opsplug.capture.beacon import MAX_BODY
from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.capture.observer import Observer
from opsplug.capture.visit import Host, Visit
from opsplug.errors import EventError, OpsPlugError
from opsplug.units import DAY, HOUR
from opsplug.web.http import Request, Response, error_response, json_response
from opsplug.web.limiter import Limiter, network
from opsplug.web.static import Snippet
from opsplug.web.widgets import Helpers

Route = Callable[[Request, Visit], Response]
Settle = Callable[[Any], None]

_MAX_REQUESTS_PER_SECOND = 300  # of all kinds, from one address; a visitor's browser sends one in some seconds
_WINDOW = 5.0  # seconds
# Bytes of bodies a day: what a crowd behind one address sends, and what a disk of some hundred GB takes for months.
_MAX_BYTES_PER_CLIENT = 100_000_000
_MAX_BYTES = 2_000_000_000


class Web:
    """`handle` answers a request below the prefix; `helpers` is what templates see as `opsplug`."""

    max_body = MAX_BODY

    def __init__(
        self,
        observer: Observer,
        guard: Guard,
        counters: Counters,
        snippet: Snippet,
        helpers: Helpers,
        routes: Mapping[tuple[str, str], Route],
        folders: Mapping[str, Route],
        settle: Settle,
    ) -> None:
        self.helpers = helpers
        self._observer = observer
        self._guard = guard
        self._counters = counters
        self._snippet = snippet
        self._routes = routes
        self._folders = folders  # a whole folder of addresses, such as /admin/, with one handler
        self._settle = settle
        self._limiter = Limiter(_MAX_REQUESTS_PER_SECOND, _WINDOW, observer.settings.trusted_proxies)
        self._bytes_of_one = Limiter(_MAX_BYTES_PER_CLIENT / DAY, DAY)
        self._bytes_of_all = Limiter(_MAX_BYTES / DAY, DAY)

    def handle(self, request: Request, host: Host) -> Response:
        """Never raises: what is wrong with the request is a 4xx with one sentence, a store that fails a 503, a fault of
        ours a 500."""
        with self._guard("web"):
            header = request.header
            visit = self._observer.enter(
                host,
                request.method,
                "/",
                root=request.root,
                secure=request.scheme == "https",
                agent=header("user-agent"),
                cookie=header("cookie"),
                opted_out=header("dnt") == "1" or header("sec-gpc") == "1",
                language=header("accept-language"),
                referrer=header("referer"),
                query=request.query_string,
                client=request.client,
                forwarded=header("x-forwarded-for"),
            )
            try:
                response = self._dispatch(request, visit)
            except EventError as error:
                self._counters.add("requests_rejected")
                response = error_response(400, str(error))
            except OpsPlugError as error:
                # The store, the keys or a model cannot be had: not the client's fault, and not for ever.
                self._guard.swallowed("web", error)
                response = error_response(503, "opsplug cannot answer this at the moment; the shop's log says why")
                response.headers.append(("Retry-After", "30"))
            finally:
                self._observer.drop()
            if response.wait_for:
                self._settle(response.wait_for)
            if response.watch is not None:
                who = network(request, self._observer.settings.trusted_proxies)
                response.watch = replace(response.watch, poll=self._guarded(response.watch.poll), client=who)
            return response
        return error_response(500, "opsplug could not answer this; the shop's log says why")

    def _guarded(self, poll: Callable[[bool], bytes | None]) -> Callable[[bool], bytes | None]:
        """What fails while somebody waits ends that wait."""

        def guarded(over: bool) -> bytes | None:
            with self._guard("watch"):
                return poll(over)
            return b""

        return guarded

    def _refuse(self, request: Request, now: float) -> Response | None:
        """429 for an address that asks too often, or when it, or all together, have sent a day's worth of bytes."""
        if not self._limiter.allows(request, now):
            self._counters.add("rate_limited")
            return json_response({"error": "too many requests; try again in some seconds"}, 429, [("Retry-After", "5")])
        size = len(request.body)
        if size and request.path == "/events":
            who = network(request, self._observer.settings.trusted_proxies)
            for limiter, key, reason in (
                (self._bytes_of_one, who, "bytes_limited.address"),
                (self._bytes_of_all, "", "bytes_limited.all"),
            ):
                if not limiter.takes(key, size, now):
                    self._counters.add(reason)
                    return json_response({"error": "a day's worth was sent already"}, 429, [("Retry-After", str(HOUR))])
        return None

    def _dispatch(self, request: Request, visit: Visit) -> Response:
        if len(request.body) > self.max_body:  # the adapters read no further, so it is not whole
            self._counters.add("requests_rejected")
            return error_response(413, f"the body is larger than {self.max_body} bytes")
        method = "GET" if request.method == "HEAD" else request.method
        if method == "GET":
            file = self._snippet.serve(request.path.lstrip("/"), request)
            if file is not None:
                return file
        refusal = self._refuse(request, time.monotonic())
        if refusal is not None:
            return refusal
        route = self._routes.get((method, request.path))
        if route is not None:
            return route(request, visit)
        folder = "/" + request.path.lstrip("/").partition("/")[0] + "/"
        if folder in self._folders and (request.path.startswith(folder) or request.path + "/" == folder):
            return self._folders[folder](request, visit)
        if any(path == request.path for _, path in self._routes):
            allowed = ", ".join(known for known, path in self._routes if path == request.path)
            response = error_response(405, f"{request.method} is not answered here, only {allowed}")
            response.headers.append(("Allow", allowed))
            return response
        return error_response(404, "there is nothing at this address")
