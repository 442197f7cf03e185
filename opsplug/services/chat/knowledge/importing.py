"""Knowledge out of what a shop has already written: Markdown, its own help pages, and chats that people resolved.

A heading and the text below it are an entry, and so are "Q:" and "A:" lines, HTML's details and description lists, and
schema.org's FAQPage. Ids follow from the headings, so that a second import changes only what changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from opsplug.services.chat.conversation_log import CHAT_ORIGIN, ConversationLog
from opsplug.services.chat.knowledge.entries import KnowledgeError
from opsplug.services.chat.knowledge.knowledge import Knowledge
from opsplug.services.chat.knowledge.suggestions import Suggestion

_QUESTION = re.compile(r"^(?:[*_]{2})?\s*(?:Q|Question|问|问题)\s*[:：.]\s*(.+?)\s*(?:[*_]{2})?$", re.IGNORECASE)
_ANSWER = re.compile(r"^(?:[*_]{2})?\s*(?:A|Answer|答|回答)\s*[:：.]\s*(?:[*_]{2})?\s*(.*)$", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
# What documentation tools write into headings and texts for themselves: {#anchor}, {: .class}, {% tag %}, {{ value }}.
_TOOL_MARKS = re.compile(
    r"\{%.*?%\}|\{\{.*?\}\}|\{[:#][^{}\n]*\}|\[\[?(?:_?TOC_?)\]?\]|^\s*:::.*$", re.MULTILINE | re.IGNORECASE
)
_PERMALINK = re.compile(r"[\s¶#§🔗]*")  # the text of a heading's link to itself
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLES = (*_HEADINGS, "summary", "dt")
_BLOCKS = frozenset(
    ("p", "li", "div", "dd", "tr", "br", "ul", "ol", "section", "details", "table", "blockquote", "pre", "hr")
)
_CELLS = frozenset(("td", "th"))
_NOT_TEXT = "script, style, noscript, template, nav, header, footer, aside, form, button, opsplug-chat"
_FEW_WORDS, _FEW_CHARACTERS = 4, 30  # a heading of so many words means little without the one above it
_FIRST_HEADING = re.compile(r"^#\s", re.MULTILINE)
_TIMEOUT = 10.0
_MAX_BYTES = 2_000_000  # bytes of a page
Section = tuple[int, str, str]  # level (9: a question), title, body


@dataclass(frozen=True)
class Source:
    """Where sections are from: `name` begins their ids, `url` is named with each answer."""

    name: str
    url: str = ""
    language: str = ""
    valid_from: str = ""
    valid_until: str = ""


def read_markdown(text: str, source: Source) -> list[dict[str, Any]]:
    """Entries, as `Knowledge.upsert` takes them. Front matter may set url, language, valid_from and valid_until."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    front = _FRONT.match(text)
    if front:
        pairs = (line.partition(":")[::2] for line in front.group(1).splitlines())
        metadata = {key.strip(): value.strip().strip("\"'") for key, value in pairs}
        known = {
            name: metadata[name] for name in ("url", "language", "valid_from", "valid_until") if metadata.get(name)
        }
        source = Source(**{"name": source.name, "url": source.url, "language": source.language, **known})
        text = text[front.end() :]
        if metadata.get("title") and not _FIRST_HEADING.search(text):
            text = f"# {metadata['title']}\n\n{text}"
    tree = LexborHTMLParser(_markdown().render(_questions_as_titles(text)))
    return _entries(_html_sections(_cleaned(tree)), source)


def read_html(html: bytes, source: Source) -> list[dict[str, Any]]:
    """Entries of one page: its FAQPage if it declares one, else headings, details and description lists."""
    tree = LexborHTMLParser(html[:_MAX_BYTES].decode("utf-8", "replace"))
    root = tree.css_first("html")
    spoken = (root.attributes.get("lang") or "")[:2] if root is not None else ""
    source = Source(source.name, source.url, source.language or spoken)
    declared = [(9, question, answer) for question, answer in _faq_page(tree)]
    if declared:
        return _entries(declared, source)
    return _entries(_html_sections(_cleaned(tree)), source)


