"""`GET recommendations`: a visitor's own list, for the widget."""

from collections.abc import Callable, Sequence
from typing import Any

from opsplug.capture.guard import Guard
from opsplug.capture.visit import Visit
from opsplug.errors import EventError, OpsPlugError
from opsplug.features.recommendation_id import read_id
from opsplug.locales import choose, words
from opsplug.web.cards import PLACEMENTS, Cards, title
from opsplug.web.http import Request, Response, error_response, json_response

MOST = 50
_LONGEST_ID = 1024
_NO_STORE = "opsplug's store cannot be used at the moment; the shop's log says why"


class RecommendationRoute:
    """`recommend` is `Engine.recommend`: inside a request it knows the visitor by itself."""

    def __init__(self, recommend: Callable[..., Any], cards: Cards, language: str, guard: Guard) -> None:
        self._recommend = recommend
        self._guard = guard
        self._cards = cards
        self._language = language

    def get(self, request: Request, visit: Visit) -> Response:
        query = request.query
        placement = query.get("placement", "home")
        if placement not in PLACEMENTS:
            return error_response(400, f"placement: one of {', '.join(PLACEMENTS)} is expected")
        try:
            k = int(query.get("k", "8"))
        except ValueError:
            k = 0
        if not 1 <= k <= MOST:
            return error_response(400, f"k: a number from 1 to {MOST} is expected")
        item_id = query.get("item_id") or None
        excluded = _ids(query.get("exclude", ""))
        if len(item_id or "") > _LONGEST_ID or any(len(name) > _LONGEST_ID for name in excluded):
            return error_response(400, f"item_id: at most {_LONGEST_ID} characters are expected")
        language = choose(query.get("language", ""), visit.language, self._language)
        asked = {"placement": placement, "item_id": item_id, "k": k, "exclude": excluded, "language": language}
        try:
            found = self._recommend(**asked, cart=_ids(query.get("cart", "")))
            items = self._cards.dress(found.items, request.root, language)
        except EventError:
            raise
        except OpsPlugError as error:  # neither store nor models: a list without items, and the page stays whole
            self._guard.swallowed("recommendations", error)
            nothing = {"recommendation_id": "", "model": "", "rung": "catalogue", "items": []}
            return json_response(nothing | {"title": title(placement, "catalogue", language), "note": _NO_STORE})
        answer = {
            "recommendation_id": found.recommendation_id, "model": found.model, "rung": found.rung,
            "title": title(placement, found.rung, language), "items": items, "note": found.note,
            "language": language, "texts": words("snippet", language)["recommendations"],
        }  # fmt: skip
        made = read_id(found.recommendation_id)
        if made is not None and made.holdout:
            answer["holdout"] = True
        return json_response(answer)


def _ids(text: str) -> Sequence[str]:
    return [part for part in text.split(",") if part][:200]
