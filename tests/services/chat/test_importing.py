"""Knowledge out of Markdown, help pages and resolved chats; and what `check` finds wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.knowledge.checks import check
from opsplug.services.chat.knowledge.entries import Entry, KnowledgeError
from opsplug.services.chat.knowledge.importing import (
    Source,
    loopback,
    read_html,
    read_markdown,
    read_pages,
    suggest_from_chats,
)
from tests.support.memory_store import Memory

MARKDOWN = """---
url: /help/delivery
---
# Delivery
We deliver **everywhere** in [Europe](https://x.example).

## Abroad
- Two weeks
- 12 EUR

```
# not a heading
```

Q: Can I pick it up?
A: Yes, at the shop.

问：可以自提吗？
答：可以，到店自提。
"""
PAGE = """<html lang="en"><head><title>x</title><script>var a = "<h2>no</h2>";</script></head><body>
<nav><h2>Menu</h2><p>Home</p></nav><main><h1>Returns</h1><p>Within <b>30</b> days.</p>
<h2>Who pays the <em>postage</em>?</h2><ul><li>We do.</li><li>Always.</li></ul>
<details><summary>And broken goods?</summary><p>Send a photo.</p></details>
<dl><dt>How long does a refund take?</dt><dd>Five days.</dd></dl></main><footer><h2>F</h2><p>f</p></footer></body></html>"""
DECLARED = """<html lang="zh"><script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [{"@type": "Question",
"name": "可以退货吗？", "acceptedAnswer": {"@type": "Answer", "text": "<p>30天内<b>可以</b>。</p>"}}]}</script></html>"""


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["question"], entry["answer"]) for entry in entries]


def test_markdown_headings_and_questions_become_entries() -> None:
    entries = read_markdown(MARKDOWN, Source("faq"))
    assert told(entries) == [
        ("Delivery", "We deliver everywhere in Europe."),
        ("Delivery: Abroad", "• Two weeks\n• 12 EUR\n# not a heading"),
        ("Can I pick it up?", "Yes, at the shop."),
        ("可以自提吗？", "可以，到店自提。"),
    ]
    assert {entry["url"] for entry in entries} == {"/help/delivery"}
    chat = Chat(Memory())
    assert chat.knowledge.upsert(entries) == 4
    assert chat.knowledge.upsert(read_markdown(MARKDOWN, Source("faq"))) == 0
    assert chat.knowledge.upsert(read_markdown(MARKDOWN.replace("12 EUR", "9 EUR"), Source("faq"))) == 1
    assert chat.reply("可以自提吗", anonymous_id="v").text == "可以，到店自提。"


def test_a_help_page_becomes_entries_with_its_address() -> None:
    [(path, entries)] = list(read_pages(["/help/returns"], lambda path: PAGE.encode()))
    assert told(entries) == [
        ("Returns", "Within 30 days."),
        ("Who pays the postage?", "• We do.\n• Always."),
        ("And broken goods?", "Send a photo."),
        ("How long does a refund take?", "Five days."),
    ]
    assert {(entry["url"], entry["language"]) for entry in entries} == {(path, "en")}
    chat = Chat(Memory())
    chat.knowledge.upsert(entries)
    reply = chat.reply("who pays the postage", anonymous_id="v")
    assert chat.sources(reply.sources, "en") == [{"title": "Who pays the postage?", "url": "/help/returns"}]


def test_what_a_page_declares_is_believed_first() -> None:
    assert told(read_html(DECLARED.encode(), Source("faq", "/faq"))) == [("可以退货吗？", "30天内可以。")]


@pytest.mark.parametrize("html", [b"", b"<h1>", b"\xff\xfe\x00", b"<dl><dt>" * 50, b"{}", b"<p>no heading</p>"])
def test_damaged_pages_give_no_entries(html: bytes) -> None:
    assert read_html(html, Source("x")) == []


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/help": 200, "/moved": 302}.get(self.path, 404)
        self.send_response(status)
        self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_running_shop_is_read_by_path(shop: str) -> None:
    assert len(dict(read_pages(["/help"], loopback(shop)))["/help"]) == 4
    for path, word in (("/moved", "302"), ("/none", "404"), ("https://elsewhere.example", "path"), ("//x", "path")):
        with pytest.raises(KnowledgeError, match=word):
            list(read_pages([path], loopback(shop)))


@pytest.mark.parametrize("address", ["http://shop.example", "https://127.0.0.1", "http://10.0.0.1", "file:///etc", ""])
def test_only_this_machine_is_asked(address: str) -> None:
    with pytest.raises(KnowledgeError, match="this machine"):
        loopback(address)


def test_a_resolved_chat_is_suggested_and_waits_for_a_person() -> None:
    chat = Chat(Memory())
    first = chat.reply("does the teapot go into the dishwasher", anonymous_id="v")
    conversation = chat.log.read(first.conversation_id)
    assert conversation is not None
    for kind, text in (
        ("agent_accepted", ""),
        ("agent_said", "Yes, all our teapots do."),
        ("agent_said", "Anything else?"),
    ):
        chat.log.append(conversation, kind, by="kim", text=text)
    assert suggest_from_chats(chat.knowledge, chat.log, [first.conversation_id, "none"]) == []
    chat.log.append(conversation, "closed", by="kim")
    [suggestion] = suggest_from_chats(chat.knowledge, chat.log, [first.conversation_id])
    assert (suggestion.question, suggestion.answer) == (
        "does the teapot go into the dishwasher",
        "Yes, all our teapots do.",
    )
    assert chat.knowledge.all() == []
    chat.knowledge.approve(suggestion.id, "kim")
    assert chat.reply("does the teapot go into the dishwasher?", anonymous_id="w").text == "Yes, all our teapots do."


def test_check_finds_what_is_wrong() -> None:
    entries = [
        Entry("a", "How long does delivery take?", "3 to 5 days."),
        Entry("b", "How long does the delivery take?", "2 to 4 days."),
        Entry("c", "Do you gift wrap?", "Yes, for free."),
        Entry("d", "Do you gift wrap", "Yes, for free."),
        Entry("e", "Is there a sale?", "In July.", valid_until="2026-07-31"),
        Entry("f", "Is there a sale?", "In winter.", valid_from="2026-08-01"),
        Entry("g", "What are the terms?", "x" * 700),
        Entry("g", "有什么条款？", "很短。", "zh"),
    ]
    found = {(problem.kind, problem.entry_id) for problem in check(entries, "2026-11-24")}
    assert {pair for pair in found if pair[0] != "missing"} == {
        ("contradiction", "b"), ("duplicate", "d"), ("expired", "e"), ("long", "g"),
    }  # fmt: skip
    assert ("missing", "a") in found and ("missing", "g") not in found
    assert check([], "2026-11-24") == []


GUIDE = """---
title: Setup guide
url: /help/setup
---
# Setup <a name="setup"></a>

