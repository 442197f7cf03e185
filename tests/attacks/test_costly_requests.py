"""One request cannot stop the shop, and many from one address are told to wait, whatever they ask."""

from __future__ import annotations

import time

import pytest

from opsplug.web import site as site_module
from opsplug.web.http import parse_cookies
from tests.support.live_sites import Browser, Open

LONGEST_HEADER = 60_000  # of one line; the servers refuse more themselves
ADDRESSES = (
    "/page",
    "/_opsplug/recommendations",
    "/_opsplug/admin/",
    "/_opsplug/chat/conversation",
    "/_opsplug/health",
)
HEADERS = {
    "Cookie": ["a@", "a=", ";", "; ", 'a="', "opsplug_id=", "opsplug_id=a.", "=", " ", "opsplug_admin=1;", "a;b=c;"],
    "User-Agent": ["a", "a-", "a@", "a.", "Mozilla/5.0 ", "http", "(compatible; "],
    "Accept-Language": ["a,", "a-", "zh;q=0.5,"],
    "Accept-Encoding": [",", "br,", "a;"],
    "Referer": ["http://a", "/", "@", "?a="],
    "X-Forwarded-For": [",", "1.1.1.1, ", ":", "["],
    "Origin": ["http://", "[", "@"],
}
# A page takes some milliseconds; what is quadratic takes many seconds at this length.
SECONDS = 2.0


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_is_dear(open_site: Open, name: str) -> None:
    site = open_site(trusted_proxies=1, admin_token="a token of sixteen")
    for address in ADDRESSES:
        site.request(address)  # what is opened once
        for unit in HEADERS[name]:
            began = time.perf_counter()
            status = site.request(address, headers={name: unit * (LONGEST_HEADER // len(unit))}).status
            assert status < 500
            assert time.perf_counter() - began < SECONDS, (address, name, unit)


def test_an_address_is_not_dear(open_site: Open) -> None:
    site = open_site()
    for unit in ("/", "a", "..", "%40", "a@", "%2e", "0", "a-"):
        for begin in ("/", "/_opsplug/", "/page?q=", "/_opsplug/recommendations?placement="):
            began = time.perf_counter()
            assert site.request(begin + unit * (LONGEST_HEADER // len(unit))).status < 500
            assert time.perf_counter() - began < SECONDS, (begin, unit)


def test_many_cookies_are_read_up_to_a_number() -> None:
    assert parse_cookies('a=1; b="2"; a=3;c = 4 ;d; =5;e=f=g') == {"a": "1", "b": "2", "c": "4", "": "5", "e": "f=g"}
    assert len(parse_cookies(";".join(f"c{n}=1" for n in range(20_000)))) == 500


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_opsplug/recommendations"), ("GET", "/_opsplug/health"), ("GET", "/_opsplug/openapi.json"),
     ("GET", "/_opsplug/chat/conversation"), ("GET", "/_opsplug/admin/"), ("GET", "/_opsplug/nothing"),
     ("POST", "/_opsplug/events"), ("POST", "/_opsplug/consent")],
)  # fmt: skip
def test_every_address_of_ours_has_a_limit(
    open_site: Open, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    monkeypatch.setattr(site_module, "_MAX_REQUESTS_PER_SECOND", 0.001)
    monkeypatch.setattr(site_module, "_WINDOW", 5000.0)
    site = open_site(trusted_proxies=1)
    visitor = Browser(site)
    statuses = [visitor.send(path, method, x_forwarded_for="198.51.100.7").status for _ in range(8)]
    assert statuses[5:] == [429] * 3
    assert 429 not in statuses[:5]
    refused = visitor.send(path, method, x_forwarded_for="198.51.100.7")
    assert refused.header("retry-after") == "5"
    assert visitor.send(path, method, x_forwarded_for="203.0.113.5").status != 429, "nobody else pays"
    assert visitor.send("/_opsplug/opsplug.js", x_forwarded_for="198.51.100.7").status == 200
    assert visitor.send("/page", x_forwarded_for="198.51.100.7").status == 200, "the shop's pages are the shop's"
    assert site.engine.counters.get("rate_limited") == 4


def test_a_day_has_so_many_bytes_by_address_and_in_all(open_site: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_module, "_MAX_BYTES_PER_CLIENT", 5_000)
    monkeypatch.setattr(site_module, "_MAX_BYTES", 12_000)
    site = open_site(trusted_proxies=1)
    body = b'{"events": []}'.ljust(1_000)

    def send(client: str, times: int) -> list[int]:
        sender = Browser(site)
        return [sender.send("/_opsplug/events", "POST", body, x_forwarded_for=client).status for _ in range(times)]

    assert send("198.51.100.7", 7) == [202] * 5 + [429] * 2
    assert send("203.0.113.5", 5) == [202] * 5, "nobody else pays"
    assert send("203.0.113.6", 4) == [202] * 2 + [429] * 2, "until all together have sent too much"
    assert site.engine.counters.get("bytes_limited.address") == 2
    assert site.engine.counters.get("bytes_limited.all") == 2
    visitor = Browser(site)
    assert visitor.post("/_opsplug/consent", {"analytics": False}, x_forwarded_for="198.51.100.7").status == 204
