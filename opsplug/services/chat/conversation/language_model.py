"""A language model behind any OpenAI-compatible address (extra `llm`), off unless the setting `llm_url` names one.

It may phrase an answer from passages of the shop's own knowledge, ask back, search a product or call a person. Whatever
goes wrong, it proposes nothing, and the light path answers.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from opsplug.errors import StoreError
from opsplug.privacy import mask
from opsplug.services.chat.knowledge.entries import Entry
from opsplug.services.chat.knowledge.grounding import CHOICE, NONE_FITS, RULES, Proposal, checked, chosen
from opsplug.services.chat.knowledge.knowledge import Match
from opsplug.training.encoders import openai_client

if TYPE_CHECKING:
    from opsplug.settings import Settings

log = logging.getLogger("opsplug")
_CACHE_SIZE = 256
_MAX_TOKENS = 500  # of one answer
_CHARACTERS_PER_TOKEN = 3  # characters, where the endpoint does not say what it used
_FAILURES, _REST = 3, 30.0  # so many failures in a row, and the endpoint is left alone for so many seconds
_REFUSED = (400, 422, 500)  # how endpoints answer to a form that they do not know
_MAX_RETRY_AFTER = 600.0  # however long an endpoint asks to be left alone


class Tally(Protocol):
    """Counters that all processes share; the store has them."""

    def add_counts(self, counts: Mapping[str, int]) -> None: ...

    def counts(self) -> dict[str, int]: ...


class Budget:
    """Calls and tokens of a day (UTC) over all processes; those that ask at one moment may overshoot by one each."""

    def __init__(self, tally: Tally, calls: int, tokens: int, clock: Callable[[], float] = time.time) -> None:
        self._tally = tally
        self._most = {"calls": calls, "tokens": tokens}
        self._clock = clock

    def take(self) -> bool:
        """Count one call; False, and nothing is counted, where the day's calls or tokens are used up."""
        used = self.used()
        if any(used[kind] >= most for kind, most in self._most.items()):
            return False
        self._add("calls", 1)
        return True

    def spend(self, tokens: int) -> None:
        self._add("tokens", tokens)

    def used(self) -> dict[str, int]:
        """What was used today."""
        counts = self._tally.counts()
        return {kind: counts.get(self._name(kind), 0) for kind in self._most}

    def _add(self, kind: str, number: int) -> None:
        self._tally.add_counts({self._name(kind): number})

    def _name(self, kind: str) -> str:
        return f"language_model.{kind}.{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%d}"


