"""`engine.sentiment`: sentiment of a text, from lexicons until a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsplug.models.text.sentiment import Sentiment, SentimentModel
from opsplug.training.run.artefacts import Artefact, Artefacts
from opsplug.training.run.live import Live
from opsplug.training.sentiment import NAME, REPORT

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.store.protocol import Store


class SentimentService:
    """Scores texts with the newest good model; safe to share between threads."""

    def __init__(self, store: Store, artefacts: Artefacts, counters: Counters) -> None:
        self._store = store
        self._cold = SentimentModel()
        self._live = Live(artefacts, NAME, _model, count=counters.add)

    def score(self, text: str, language: str | None = None) -> Sentiment:
        """Score the sentiment of a text with the current model.

        Parameters
        ----------
        text : str
            In any language; only English and Chinese are judged.
        language : str, optional
            ISO 639-1 code, where the caller knows it better. Default: detected.

        Returns
        -------
        Sentiment
        """
        return (self._live.get() or self._cold).score(text, language)

    def report(self) -> dict[str, Any] | None:
        """What the last training found in reviews and rated chats: by language, aspect and product; None before."""
        found: dict[str, Any] | None = self._store.get_document(REPORT, "now")
        return found


def _model(artefact: Artefact) -> SentimentModel:
    return SentimentModel.from_arrays(dict(artefact.arrays))
