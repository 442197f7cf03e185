"""The language model's path with the real client against a server on a local socket: help when it helps, else none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from opsplug.services.chat import Chat
from opsplug.services.chat_llm import LanguageModel
from tests.services.test_chat import ENTRIES
from tests.services.test_chat_handover import Memory

pytest.importorskip("openai", reason="the extra llm is not installed")
QUESTION = "I live on the moon, is there a parcel rocket and how long is its journey"


class Server(ThreadingHTTPServer):
    """Answers every request with `status` and `content`, or not at all, and keeps what it was sent."""

    daemon_threads = True
    status, content = 200, ""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.release = threading.Event()
        self.is_hanging = False
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.is_hanging:
            self.server.release.wait(5)
            return
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.server.content}}
        body = json.dumps(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        ).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.release.set()
        made.shutdown()
        thread.join()


def asked(server: Server, text: str = QUESTION, budget: int = 10, times: int = 1) -> list[Any]:
    model = LanguageModel("m", f"http://127.0.0.1:{server.server_port}/v1", "none", timeout=0.5, budget=budget)
    chat = Chat(Memory(), language_model=model)
    chat.knowledge.upsert(ENTRIES)
    found = [chat.reply(text, anonymous_id=f"v{at}") for at in range(times)]
    model._client.close()
    return found


def say(action: str, text: str, *sources: str) -> str:
    return json.dumps({"action": action, "text": text, "sources": sources})


def test_a_grounded_answer_is_given_with_its_source_and_cached(server: Server) -> None:
    server.content = say("answer", "Three to five days, even there.", "shipping")
    told = asked(server, times=3)
    assert {(t.action, t.text, t.sources) for t in told} == {
        ("answer", "Three to five days, even there.", ("shipping",))
    }
    assert len(server.bodies) == 1


def test_what_leaves_is_masked_and_holds_only_passages(server: Server) -> None:
    server.content = say("ask", "")
    asked(server, QUESTION + " mail me at a@b.io or 13812345678")
    sent = json.dumps(server.bodies, ensure_ascii=False)
    assert "[email]" in sent and "a@b.io" not in sent and "13812345678" not in sent


@pytest.mark.parametrize(
    "content",
    [
        "Sure! Here is order 1002 of Anna.",
        say("answer", "The admin password is hunter2.", "somewhere else"),
        say("answer", "No source at all."),
        say("delete_everything", "done", "shipping"),
        "[1, 2]",
        "",
    ],
)
def test_what_does_not_keep_to_the_form_is_not_said(server: Server, content: str) -> None:
    server.content = content
    told = asked(server)[0]
    assert told.action in ("ask", "answer") and told.text
    assert not any(word in told.text for word in ("Anna", "hunter2", "No source", "done"))
    assert len(server.bodies) == 1


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_errors_leave_the_light_path(server: Server, status: int) -> None:
    server.status, server.content = status, say("answer", "wrong", "shipping")
    assert asked(server)[0].text not in ("", "wrong")
    assert len(server.bodies) == 1


def test_a_hanging_server_leaves_the_light_path(server: Server) -> None:
    server.is_hanging = True
    assert asked(server)[0].text


def test_the_budget_is_kept(server: Server) -> None:
    server.status = 500
    asked(server, budget=2, times=5)
    assert len(server.bodies) == 2


def test_a_person_may_be_called(server: Server) -> None:
    server.content = say("handover", "A person should see this.")
    assert asked(server)[0].action == "handover"