class LanguageModel:
    """`propose` returns None when the model is late, down, over budget, or leaves the form or the passages."""

    def __init__(
        self, model: str, base_url: str, api_key: str, budget: Budget, *, timeout: float = 6.0, task: str = "write"
    ) -> None:
        """`timeout` in seconds, for the whole answer; `task`: write an answer, or only choose an entry."""
        self._chooses = task == "choose"
        self._keeps_schema = True  # until the endpoint refuses one
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._budget = budget
        self._timeout = timeout
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, ...], Proposal] = OrderedDict()
        self._failures = 0
        self._rests_until = 0.0

    @cached_property
    def _client(self) -> Any:
        return openai_client(self._base_url, self._api_key, self._timeout, retries=0)

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    def propose(self, question: str, language: str, passages: Sequence[Match]) -> Proposal | None:
        """Asks once about `question` (masked here) and `passages`; asking the same again costs nothing."""
        masked = mask(question).text
        known = {found.entry.id: found.entry for found in passages}
        key = (masked, language, *(f"{entry.id}.{entry.version}" for entry in known.values()))
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            if not known or time.monotonic() < self._rests_until:
                return None
        proposal = self._asked(masked, language, known)
        if proposal is not None:
            with self._lock:
                self._cache[key] = proposal
                while len(self._cache) > _CACHE_SIZE:
                    self._cache.popitem(last=False)
        return proposal

    def _asked(self, question: str, language: str, known: Mapping[str, Entry]) -> Proposal | None:
        try:
            if not self._budget.take():
                return None
            content, tokens, whole = self._in_form(question, language, known)
            self._budget.spend(tokens)
        except StoreError as error:
            log.warning("opsplug: the language model's budget cannot be read, so it is not asked: %s", error)
            return None
        except Exception as error:  # of the client, the network or the endpoint: the light path answers
            self._rest(error)
            return None
        self._failures = 0
        proposal = chosen(content, known) if self._chooses else checked(content, known, language, whole=whole)
        if proposal is None:
            log.info("opsplug: what the language model said did not keep to its form or its passages")
        return proposal

    def _in_form(self, question: str, language: str, known: Mapping[str, Entry]) -> tuple[str, int, bool]:
        """What is streamed; an endpoint that refuses the schema is asked without it, now and from then on."""
        try:
            return self._stream(question, language, known)
        except Exception as error:
            if not (self._chooses and self._keeps_schema) or getattr(error, "status_code", 0) not in _REFUSED:
                raise
            self._keeps_schema = False
            return self._stream(question, language, known)

    def _form(self, known: Mapping[str, Entry]) -> dict[str, Any]:
        if not self._chooses or not self._keeps_schema:
            return {}
        choice = {"type": "string", "enum": [*known, NONE_FITS]}
        schema = {"type": "object", "properties": {"id": choice}, "required": ["id"], "additionalProperties": False}
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "choice", "schema": schema}}}

    def _stream(self, question: str, language: str, known: Mapping[str, Entry]) -> tuple[str, int, bool]:
        """(content, tokens, whether it came to its end); reading stops at the deadline, or where it is not the form."""
        listed = [{"id": entry.id, "question": entry.question, "answer": entry.answer, "url": entry.url}
                  for entry in known.values()]  # fmt: skip
        data = mask(json.dumps({"passages": listed, "question": question}, ensure_ascii=False)).text
        rules = CHOICE if self._chooses else RULES + language
        client = self._client
        deadline = time.monotonic() + self._timeout
        content, tokens = "", 0
        chunks = client.chat.completions.create(
            model=self._model,
            temperature=0,
            max_tokens=_MAX_TOKENS,
            stream=True,
            stream_options={"include_usage": True},
            messages=[{"role": "system", "content": rules}, {"role": "user", "content": data}],
            **self._form(known),
        )
        ended = False
        with chunks:
            for chunk in chunks:
                if getattr(chunk, "usage", None):
                    tokens = int(chunk.usage.total_tokens)
                for choice in chunk.choices:
                    content += choice.delta.content or ""
                    ended = ended or choice.finish_reason is not None
                begun = content.lstrip()
                if time.monotonic() > deadline or (begun and begun[0] not in "{`") or len(content) > 10 * _MAX_TOKENS:
                    break
        return content, tokens or (len(rules) + len(data) + len(content)) // _CHARACTERS_PER_TOKEN, ended

    def _rest(self, error: Exception) -> None:
        """After failures in a row, or where the endpoint says for how long, nobody waits for it for a while."""
        log.warning("opsplug: the language model gave no answer (%s)", type(error).__name__)
        self._failures += 1
        headers = getattr(getattr(error, "response", None), "headers", {})
        asked = str(headers.get("retry-after", ""))
        seconds = float(asked) if asked.isdigit() else _REST if self._failures >= _FAILURES else 0.0
        self._rests_until = time.monotonic() + min(seconds, _MAX_RETRY_AFTER)


def build(settings: Settings, tally: Tally) -> LanguageModel | None:
    """The model that the settings name, or None."""
    if not settings.llm_url:
        return None
    budget = Budget(tally, settings.llm_calls, settings.llm_tokens)
    return LanguageModel(
        settings.llm_model,
        settings.llm_url,
        settings.llm_key,
        budget,
        timeout=settings.llm_timeout,
        task=settings.llm_task,
    )