A paragraph that an editor has broken
in the middle of its sentence, with a [link](/x) and **bold**.

## Before you start {#before}

- one
- two

| size | price |
|---|---|
| S | 3 |

### [Installing](#installing)

```
# not a heading
pip install x
```

{% include foo %}
"""


def test_markdown_is_parsed_and_titles_are_clean() -> None:
    entries = {one["question"]: one["answer"] for one in read_markdown(GUIDE, Source("setup"))}
    assert entries == {
        "Setup": "A paragraph that an editor has broken in the middle of its sentence, with a link and bold.",
        "Setup: Before you start": "• one\n• two\nsize | price\nS | 3",
        "Before you start: Installing": "# not a heading\npip install x",
    }


def test_a_document_without_a_heading_is_known_by_its_title() -> None:
    [entry] = read_markdown("---\ntitle: Returns\n---\nWithin 30 days.\n", Source("returns"))
    assert (entry["question"], entry["answer"]) == ("Returns", "Within 30 days.")


def test_a_headings_link_to_itself_is_no_part_of_it() -> None:
    page = "<main><h2>Fees <a class=headerlink href='#fees'>¶</a></h2><p>Two\neuros.<a id=x></a></p></main>"
    [entry] = read_html(page.encode(), Source("help"))
    assert (entry["question"], entry["answer"]) == ("Fees", "Two euros.")
