"""Whose request it is: one person, one id; two people, never one."""

import os

import pytest

from opsplug.capture import ids
from opsplug.capture.identity import Cookies, id_cookie, identify, read_cookies

NOW = 1_800_000_000.0


def cookies(identity: object, now: float = NOW) -> Cookies:
    value = id_cookie(identity, now, path="/", secure=False)  # type: ignore[arg-type]
    return read_cookies("theme=dark; " + value.split(";")[0])


def test_nobody_is_identified_without_permission() -> None:
    identity = identify(Cookies(), allowed=False, user="u", now=NOW)
    assert identity.anonymous_id is None
    assert not identity.renew


def test_a_withdrawn_permission_removes_the_cookie() -> None:
    known = cookies(identify(Cookies(), allowed=True, user=None, now=NOW))
    assert identify(known, allowed=False, user=None, now=NOW).forget


def test_the_cookie_brings_the_same_visitor_back() -> None:
    first = identify(Cookies(), allowed=True, user=None, now=NOW)
    again = identify(cookies(first), allowed=True, user=None, now=NOW + 60)
    assert first.renew
    assert not again.renew
    assert (again.anonymous_id, again.session_id) == (first.anonymous_id, first.session_id)


@pytest.mark.parametrize(("minutes", "same"), [(5, True), (29, True), (31, False), (60 * 24, False)])
def test_a_session_ends_after_thirty_idle_minutes(minutes: int, same: bool) -> None:
    first = identify(Cookies(), allowed=True, user=None, now=NOW)
    later = identify(cookies(first), allowed=True, user=None, now=NOW + minutes * 60)
    assert later.anonymous_id == first.anonymous_id
    assert (later.session_id == first.session_id) is same
    assert later.renew


def test_a_login_keeps_the_visitor() -> None:
    first = identify(Cookies(), allowed=True, user=None, now=NOW)
    after = identify(cookies(first), allowed=True, user="alice-pseudonym", now=NOW)
    assert after.anonymous_id == first.anonymous_id
    assert after.renew


@pytest.mark.parametrize("next_user", [None, "bob-pseudonym"])
def test_logout_and_another_login_begin_a_new_visitor(next_user: str | None) -> None:
    alice = identify(Cookies(), allowed=True, user="alice-pseudonym", now=NOW)
    after = identify(cookies(alice), allowed=True, user=next_user, now=NOW)
    assert after.anonymous_id != alice.anonymous_id
    assert after.session_id != alice.session_id


@pytest.mark.parametrize(
    "header", ["opsplug_id=", "opsplug_id=a.b.c", "opsplug_id=" + "x" * 5000, "=;;=", "opsplug_id=\x00"]
)
def test_a_broken_cookie_is_no_cookie(header: str) -> None:
    assert read_cookies(header).anonymous_id is None


def test_the_cookie_is_first_party_and_closed_to_scripts() -> None:
    value = id_cookie(identify(Cookies(), allowed=True, user=None, now=NOW), NOW, path="/shop", secure=True)
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/shop"} <= set(value.split("; "))


def test_ids_differ_between_a_parent_and_its_forks() -> None:
    ids.new_id()
    readers = []
    for _ in range(2):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.write(writer, " ".join(ids.new_id() for _ in range(300)).encode())
            os._exit(0)
        os.close(writer)
        readers.append(reader)
    seen = [ids.new_id() for _ in range(300)]
    for reader in readers:
        with os.fdopen(reader, "rb") as pipe:
            seen += pipe.read().decode().split()
        os.wait()
    assert len(seen) == len(set(seen)) == 900


def test_a_page_view_id_tells_its_age() -> None:
    made = ids.new_page_view_id(NOW)
    assert ids.page_view_age(made, NOW + 90) == pytest.approx(90, abs=1)
    assert ids.page_view_age("not-ours", NOW) == float("inf")
