"""Flask's request to ours, our response to Flask's: the only two functions that know both."""

from io import BytesIO
from typing import Any

from flask import Request as FlaskRequest
from flask import Response as FlaskResponse
from flask import request
from flask.globals import request_ctx
from werkzeug.wsgi import get_input_stream

from opsplug.web.http import Request, Response


def to_request(native: FlaskRequest, path: str, limit: int) -> Request:
    """`path` is relative to our prefix; at most `limit` + 1 bytes of the body are read, whatever limit the app has.

    What was read is put back: a callable of the shop's may look at the form.
    """
    environ = native.environ
    body = get_input_stream(environ).read(limit + 1)
    environ["wsgi.input"] = BytesIO(body)
    return Request(
        method=native.method,
        path=path,
        root=native.root_path.rstrip("/"),
        query_string=environ.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in native.headers.items()},
        body=body,
        scheme=native.scheme,
        client=native.remote_addr or "",
        native=native,
    )


def from_response(response: Response, *, many_threads: bool = False) -> FlaskResponse:
    watch = response.watch
    body = watch.wait(many_threads=many_threads) if watch is not None else response.body
    answer = FlaskResponse(body, status=response.status, content_type=response.content_type)
    for name, value in response.headers:
        answer.headers.add(name, value)
    return answer


class FlaskHost:
    """Answers the questions of `opsplug.capture.visit.Host` about the request in hand."""

    loop = None

    @staticmethod
    def native() -> Any:
        try:
            return request._get_current_object()  # type: ignore[attr-defined]
        except RuntimeError:  # the shop's handler has raised: Flask has closed the request's context
            return None

    @staticmethod
    def netloc() -> str:
        return request.host

    @staticmethod
    def session_user() -> Any:
        # Past the session's own door: opening that would mark the session as used and add "Vary: Cookie" to the page.
        try:
            held = vars(request_ctx._get_current_object())  # type: ignore[attr-defined]
        except RuntimeError:
            return None
        opened = held.get("_session") if "_session" in held else held.get("session")
        if not isinstance(opened, dict):
            return None
        return dict.get(opened, "_user_id") or dict.get(opened, "user_id")
