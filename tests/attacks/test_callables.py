"""What the shop's own callables say is believed where it is clear; whatever else they say or do lets nobody in."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from opsplug.capture.answers import EXPECTED, Expected
from opsplug.services.doctor import Doctor
from tests.support.live_sites import Browser, Open, Site, stored

ADMIN = "/_opsplug/admin/"
ITEMS = [{"item_id": f"sku{n}", "item_name": f"Mug {n}", "price": 5.0 + n, "url": f"/product/sku{n}"} for n in range(6)]


class Response:
    """As frameworks answer who must log in first: an object that is true."""

    status_code = 302


class Someone:
    is_admin = True


def later(answer: Any) -> Callable[..., Any]:
    async def say(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return answer

    return say


def plainly(answer: Any) -> Callable[..., Any]:
    return lambda *arguments: answer


def fails(*arguments: Any) -> Any:
    raise PermissionError("not you")


async def fails_later(*arguments: Any) -> Any:
    raise PermissionError("not you")


async def never(*arguments: Any) -> Any:
    await asyncio.Event().wait()


class Asked:
    """An object whose call is a coroutine."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def __call__(self, request: Any) -> Any:
        return self.answer


NOT_A_YES = [
    False, None, "", 0, 1, 1.0, "yes", "customer", "ADMIN", b"admin", {"role": None}, {"role": True}, {"role": ["admin"]},
    {"role": "customer"}, {"name": "Ana"}, {}, ("admin", "Ana"), (False, "log in first"), ["admin"], {"admin"}, Response(),
    Someone(), Someone, object(), lambda: True, iter(["admin"]), ["admin", True],
]  # fmt: skip
WAYS = {"plain": plainly, "async": later}


