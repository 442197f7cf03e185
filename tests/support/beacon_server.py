"""A small shop for the snippet's tests: pages under a strict CSP, a real socket, a record of what the browser sent."""

import json
import secrets
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opsplug.locales import words

DIST = Path(__file__).resolve().parents[2] / "js_snippet" / "dist"
PREFIX = "/_opsplug"
CSP = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; media-src 'self' data:"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".png": "image/png"}


@dataclass
class Page:
    """What one address answers. `body` and `head` are HTML; NONCE in them becomes the page's nonce."""

    body: str = ""
    head: str = ""
    title: str = "Shop"
    consent: str = "not_required"
    language: str = "en"
    options: dict[str, Any] | None = None
    attributes: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    css: bool = True
    snippet: bool = True


class BeaconServer:
    """Use as a context manager; `url` is its address."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.files: dict[str, tuple[str, bytes]] = {"/image.png": ("image/png", png(120, 120, (96, 128, 160)))}
        self.bodies: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.consents: list[dict[str, Any]] = []
        self.cookies: list[str] = []
        self.chat: list[tuple[str, dict[str, Any]]] = []
        self.events_status = 202
        self.recommend: Callable[[dict[str, str]], dict[str, Any]] = lambda query: recommendations(
            int(query.get("k", 8))
        )
        self.converse: Callable[[str, str, dict[str, Any]], tuple[int, dict[str, Any]]] = lambda *_: (404, {})
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events received so far, each id once, in order of arrival."""
        with self._lock:
            found = {event["event_id"]: event for body in self.bodies for event in body["events"]}
        return list(found.values())

    def named(self, *names: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] in names]

    def __enter__(self) -> "BeaconServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, method: str, target: str, body: bytes, cookie: str) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(target)
        path = address.path
        with self._lock:
            self.cookies.append(cookie)
        if path in self.files:
            kind, data = self.files[path]
            return 200, {"Content-Type": kind}, data
        if path.startswith(PREFIX + "/"):
            return self._own(
                method, path.removeprefix(PREFIX), {k: v[0] for k, v in parse_qs(address.query).items()}, body
            )
        page = self.pages.get(path)
        return (200, *render(page)) if page else (404, {"Content-Type": "text/plain"}, b"not found")

    def _own(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path == "/events":
            with self._lock:
                if self.events_status == 202:
                    self.bodies.append(json.loads(body))
            return as_json(self.events_status, {"accepted": 1, "rejected": []})
        if path == "/recommendations":
            found = self.recommend(query)
            self.queries.append(query)
            return as_json(200, found)
        if path == "/texts":
            return as_json(200, words("snippet", query["language"]))
        if path == "/consent":
            wish = json.loads(body)
            self.consents.append(wish)
            granted = "1" if wish["analytics"] else "0"
            return 204, {"Set-Cookie": f"opsplug_consent={granted}; Path=/; SameSite=Lax"}, b""
        if path.startswith("/chat/"):
            data = json.loads(body) if body else {**query}
            answer = self.converse(method, path, data)
            self.chat.append((f"{method} {path}", data))  # who sees it here knows that it has been answered
            return as_json(*answer)
        file = DIST / path.lstrip("/")
        if file.is_file() and file.parent == DIST:
            return 200, {"Content-Type": TYPES[file.suffix], "Cache-Control": "max-age=3600"}, file.read_bytes()
        return 404, {"Content-Type": "text/plain"}, b"not found"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, data = server.answer(self.command, self.path, body, self.headers.get("Cookie") or "")
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        return Handler


def manifest() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((DIST / "manifest.json").read_text())
    return found


def render(page: Page) -> tuple[dict[str, str], bytes]:
    nonce = secrets.token_urlsafe(12)
    options = json.dumps(page.options or {}).replace('"', "&quot;")
    script = (
        f'<script async src="{PREFIX}/{manifest()["opsplug.js"]["file"]}" data-opsplug data-prefix="{PREFIX}" '
        f'data-consent="{page.consent}" data-language="{page.language}" data-texts="zh 12345678" data-options="{options}" {page.attributes} '
        f'nonce="{nonce}"></script>'
    )
    css = f'<link rel="stylesheet" href="{PREFIX}/{manifest()["widgets.css"]["file"]}">'
    html = (
        f'<!doctype html><html lang="{page.language}"><head><meta charset="utf-8"><title>{page.title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/shop.css"><link rel="icon" href="data:,">{css if page.css else ""}{page.head}'
        f"{script if page.snippet else ''}</head><body>{page.body}</body></html>"
    ).replace("NONCE", nonce)
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP.format(nonce=nonce)}
    return {**headers, **page.headers}, html.encode()


def as_json(status: int, data: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json", "Cache-Control": "private, no-store"}, json.dumps(data).encode()


NAMES = [
    "Blue Teapot",
    "Hanging Heart Lantern, White, with a Very Long Name That Needs Two Lines",
    "Garden Thermometer",
    "Regency Cake Stand",
    "Vintage Doily Set",
    "Lunch Bag Red Retrospot",
    "Wicker Star",
    "Set of 6 Spice Tins",
]
NAMES_ZH = [
    "蓝色茶壶",
    "白色爱心吊灯（带两行长度的中文商品名称示例）",
    "花园温度计",
    "复古蛋糕架",
    "蕾丝杯垫套装",
    "红色圆点午餐袋",
    "藤编星星",
    "香料罐六件套",
]


def recommendations(k: int = 8, language: str = "en", images: bool = True) -> dict[str, Any]:
    """A canned list; every other item has a picture."""
    chinese = language.startswith("zh")
    items = [
        {
            "item_id": f"sku{index}",
            "score": 1 - index / 10,
            "reason_code": "bought_together",
            "reason": "常与蓝色茶壶一起购买" if chinese else "Often bought with Blue Teapot",
            "item_name": (NAMES_ZH if chinese else NAMES)[index % 8],
            "url": f"/product/{index}",
            "image_url": "/image.png" if images and index % 2 else None,
            "price": 9.9 + index,
            "currency": "CNY" if chinese else "EUR",
            "item_category": ["Kitchen", "Garden", "Home"][index % 3],
        }
        for index in range(k)
    ]
    title = "猜您喜欢" if chinese else "You may also like"
    spoken = {"language": language, "texts": words("snippet", language)["recommendations"]}
    return {"recommendation_id": "rec-1", "model": "itemcf", "rung": "item", "title": title, "items": items, **spoken}


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def inline_script(code: str) -> str:
    """A script of the shop's own, under the page's nonce."""
    return f'<script nonce="NONCE">{code.replace("</", "<~/").replace("~", chr(92))}</script>'
