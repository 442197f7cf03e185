"""The public names say what they take, with shapes and units, what they give, and what they raise."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

FUNCTIONS = """
    opsplug.engine:Engine opsplug.engine:Engine.flush opsplug.engine:Engine.train opsplug.capture.track:Tracker.track
    opsplug.services.recommend.current_request:CurrentVisitor.recommend
    opsplug.services.catalog:Catalog.upsert opsplug.services.catalog:Catalog.remove opsplug.services.catalog:Catalog.get
    opsplug.services.catalog:Catalog.all opsplug.services.chat.conversation.chat:Chat.reply
    opsplug.services.chat.knowledge.knowledge:Knowledge.upsert opsplug.services.chat.knowledge.knowledge:Knowledge.remove
    opsplug.services.chat.conversation.sentiment:SentimentService.score
    opsplug.services.insight.insight:Insight.propensity opsplug.services.insight.insight:Insight.churn
    opsplug.services.insight.insight:Insight.profile opsplug.services.insight.insight:Insight.segment
    opsplug.services.insight.insight:Insight.note opsplug.services.insight.insight:Insight.anomalies
    opsplug.services.insight.insight:Insight.findings opsplug.services.insight.insight:Insight.feedback
    opsplug.services.insight.insight:Insight.series
    opsplug.models.anomaly:StreamingDetector.update opsplug.models.forecast:forecast opsplug.models.forecast:runs_out
    opsplug.models.sentiment:SentimentModel.fit opsplug.models.sentiment:SentimentModel.predict
    opsplug.models.sentiment:SentimentModel.score opsplug.models.intents:IntentModel opsplug.models.intents:IntentModel.fit
    opsplug.models.intents:IntentModel.predict opsplug.models.propensity:PropensityModel
    opsplug.models.propensity:PropensityModel.fit opsplug.models.propensity:PropensityModel.predict_proba
    opsplug.models.propensity:PropensityModel.explain opsplug.privacy:mask
    opsplug_flask:OpsPlug opsplug_flask:OpsPlug.init_app opsplug_flask:current_engine
    opsplug_starlette:OpsPlugMiddleware opsplug_starlette:context opsplug_starlette:current_engine
""".split()
RESULTS = """
    opsplug.services.recommend.recommender:Recommendation opsplug.services.recommend.recommender:Recommendations
    opsplug.services.chat.conversation.chat:ChatReply opsplug.services.insight.visitors:Answer
    opsplug.features.profiles:Profile opsplug.services.insight.findings.evidence:Finding
    opsplug.training.run.job:TrainingReport opsplug.models.anomaly:AnomalyScore opsplug.models.forecast:Forecast
    opsplug.models.sentiment:Sentiment opsplug.models.intents:Intent opsplug.privacy:MaskedText opsplug.privacy:Finding
""".split()
LITERATURE = """opsplug.models.anomaly:StreamingDetector opsplug.models.forecast:forecast opsplug.models.sentiment:SentimentModel
    opsplug.models.intents:IntentModel opsplug.models.propensity:PropensityModel""".split()
NO_TEXT = ("array_like", "ndarray")  # what needs a shape


def named(address: str) -> Any:
    module, _, path = address.partition(":")
    found = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def sections(thing: Any) -> dict[str, list[str]]:
    """Heading -> lines of a numpy-style docstring."""
    text = inspect.getdoc(thing) or ""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    return {"": parts[0].splitlines()} | {
        heading: body.rstrip().splitlines() for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def entries(lines: list[str]) -> set[str]:
    """Names at the margin: `a, b : int` -> {a, b}."""
    margins = [line.split(":")[0] for line in lines if line and not line.startswith(" ")]
    return {name.strip().lstrip("*") for margin in margins for name in margin.split(",")}


def taken(thing: Callable[..., Any]) -> set[str]:
    parameters = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing).parameters
    return {name for name in parameters if name != "self"}


@pytest.mark.parametrize("address", FUNCTIONS)
def test_a_function_describes_every_parameter_its_result_and_its_errors(address: str) -> None:
    thing = named(address)
    found = sections(thing)
    assert found[""][0].endswith("."), "the first line is one sentence"
    told = entries(found.get("Parameters", []))
    if "keywords" in taken(thing) or "settings" in taken(thing):
        told |= {"keywords", "settings"} & taken(thing)
    assert told == taken(thing)
    gives = None if inspect.isclass(thing) else inspect.signature(thing).return_annotation
    assert ("Returns" in found) == (gives not in (None, "None"))
    source = inspect.getsource(thing.__init__ if inspect.isclass(thing) else thing)
    if "raise " in source:
        assert "Raises" in found
    for kind in NO_TEXT:
        for line in (*found.get("Parameters", ()), *found.get("Returns", ())):
            assert kind not in line or "shape" in line, line


@pytest.mark.parametrize("address", RESULTS)
def test_a_result_describes_every_field(address: str) -> None:
    thing = named(address)
    fields = set(getattr(thing, "_fields", ()) or getattr(thing, "__struct_fields__", ()) or thing.__dataclass_fields__)
    assert entries(sections(thing)["Attributes"]) == fields


@pytest.mark.parametrize("address", LITERATURE)
def test_a_method_names_where_it_comes_from(address: str) -> None:
    assert any(line.startswith(".. [1]") for line in sections(named(address))["References"])


def test_they_are_the_about_forty_public_names() -> None:
    assert 40 <= len(FUNCTIONS) <= 60
