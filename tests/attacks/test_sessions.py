"""Sessions of the stats page: they end when their owner says so, whoever has copied the cookie, and a token in an
address lets in once, however many come with it at the same moment."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

from tests.support.live_sites import Answer, Browser, Open

ADMIN = "/_opsplug/admin/"
TOKEN = "a token of sixteen characters"


def entered(site: object, **headers: str) -> Browser:
    browser = Browser(site)  # type: ignore[arg-type]
    answer = browser.send(f"{ADMIN}login", "POST", urlencode({"token": TOKEN}).encode(), **headers)
    assert answer.status == 303
    return browser


def leave(browser: Browser, csrf: str | None = None, **form: str) -> Answer:
    if csrf is None:
        csrf = browser.send(ADMIN).text.partition('name="csrf" value="')[2].partition('"')[0]
    return browser.send(f"{ADMIN}logout", "POST", urlencode({"csrf": csrf, **form}).encode())


def test_a_session_ends_for_every_copy_of_its_cookie(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    owner, other = entered(site), entered(site)
    thief = Browser(site, cookies=dict(owner.cookies))
    assert thief.send(ADMIN).status == 200
    answer = leave(owner)
    assert answer.status == 303
    assert any(cookie.startswith("opsplug_admin=;") for cookie in answer.all("set-cookie"))
    assert [one.send(ADMIN).status for one in (owner, thief, other)] == [401, 401, 200]
    assert entered(site).send(ADMIN).status == 200, "who has the token comes in again"


def test_all_sessions_end_at_once(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    owner, other = entered(site), entered(site)
    leave(owner, everywhere="1")
    assert [one.send(ADMIN).status for one in (owner, other)] == [401, 401]
    assert entered(site).send(ADMIN).status == 200


def test_no_other_site_logs_anybody_out(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    owner = entered(site)
    owner.send(ADMIN)
    assert leave(owner, csrf="A" * 43).status in (401, 403)
    forged = owner.send(f"{ADMIN}logout", "POST", b"csrf=x", origin="https://evil.example")
    assert forged.status in (401, 403)
    assert owner.send(ADMIN).status == 200


def test_a_shop_with_a_check_of_its_own_has_no_logout_of_ours(open_site: Open) -> None:
    page = open_site(admin=lambda request: True).request(ADMIN)
    assert page.status == 200 and "/logout" not in page.text


def test_a_forged_session_opens_nothing(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    session = entered(site).cookies["opsplug_admin"]
    expires, began, name, signature = session.split(".")
    for forged in (
        f"{int(expires) + 9}.{began}.{name}.{signature}", f"{expires}.{began}9.{name}.{signature}", f"{expires}.{signature}",
        "", ".", "...", f"{expires}.{began}.{name}.", session + "x", session[:-1], "\u00e9.x",
    ):  # fmt: skip
        assert Browser(site, cookies={"opsplug_admin": forged}).send(ADMIN).status == 401, forged


def test_a_token_in_an_address_lets_one_of_many_in(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    site.request(ADMIN)
    address = f"{ADMIN}?{urlencode({'token': TOKEN})}"
    ready, statuses = threading.Barrier(6), []

    def come() -> None:
        ready.wait(60)
        statuses.append(site.request(address).status)

    threads = [threading.Thread(target=come) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [303, 403, 403, 403, 403, 403]


def test_the_token_leaves_the_address_and_no_referrer_holds_it(open_site: Open) -> None:
    site = open_site(admin_token=TOKEN)
    answer = site.request(f"{ADMIN}?{urlencode({'token': TOKEN})}")
    assert answer.status == 303
    assert answer.header("location") == ADMIN
    assert answer.header("referrer-policy") == "strict-origin"
    assert "no-store" in (answer.header("cache-control") or "")
