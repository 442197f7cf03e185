"""The thin apps: the same shop, the same answers, on both frameworks, with opsplug itself attached."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug.demo.http import POLICY

FIELDS = {"name": "A", "street": "B", "town": "C", "postcode": "D", "country": "E"}


@pytest.fixture(params=["flask", "starlette"])
def browser(request: Any, tmp_path: Path) -> Iterator[Any]:
    """`browser(method, path, **form)` -> (status, headers, text), cookies kept, redirects not followed."""
    if request.param == "flask":
        from opsplug.demo.flask_app import create_app as flask_app

        app = flask_app(tmp_path)
        client = app.test_client()

        def send(method: str, path: str, **form: str) -> tuple[int, Any, str]:
            answer = client.open(path, method=method, data=form or None)
            return answer.status_code, answer.headers, answer.get_data(as_text=True)

        yield send
        app.extensions["demo_shop"].engine.close()
    else:
        from starlette.testclient import TestClient

        from opsplug.demo.starlette_app import create_app as starlette_app

        with TestClient(starlette_app(tmp_path), follow_redirects=False) as other:

            def send_other(method: str, path: str, **form: str) -> tuple[int, Any, str]:
                answer = other.request(method, path, data=form or None)
                return answer.status_code, answer.headers, answer.text

            yield send_other


def test_a_guest_buys(browser: Any) -> None:
    assert browser("POST", "/cart/add", item_id="22423", quantity="2")[:1] == (303,)
    assert "Regency Cake Stand 3 Tier" in browser("GET", "/cart")[2]
    assert browser("POST", "/checkout/address", **FIELDS)[1]["location"] == "/checkout/delivery"
    assert browser("POST", "/checkout/delivery", delivery="standard")[1]["location"] == "/checkout/payment"
    assert "£29.45" in browser("GET", "/checkout/payment")[2]
    place = browser("POST", "/checkout/payment", payment="card")[1]["location"]
    assert re.fullmatch(r"/order/TR-[0-9A-F]{8}", place)
    assert "Thank you" in browser("GET", place)[2]


def test_pages_carry_a_strict_policy_and_are_kept_by_the_visitor_only(browser: Any) -> None:
    status, headers, text = browser("GET", "/product/22423")
    assert status == 200
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"].startswith("private")
    assert text.count("data-opsplug ") == 1  # the snippet's tag is there, once


def test_a_drawing_may_be_kept_by_anyone(browser: Any) -> None:
    _, headers, text = browser("GET", "/tile/22423.svg")
    assert headers["content-type"].startswith("image/svg+xml")
    assert headers["cache-control"].startswith("public")
    assert text.startswith("<svg")


def test_what_is_not_there_is_a_page_of_the_shop(browser: Any) -> None:
    for path in ("/nowhere", "/product/nothing", "/static/nothing.css"):
        status, _, text = browser("GET", path)
        assert status == 404, path
        assert "Tin Robin" in text, path


def test_a_customer_logs_in_and_out(browser: Any) -> None:
    assert browser("POST", "/login", customer="14282")[1]["location"] == "/account"
    assert "Hello, Nora Whitfield" in browser("GET", "/account")[2]
    browser("POST", "/logout")
    assert browser("GET", "/account")[1]["location"] == "/login"


def test_the_secret_of_the_sessions_is_kept_for_the_owner_alone(browser: Any, tmp_path: Path) -> None:
    browser("GET", "/")
    key = tmp_path / "session.key"
    assert len(key.read_text()) == 64
    assert key.stat().st_mode & 0o077 == 0
