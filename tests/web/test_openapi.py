"""What openapi.json promises is what both frameworks answer, whatever is sent."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi import checks as openapi
from starlette.applications import Starlette

from opsplug.web.openapi import describe
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware, current_engine
from tests.contracts.adapter_contract import BROWSER, ITEMS
from tests.support.flask_shop import shop_app

POSTS = (
    "/events",
    "/consent",
    *(f"/chat/{name}" for name in "messages human contact transcript feedback csat".split()),
)
GETS = ("/recommendations", "/texts", "/health", "/chat/conversation", "/chat/messages")
OPERATIONS = [*((path, "POST") for path in POSTS), *((path, "GET") for path in GETS)]
EXAMPLES = (20_000 if os.environ.get("OPSPLUG_SOAK") == "1" else 280) // len(OPERATIONS) // 2  # on two frameworks
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
]
# schemathesis draws from `random` within its strategies
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random`:hypothesis.errors.HypothesisDeprecationWarning")
turns = itertools.count().__next__
_SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)


def chosen(folder: Path) -> dict[str, Any]:
    return {
        "store": f"sqlite:///{folder}/opsplug.db",
        "consent": "not_required",
        "train_every": 0,
        "trusted_proxies": 1,
    }


@pytest.fixture(scope="module")
def on_flask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = shop_app()
    plug = OpsPlug(app, **chosen(tmp_path_factory.mktemp("flask")))
    plug.engine.catalog.upsert(ITEMS)
    yield schemathesis.openapi.from_wsgi("/_opsplug/openapi.json", app)
    assert faults(plug.engine) == {}
    plug.engine.close()


@pytest.fixture(scope="module")
def on_starlette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = Starlette()
    app.add_middleware(OpsPlugMiddleware, **chosen(tmp_path_factory.mktemp("starlette")))
    yield schemathesis.openapi.from_asgi("/_opsplug/openapi.json", app)
    engine = current_engine()
    assert faults(engine) == {}
    engine.close()


def faults(engine: Any) -> dict[str, int]:
    """An exception of ours that was swallowed would not be a 5xx on a page of the shop, but it is a fault."""
    engine.flush()
    counts = engine.store.counts() | engine.counters.unsaved()
    return {name: count for name, count in counts.items() if name.startswith("errors.")}


def hold(schema: Any, path: str, method: str) -> None:
    @_SETTINGS
    @hypothesis.seed(1)
    @hypothesis.given(case=schema[path][method].as_strategy())
    def conforms(case: schemathesis.Case) -> None:
        # Each request from a client of its own: what is looked for are faults, not the limits.
        client = f"10.{turns() % 250}.{turns() % 251}.{turns() % 241}"
        case.call_and_validate(headers={"User-Agent": BROWSER, "X-Forwarded-For": client}, checks=CHECKS)

    conforms()


def test_every_described_address_is_tried() -> None:
    described = {(path, method.upper()) for path, methods in describe("")["paths"].items() for method in methods}
    assert described == set(OPERATIONS)


@pytest.mark.soak
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_flask_answers_as_described(on_flask: Any, path: str, method: str) -> None:
    hold(on_flask, path, method)


@pytest.mark.soak
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_starlette_answers_as_described(on_starlette: Any, path: str, method: str) -> None:
    hold(on_starlette, path, method)
