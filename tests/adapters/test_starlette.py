"""The contract on Starlette, and what only ASGI has."""

from opsplug_starlette import OpsPlugMiddleware
from tests.contracts.adapter_contract import BROWSER, AdapterContract, Build, stored
from tests.support.starlette_shop import build  # noqa: F401  (a fixture)


class TestStarlette(AdapterContract):
    pass


def test_a_websocket_passes_untouched(build: Build) -> None:
    shop = build()
    with shop.client.websocket_connect("/socket") as socket:  # type: ignore[attr-defined]
        socket.send_text("hello")
        assert socket.receive_text() == "hello"


def test_cookies_on_lines_of_their_own_are_one_header(build: Build) -> None:
    """HTTP/2 sends them so."""
    shop = build(consent="required")
    visitor = "a" * 20
    asked = [("user-agent", BROWSER), ("cookie", f"opsplug_id={visitor}.{'b' * 20}.1.-"), ("cookie", "theme=dark")]
    yes = [("cookie", "opsplug_consent=1")]
    shop.client.get("/page", headers=[*asked, *yes])  # type: ignore[attr-defined]
    shop.client.get("/page", headers=[*yes, *asked])  # type: ignore[attr-defined]
    assert [view.anonymous_id for view in stored(shop, "page_view")] == [visitor, visitor]
    answer = shop.client.post(  # type: ignore[attr-defined]
        "/_opsplug/events",
        headers=[*asked, *yes, ("cookie", "last=1")],
        content=b'{"events":[{"event":"click","event_id":"abcdefgh"}]}',
    )
    assert answer.status_code == 202
    assert [click.anonymous_id for click in stored(shop, "click")] == [visitor]


def test_the_app_is_given_by_name_as_older_starlette_does() -> None:
    async def nothing(*_: object) -> None: ...

    assert OpsPlugMiddleware(app=nothing, enabled=False).app is nothing
