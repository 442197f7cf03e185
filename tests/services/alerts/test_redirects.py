"""A message of ours goes where the shop said, and nowhere that the answer points to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from opsplug.errors import ModelError, SettingsError
from opsplug.services.alerts.notify import NotifyError, send
from opsplug.services.chat.conversation.language_model import Budget, LanguageModel
from opsplug.services.chat.desk.help_desk_bridge import Bridge
from opsplug.services.chat.desk.outbox import Outbox
from opsplug.services.chat.desk.transcript import send_mail
from opsplug.services.chat.knowledge.entries import Entry, KnowledgeError
from opsplug.services.chat.knowledge.importing import loopback, read_pages
from opsplug.services.chat.knowledge.knowledge import Match
from opsplug.settings import Settings
from opsplug.store import open_store
from opsplug.training.encoders import Endpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


class Tally:
    def add_counts(self, counts: Any) -> None: ...

    def counts(self) -> dict[str, int]:
        return {}


@pytest.fixture
def inside() -> Iterator[Any]:
    """A server that only this machine can reach, and which must not hear from us."""
    yield from serve(200, lambda: "")


@pytest.fixture(params=[301, 302, 303, 307, 308])
def outside(request: pytest.FixtureRequest, inside: Any) -> Iterator[Any]:
    """The one that the shop named; it sends everybody on."""
    yield from serve(request.param, lambda: f"http://localhost:{inside.server_port}/latest/meta-data")


def serve(status: int, place: Callable[[], str]) -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.heard.append(self.path)
            self.send_response(status)
            self.send_header("Location", place())
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None: ...

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.heard = []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def to_alerts(host: str) -> None:
    for kind in ("json", "form", "xml"):
        with pytest.raises(NotifyError):
            send(f"{kind}://{host}/hook", "title", "body", key="k")


def to_letters(host: str) -> None:
    assert send_mail(f"json://{host}/hook", "anna@example.com", "subject", "text") is False


def to_bridge(host: str) -> None:
    assert Bridge(f"http://{host}/desk", "s" * 16).send({"id": "1"}) is False


def to_language_model(host: str) -> None:
    model = LanguageModel("m", f"http://{host}/v1", "key", Budget(Tally(), 9, 9))
    assert model.propose("returns?", "en", [Match(Entry("returns", "Returns?", "30 days", "en"), 0.5)]) is None
    model.close()


def to_embeddings(host: str) -> None:
    endpoint = Endpoint(f"http://{host}/v1", "m", "key")
    with pytest.raises(ModelError):
        endpoint.encode(["a"])
    endpoint.close()


def to_help_pages(host: str) -> None:
    with pytest.raises(KnowledgeError):
        loopback(f"http://{host}")("/help")


@pytest.mark.parametrize("call", [to_alerts, to_letters, to_bridge, to_language_model, to_embeddings, to_help_pages])
def test_nobody_is_followed(outside: Any, inside: Any, call: Callable[[str], None]) -> None:
    call(f"127.0.0.1:{outside.server_port}")
    assert outside.heard
    assert inside.heard == []


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "httpx://127.0.0.1/", "ftp://127.0.0.1/", "http:/x", "http://"]
)
def test_only_web_addresses_are_taken(address: str) -> None:
    for name in ("chat_webhook", "llm_url", "embeddings"):
        more = {"chat_webhook_secret": "s" * 16, "llm_model": "m", "embeddings_model": "m"}
        with pytest.raises(SettingsError) as refused:
            Settings(**{**more, name: address})
        assert name in str(refused.value)


@pytest.mark.parametrize("path", ["//evil.example/x", "help", "\\\\evil", "http://evil.example/"])
def test_only_paths_of_the_shop_are_read(path: str) -> None:
    with pytest.raises(KnowledgeError):
        list(read_pages([path], lambda path: b""))


def test_a_help_desk_that_talks_nonsense_is_tried_later_and_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def nonsense() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        threading.Thread(target=nonsense, daemon=True).start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/s3cr3t-path"
        assert Bridge(address, "s" * 16).send({"id": "1"}) is False
    assert "s3cr3t" not in caplog.text


def test_what_cannot_be_sent_holds_up_nobody(tmp_path: Path) -> None:
    arrived: list[str] = []

    def breaks(what: Any) -> bool:
        raise RuntimeError("whatever a sender may raise")

    store = open_store(f"sqlite:///{tmp_path}/s.db")
    outbox = Outbox(store, {"mail": breaks, "webhook": lambda what: arrived.append(what["text"]) is None}, lambda: 1.0)
    outbox.put("a", "mail", {"text": "never"})
    outbox.put("b", "webhook", {"text": "hello"})
    assert outbox.deliver() is True
    assert arrived == ["hello"]
    ((_, late),) = store.documents("chat_outbox")
    assert (late["tries"], late["due"]) == (1, 11_000)
    store.close()


def test_a_password_in_an_address_is_in_no_message() -> None:
    endpoint = Endpoint("http://user:s3cr3t@127.0.0.1:9/v1", "m", "key", timeout=0.2)
    with pytest.raises(ModelError) as failed:
        endpoint.encode(["a"])
    endpoint.close()
    assert "s3cr3t" not in str(failed.value) + endpoint.name
