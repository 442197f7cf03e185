"""The shop's pages: where the tag goes, and which pages are left alone."""

from pathlib import Path

import pytest

from opsplug import Engine
from opsplug.web.pages import add_tag, by_name, has_tag, may_touch, nonce_of

TAG = b"<script data-opsplug></script>"
PAGE = b"<!doctype html><html><head><title>x</title></head><body>hi</body></html>"


def headers(**values: str) -> object:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return named.get


def test_the_tag_is_the_last_thing_in_the_head() -> None:
    assert add_tag(PAGE, TAG) == PAGE.replace(b"</head>", TAG + b"</head>")


@pytest.mark.parametrize(
    "page",
    [
        b"<p>a fragment</p>",
        b"<html><head><!-- </head> --><title>x</title></head></html>",
        b"<html><head><script>var s = '</head>'</script></head></html>",
        b"<html><head><title>how to write </head></title></head></html>",
        b"",
    ],
)
def test_an_uncertain_place_is_left_alone(page: bytes) -> None:
    assert add_tag(page, TAG) is None


@pytest.mark.parametrize(
    ("method", "status", "values", "touched"),
    [
        ("GET", 200, {"content_type": "text/html; charset=utf-8"}, True),
        ("GET", 200, {"content_type": "text/html"}, True),
        ("GET", 200, {"content_type": "text/html; charset=GB18030"}, True),
        ("HEAD", 200, {"content_type": "text/html"}, False),
        ("POST", 200, {"content_type": "text/html"}, False),
        ("GET", 404, {"content_type": "text/html"}, False),
        ("GET", 206, {"content_type": "text/html", "content_range": "bytes 0-1/2"}, False),
        ("GET", 200, {"content_type": "application/json"}, False),
        ("GET", 200, {"content_type": "text/html; charset=utf-16"}, False),
        ("GET", 200, {"content_type": "text/html", "content_encoding": "gzip"}, False),
        ("GET", 200, {"content_type": "text/html", "cache_control": "public, no-transform"}, False),
        ("GET", 200, {"content_type": "text/html", "content_md5": "x"}, False),
    ],
)
def test_which_answers_may_carry_the_tag(method: str, status: int, values: dict, touched: bool) -> None:
    assert may_touch(method, status, headers(**values)) is touched  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        (None, ""),
        ("default-src 'self'", ""),
        ("script-src 'nonce-abc123=' 'strict-dynamic'; style-src 'self'", "abc123="),
        ("script-src 'self' 'nonce-xyz'", "xyz"),
        ("script-src https://cdn.example.org/lib.js", None),
        ("script-src 'none'", None),
        ("default-src 'none'", None),
        ("script-src 'sha256-abc=' 'strict-dynamic'", None),
        ("img-src 'self'", ""),
        ("sandbox", None),
        ("script-src-elem 'nonce-elem'; script-src 'none'", "elem"),
    ],
)
def test_the_pages_policy_decides(policy: str | None, nonce: str | None) -> None:
    assert nonce_of({"content-security-policy": policy}.get) == nonce  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "lines", [["script-src 'self'", "script-src 'none'"], ["script-src 'none'", "script-src 'self'"]]
)
def test_policies_on_lines_of_their_own_all_count(lines: list[str]) -> None:
    headers = by_name([("Content-Type", "text/html"), *(("Content-Security-Policy", line) for line in lines)])
    assert nonce_of(headers.get) is None


def test_a_tag_by_hand_is_seen() -> None:
    assert has_tag(b'<script async src="/_opsplug/opsplug.js" data-opsplug></script>')
    assert not has_tag(b'<script src="app.js"></script>')


def test_the_tag_is_rendered_once_for_all_pages_of_a_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template for each page costs 40 us and a look at the template file's time."""
    engine = Engine(store=f"sqlite:///{tmp_path}/opsplug.db")
    helpers = engine.web.helpers
    first = helpers.tag(None)
    monkeypatch.setattr(helpers, "_templates", None)
    assert helpers.tag(None) == first
    assert 'nonce="a+b/c="' in helpers.tag(None, "a+b/c=")
    assert "nonce" not in first
    assert 'nonce="&#34;&gt;&lt;b&gt;"' in helpers.tag(None, '"><b>')
    engine.close()