def read_pages(paths: Iterable[str], get: Callable[[str], bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(path, entries) for each help page; `get` gives a page's bytes, in-process or by `loopback`."""
    for path in paths:
        if not path.startswith("/") or path.startswith("//"):
            raise KnowledgeError(f"knowledge: {path!r} is no path of the shop; one such as /help is expected.")
        name = re.sub(r"\W+", "-", path.strip("/")) or "home"
        yield path, read_html(get(path), Source(name, path))


def loopback(shop: str) -> Callable[[str], bytes]:
    """A `get` for the shop at an address of this machine, such as http://127.0.0.1:5000; redirects are not followed."""
    address = urlsplit(shop)
    try:
        is_local = address.hostname == "localhost" or ip_address(address.hostname or "").is_loopback
    except ValueError:
        is_local = False
    if address.scheme != "http" or not is_local:
        raise KnowledgeError(f"knowledge: {shop!r} is not this machine; give the shop's own, as http://127.0.0.1:PORT.")

    def get(path: str) -> bytes:
        connection = HTTPConnection(str(address.hostname), address.port or 80, timeout=_TIMEOUT)
        try:
            connection.request("GET", address.path.rstrip("/") + path, headers={"Accept": "text/html"})
            answer = connection.getresponse()
            body = answer.read(_MAX_BYTES)
        except (OSError, HTTPException) as error:
            raise KnowledgeError(f"knowledge: {path} of {shop} cannot be read ({error}).") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise KnowledgeError(f"knowledge: {path} of {shop} answers with status {answer.status}, not with a page.")
        return body

    return get


def suggest_from_chats(knowledge: Knowledge, log: ConversationLog, conversation_ids: Iterable[str]) -> list[Suggestion]:
    """Suggests, of each closed conversation, the question before a person's first answer, with that answer."""
    made = []
    for conversation_id in conversation_ids:
        conversation = log.read(conversation_id)
        if conversation is None or conversation.state != "closed":
            continue
        said = [message for message in conversation.messages if message.role in ("visitor", "agent")]
        first = next((at for at, message in enumerate(said) if message.role == "agent"), 0)
        asked = next((message for message in reversed(said[:first]) if len(message.text.split()) > 1), None)
        asked = asked or (said[first - 1] if first else None)
        if asked is not None:
            spoken = asked.data.get("language") or conversation.language
            made.append(knowledge.suggest(asked.text, said[first].text, spoken, f"{CHAT_ORIGIN}{conversation_id}"))
    return made


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _questions_as_titles(text: str) -> str:
    """Lines that begin with Q: and A: become a title and its text."""
    lines: list[str] = []
    is_code = after_question = False
    for line in text.split("\n"):
        is_code = is_code ^ bool(_FENCE.match(line))
        question = None if is_code else _QUESTION.match(line.strip())
        answer = None if is_code or not after_question else _ANSWER.match(line.strip())
        after_question = bool(question) or (after_question and not line.strip())
        if question:
            lines += ["", f"<summary>{escape(question[1])}</summary>", ""]
        else:
            lines.append(answer[1] if answer else line)
    return "\n".join(lines)


def _cleaned(tree: LexborHTMLParser) -> LexborNode:
    """The part of a page that is its text, without menus, scripts and the links of headings to themselves."""
    for node in tree.css(_NOT_TEXT):
        node.decompose()
    for link in tree.css("a"):
        if (link.attributes.get("href") or "#").startswith("#") and _PERMALINK.fullmatch(link.text()):
            link.decompose()
    found = tree.css_first("main") or tree.css_first("article") or tree.body
    if found is None:
        raise KnowledgeError("knowledge: this is no page that can be read.")
    return found


def _html_sections(root: LexborNode) -> Iterator[Section]:
    level, title, body = 0, "", list[str]()
    for node in root.traverse(include_text=True):
        if node.tag in _TITLES:
            yield level, title, "".join(body)
            level = int(node.tag[1]) if node.tag in _HEADINGS else 9
            title, body = node.text(), []
        elif node.tag == "-text":
            if not _inside(node, _TITLES):
                text = node.text_content or ""
                body.append(text if _inside(node, ("pre",)) else _SPACES.sub(" ", text))
        elif node.tag in _CELLS:
            body.append(" | ")
        elif node.tag in _BLOCKS:
            body.append("\n• " if node.tag == "li" else "\n")
    yield level, title, "".join(body)


def _inside(node: LexborNode, tags: Sequence[str]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in tags:
            return True
        parent = parent.parent
    return False


def _faq_page(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for script in tree.css('script[type="application/ld+json"]'):
        try:
            metadata = msgspec.json.decode(script.text())
        except msgspec.DecodeError:
            continue
        things = (
            metadata
            if isinstance(metadata, list)
            else metadata.get("@graph", [metadata])
            if isinstance(metadata, dict)
            else []
        )
        for thing in things:
            asked = thing.get("mainEntity", []) if isinstance(thing, dict) and thing.get("@type") == "FAQPage" else []
            for question in asked if isinstance(asked, list) else [asked]:
                answer = question.get("acceptedAnswer") if isinstance(question, dict) else None
                if isinstance(answer, dict) and answer.get("text") and question.get("name"):
                    plain = LexborHTMLParser(str(answer["text"])).body
                    yield str(question["name"]), plain.text() if plain else ""


def _entries(sections: Iterable[Section], source: Source) -> list[dict[str, Any]]:
    above: dict[int, str] = {}
    entries: list[dict[str, Any]] = []
    used: set[str] = set()
    for level, title, body in sections:
        asked, answer = _plain(title), _plain(body)
        above = {depth: text for depth, text in above.items() if depth < level}
        parent = above.get(max(above, default=0), "")
        above[level] = asked
        if not asked or not answer:
            continue
        if parent and _needs_parent(asked):
            asked = f"{parent}: {asked}"
        name = base = re.sub(r"\W+", "-", f"{source.name} {asked}".lower()).strip("-")[:80]
        number = 1
        while name in used:
            number += 1
            name = f"{base}-{number}"
        used.add(name)
        about = {"url": source.url, "valid_from": source.valid_from, "valid_until": source.valid_until}
        entries.append({"id": name, "question": asked, "answer": answer, "language": source.language, **about})
    return entries


def _needs_parent(title: str) -> bool:
    """Whether a heading says too little alone: a few words, or a few characters, and no question."""
    return not title.endswith(("?", "？")) and len(title.split()) <= _FEW_WORDS and len(title) < _FEW_CHARACTERS


def _plain(text: str) -> str:
    """Without the marks of tools, each paragraph on a line of its own."""
    lines = (" ".join(line.split()).removeprefix("| ") for line in _TOOL_MARKS.sub(" ", text).split("\n"))
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1] == "•" and line:  # a list's mark and its paragraph
            joined[-1] = f"• {line}"
        elif line:
            joined.append(line)
    return "\n".join(line for line in joined if line != "•")
