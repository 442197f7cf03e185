"""Trained intent classifier, used beside retrieval; without a trained model it predicts nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsplug.errors import ModelError
from opsplug.models.text.intents import Intent, IntentModel
from opsplug.models.text.sentence import Encoder
from opsplug.training.encoders import encoder_of
from opsplug.training.intents import NAME
from opsplug.training.run.artefacts import Artefact, Artefacts
from opsplug.training.run.live import Live

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.settings import Settings

log = logging.getLogger("opsplug")
_RETRY_AFTER = 60.0  # seconds without intents after an encoder failed: no visitor waits for it again and again


class LearntIntents:
    """The newest good model of the ways to ask."""

    def __init__(self, artefacts: Artefacts, encoder: Callable[[], Encoder | None], counters: Counters) -> None:
        self._encoder = encoder
        self._counters = counters
        self._live = Live(artefacts, NAME, self._model, count=counters.add)
        self._rests_until = 0.0

    def __call__(self, text: str) -> Intent | None:
        """The entry that is meant, as language/id, if the model is sure enough of one; None without a model."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            model = self._live.get()
            return model.predict([text])[0] if model is not None else None
        except ModelError as error:
            log.warning("opsplug: intents rest for a minute: %s", error)
            self._counters.add("errors.intents")
            self._rests_until = time.monotonic() + _RETRY_AFTER
            return None

    def _model(self, artefact: Artefact) -> IntentModel:
        return IntentModel.from_arrays(dict(artefact.arrays), self._encoder())


def build(settings: Settings, artefacts: Artefacts, counters: Counters) -> LearntIntents:
    """Opens the encoder when a model is first loaded."""
    return LearntIntents(artefacts, lambda: encoder_of(settings.encoder_options()), counters)