def named(odd: Any) -> str:
    """The same in every process: no address of an object."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(odd))[:30]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_but_a_clear_yes_opens_the_stats_page(open_site: Open, way: str) -> None:
    said: list[Any] = [None]
    site = open_site(admin=(lambda request: WAYS[way](said[0])(request)))
    for answer in NOT_A_YES:
        said[0] = answer
        assert site.request(ADMIN).status == 403, named(answer)
        assert site.request(f"{ADMIN}health").status == 403, named(answer)
    for answer in (True, "viewer", "agent", "admin", {"role": "agent", "name": "Ana"}):
        said[0] = answer
        assert site.request(ADMIN).status == 200, named(answer)


@pytest.mark.parametrize(
    "check",
    [later(False), later({"role": None}), later(None), later(later(True)), fails, fails_later, Asked(False),
     Asked(Someone()), functools.partial(later(False)), lambda request: later(False)],
    ids=named,
)  # fmt: skip
def test_a_coroutine_is_no_yes(open_site: Open, check: Any) -> None:
    site = open_site(admin=check)
    assert site.request(ADMIN).status == 403
    assert site.request("/page").status == 200


@pytest.mark.parametrize("check", [later(True), later("admin"), Asked(True), functools.partial(later(True))], ids=named)
def test_a_coroutine_may_say_yes(open_site: Open, check: Any) -> None:
    assert open_site(admin=check).request(ADMIN).status == 200


def test_a_coroutine_sees_the_request(open_site: Open) -> None:
    async def check(request: Any) -> bool:
        await asyncio.sleep(0)
        return bool(request.headers.get("x-user") == "ana")

    site = open_site(admin=check)
    assert [Browser(site, user).send(ADMIN).status for user in ("ana", "eve", "")] == [200, 403, 403]


def test_coroutines_of_one_process_share_a_loop(open_site: Open) -> None:
    """What one of them has opened, such as a pool of connections, another one can use."""
    loops = set()

    async def check(request: Any) -> bool:
        loops.add(asyncio.get_running_loop())
        return True

    site = open_site(admin=check)
    assert {site.request(ADMIN).status for _ in range(4)} == {200}
    assert len(loops) == 1


def test_one_that_hangs_lets_nobody_in_and_stops_nobody(open_site: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, expected in EXPECTED.items():
        monkeypatch.setitem(cast("dict[str, Expected]", EXPECTED), name, replace(expected, patience=0.05))
    hang = {"admin": never, "is_staff": never, "user_id": never, "cart": never, "consent": never}
    site = open_site(**hang, is_available=never, price=never, order_lookup=never)
    site.engine.catalog.upsert(ITEMS)
    assert site.request("/page").status == 200
    assert site.request(ADMIN).status == 403
    assert set_cookie(site.request("/page")) is None
    assert len(lists(site)) == 4
    assert site.engine.counters.get("errors.admin") == 1


def set_cookie(answer: Any) -> str | None:
    return next((cookie for cookie in answer.all("set-cookie") if cookie.startswith("opsplug_id=")), None)


@pytest.mark.parametrize("way", WAYS)
def test_only_a_clear_yes_is_consent(open_site: Open, way: str) -> None:
    said: list[Any] = [None]
    site = open_site(consent=lambda request: WAYS[way](said[0])(request))
    for answer in [*NOT_A_YES, {"analytics": True}, "required"]:
        said[0] = answer
        assert set_cookie(site.request("/page")) is None, named(answer)
    said[0] = True
    assert set_cookie(site.request("/page")) is not None


@pytest.mark.parametrize("check", [later(False), later(None), fails, fails_later, Asked(False)], ids=named)
def test_a_coroutine_is_no_consent(open_site: Open, check: Any) -> None:
    site = open_site(consent=check)
    assert set_cookie(site.request("/page")) is None
    assert set_cookie(open_site(consent=later(True)).request("/page")) is not None


@pytest.mark.parametrize("way", WAYS)
def test_only_a_clear_yes_is_staff(open_site: Open, way: str) -> None:
    said: list[Any] = [None]
    site = open_site(is_staff=lambda request: WAYS[way](said[0])(request))
    for answer in NOT_A_YES:
        said[0] = answer
        site.request("/page")
    assert {event.audience for event in stored(site, len(NOT_A_YES))} == {0}
    said[0] = True
    site.request("/page")
    assert {event.audience for event in stored(site, len(NOT_A_YES) + 1)} == {0, 2}


@pytest.mark.parametrize("odd", [later("u1"), plainly("u1")], ids=("async", "plain"))
def test_an_account_is_a_text_or_a_number(open_site: Open, odd: Any) -> None:
    site = open_site(user_id=odd)
    visitor = Browser(site)
    visitor.send("/page")
    assert users(site) == {site.engine.keys.pseudonym("u1")}


@pytest.mark.parametrize(
    "odd", [True, object(), ("u1",), {"id": "u1"}, Response(), later(later("u1")), fails, fails_later], ids=named
)
def test_nonsense_is_nobodys_account(open_site: Open, odd: Any) -> None:
    site = open_site(user_id=odd if callable(odd) else plainly(odd))
    visitor = Browser(site)
    assert visitor.send("/page").status == 200
    assert users(site) == {None}


def users(site: Site) -> set[str | None]:
    return {event.user_id for event in stored(site, 1)}


def lists(site: Site, **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in {"placement": "cart", "k": "4", **query}.items())
    answer = site.request(f"/_opsplug/recommendations?{asked}")
    assert answer.status == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize("name", ["cart", "is_available", "price"])
@pytest.mark.parametrize(
    "odd", [7, object(), True, [object()], [("a", 1)], {"sku1": object()}, Response(), later(later([])), fails, fails_later, "sku1"],
    ids=named,
)  # fmt: skip
def test_a_list_survives_nonsense_about_items(open_site: Open, name: str, odd: Any) -> None:
    site = open_site(**{name: odd if callable(odd) else plainly(odd)})
    site.engine.catalog.upsert(ITEMS)
    found = lists(site)
    assert len(found) == 4
    assert all(item["price"] == 5.0 + int(item["item_id"][3:]) for item in found)


def test_coroutines_about_items_are_heard(open_site: Open) -> None:
    site = open_site(
        is_available=later({"sku1", "sku2"}),
        price=later({"sku1": 1.5, "sku2": "2.5", "sku3": "free"}),
        cart=later(["sku2"]),
    )
    site.engine.catalog.upsert(ITEMS)
    assert [(item["item_id"], item["price"]) for item in lists(site)] == [("sku1", 1.5)]


def test_an_order_is_told_in_words_only(open_site: Open) -> None:
    said: list[Any] = [None]
    site = open_site(order_lookup=lambda number, user: said[0], user_id=plainly("u1"))

    def told(answer: Any) -> str:
        said[0] = answer
        body = {"text": "Where is my order A-1234567?"}
        return str(Browser(site).post("/_opsplug/chat/messages", body).json()["messages"][-1]["text"])

    assert "on its way" in told("on its way")
    assert "on its way" in told({"status": "on its way"})
    for odd in (later("x")(), object(), Response(), {"status": object()}, {"name": "Ana"}, True, ["sent"]):
        text = told(odd)
        assert "object" not in text and "coroutine" not in text and "True" not in text and "Ana" not in text, text
        if asyncio.iscoroutine(odd):
            assert "x" in text


def test_a_wrong_answer_is_named_once_in_the_log_and_by_the_doctor(
    open_site: Open, caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site(admin=plainly(Response()), is_staff=plainly(1))
    for _ in range(3):
        site.request(ADMIN)
        site.request("/page")
    stored(site, 3)
    assert caplog.text.count("admin answered a value of type Response") == 1
    assert caplog.text.count("is_staff answered a value of type int") == 1
    assert site.engine.flush()
    engine = site.engine
    doctor = Doctor(
        engine.settings,
        lambda: engine.store,
        lambda: engine.artefacts,
        engine.spool,
        engine.settings.folder / "opsplug.key",
    )
    told = {found.detail: found.remedy for found in doctor.examine() if found.name == "counters"}
    assert any("wrong_answers.admin" in detail and "role" in remedy for detail, remedy in told.items()), told
    assert any("wrong_answers.is_staff" in detail and "True or False" in remedy for detail, remedy in told.items())


def test_every_callable_of_the_settings_is_called_in_one_place() -> None:
    from opsplug.settings import Settings

    callables = {name for name, field in Settings.__dataclass_fields__.items() if "Callable" in str(field.type)}
    assert set(EXPECTED) == callables


def test_while_one_function_hangs_the_others_are_not_asked(open_site: Open) -> None:
    entered, release = threading.Event(), threading.Event()

    def hang(ids: Any) -> Any:
        entered.set()
        release.wait(60)
        return {}

    site = open_site(price=hang)
    site.engine.catalog.upsert(ITEMS)
    first = threading.Thread(target=lists, args=(site,))
    first.start()
    assert entered.wait(60)
    callable_ = site.engine.callables.price
    assert callable_ is not None
    callable_._clock = lambda: 1e9  # long after
    assert len(lists(site)) == 4
    release.set()
    first.join(60)


def test_the_documentation_says_what_each_may_answer() -> None:
    text = (Path(__file__).parents[2] / "docs" / "callables.md").read_text()
    for name, expected in EXPECTED.items():
        assert f"| `{name}` | {expected.answer} | {expected.instead} | {expected.patience:g} s |" in text
