"""The snippet's files, read once and served from memory with the encoding that the browser takes."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from opsplug.web.http import Request, Response

_NAME = re.compile(r"([a-z][a-z_-]*)(?:\.([0-9A-Za-z_-]{6,}))?\.(js|css)\Z")
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_FOREVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=300"
_MAX_HEADER = 1000  # characters of a header that are looked at
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    bodies: dict[str, bytes]  # by content encoding; "" is the plain one


class Snippet:
    """What `js_snippet/dist` holds. Files with a content hash in their name never change and are cached for ever."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _files(self) -> dict[str, _File]:
        """By logical name, such as opsplug.js."""
        manifest = msgspec.json.decode((self._folder / "manifest.json").read_bytes())
        return {logical: self._load(entry["file"]) for logical, entry in manifest.items()}

    def _load(self, name: str) -> _File:
        bodies = {"": (self._folder / name).read_bytes()}
        for encoding, suffix in _ENCODINGS:
            packed = self._folder / (name + suffix)
            if packed.is_file():
                bodies[encoding] = packed.read_bytes()
        return _File(name, bodies)

    def hashed_name(self, logical: str) -> str:
        """opsplug.js -> opsplug.<hash>.js"""
        return self._files[logical].name

    def serve(self, name: str, request: Request) -> Response | None:
        """The file of that name; one with an old hash (a page out of a cache) is answered with today's, briefly."""
        match = _NAME.fullmatch(name)
        file = self._files.get(f"{match.group(1)}.{match.group(3)}") if match else None
        if match is None or file is None:
            return None
        accepted = {part.split(";")[0].strip() for part in request.header("accept-encoding")[:_MAX_HEADER].split(",")}
        encoding = next((known for known, _ in _ENCODINGS if known in accepted and known in file.bodies), "")
        headers = [
            ("Cache-Control", _FOREVER if name == file.name else _SHORT),
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        return Response(200, file.bodies[encoding], _TYPES[match.group(3)], headers)
