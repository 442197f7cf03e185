"""`GET texts`: what the widgets say in one language; English is in their bundles, so only others are asked for."""

import hashlib
from functools import cached_property

import msgspec

from opsplug import locales
from opsplug.capture.visit import Visit
from opsplug.web.http import Request, Response

_FOREVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=300"
_FILE = "snippet"


class WidgetTexts:
    """Packed with the first tag and kept: a language is one short answer that browsers keep for ever."""

    @cached_property
    def _packed(self) -> dict[str, bytes]:
        """JSON by language; English is among them only where the shop has changed it."""
        texts = {language: locales.words(_FILE, language) for language in locales.languages()}
        if texts[locales.ENGLISH] == locales.shipped(_FILE, locales.ENGLISH):
            del texts[locales.ENGLISH]
        return {language: msgspec.json.encode(words) for language, words in texts.items()}

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(b"".join(self._packed.values())).hexdigest()[:8]

    @cached_property
    def offered(self) -> str:
        """What the snippet's tag says: the languages to ask for, and a hash that changes with their texts."""
        return " ".join([*self._packed, self._digest])

    def get(self, request: Request, visit: Visit) -> Response:
        language = locales.choose(request.query.get("language", ""))
        body = self._packed.get(language) or msgspec.json.encode(locales.words(_FILE, language))
        cached = _FOREVER if request.query.get("v") == self._digest else _SHORT
        headers = [("Cache-Control", cached), ("X-Content-Type-Options", "nosniff")]
        return Response(200, body, "application/json", headers)
