"""The neutral request and response. An adapter turns its framework's objects into these, and back."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from opsplug.errors import EventError
from opsplug.web.long_polling import PollLimiter

if TYPE_CHECKING:
    from opsplug.capture.visit import Visit as Visit  # what an adapter carries through a request

_MAX_PARAMETERS = 100
_waiting = threading.Lock()  # held by the one who waits with a thread
_polls = PollLimiter(most=100, each=10)  # of those who wait without one; the others ask again
_encode = msgspec.json.Encoder().encode
_MAX_COOKIES = 500  # browsers keep fewer for one site


@dataclass(frozen=True, slots=True)
class Request:
    """A request to one of opsplug's own addresses. `path` is relative to the prefix, `root` ends without a slash."""

    method: str
    path: str
    root: str = ""  # where the shop is mounted: SCRIPT_NAME or root_path
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    scheme: str = "http"
    client: str = ""
    native: Any = None  # the framework's own request, for the shop's callables

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last counts. `EventError` for more than 100."""
        return parse_form(self.query_string)

    @property
    def cookies(self) -> dict[str, str]:
        return parse_cookies(self.header("cookie"))

    @property
    def host(self) -> str:
        return self.header("host")


@dataclass(frozen=True, slots=True)
class Watch:
    """An answer that waits until there is something to say, for `seconds` at most; how to wait is the adapter's choice.

    `poll(over)` reads, never waits, and returns what is new or None; `over` marks the last call, which should return
    something. An adapter that can wait without a thread sends one word after the other where the answer is
    `lasting` (server-sent events, which a browser asks for again when they end); else the first word is the answer.
    """

    poll: Callable[[bool], bytes | None]
    seconds: float
    every: float = 0.5
    lasting: bool = False
    client: str = ""

    def place(self) -> AbstractContextManager[bool]:
        """Whether one more may wait without a thread, until the end of the `with`; else the first word is the last."""
        return _polls.taken(self.client)

    def wait(self, *, many_threads: bool) -> bytes:
        """The first word, for servers that wait with a thread. They have few, and the shop needs them: one visitor or
        agent in a process may hold one; the others are answered at once and ask again after a pause of theirs."""
        if not many_threads or not _waiting.acquire(blocking=False):
            return self.poll(True) or b""
        try:
            deadline = time.monotonic() + self.seconds
            while time.monotonic() < deadline:
                chunk = self.poll(False)
                if chunk is not None:
                    return chunk
                time.sleep(self.every)
        finally:
            _waiting.release()
        return self.poll(True) or b""


@dataclass(slots=True)
class Response:
    """An answer; `headers` may repeat a name (Set-Cookie). `watch`, if set, gives what is sent instead of `body`."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    watch: "Watch | None" = None
    # Answers that depend on a durable write carry what to wait for; the adapter waits before the answer leaves.
    wait_for: tuple[Any, ...] = ()


Handler = Callable[[Request], Response]


def parse_cookies(header: str) -> dict[str, str]:
    """The pairs of a Cookie header; of a repeated name the first counts, as browsers send the most specific first."""
    found: dict[str, str] = {}
    for pair in header.split(";", _MAX_COOKIES)[:_MAX_COOKIES]:
        name, is_pair, value = pair.partition("=")
        if is_pair:
            found.setdefault(name.strip(), value.strip().strip('"'))
    return found


def parse_form(text: str) -> dict[str, str]:
    """The pairs of a query or of a form's body; of a repeated name the last counts."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        raise EventError(f"at most {_MAX_PARAMETERS} parameters are expected") from None


def read_json(body: bytes, kind: type[Any]) -> Any:
    """The body as a value of this type; `EventError` says what does not fit."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(f"the body is not the expected JSON: {error}") from None


def json_response(value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A JSON answer that no cache keeps."""
    private = [("Cache-Control", "private, no-store"), *headers]
    return Response(status, _encode(value), "application/json", private)


def error_response(status: int, message: str) -> Response:
    """One clear sentence and no stack trace."""
    return json_response({"error": message}, status)
