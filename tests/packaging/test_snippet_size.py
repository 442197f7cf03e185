"""What a visitor downloads stays small, is there in each encoding, and is what the manifest says."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import brotli
import pytest

DIST = Path(__file__).resolve().parents[2] / "js_snippet" / "dist"
MANIFEST = json.loads((DIST / "manifest.json").read_text())
KB = 1_000
BUDGETS = {"opsplug.js": 5 * KB, "ux.js": 6 * KB, "banner.js": 2 * KB, "recommendations.js": 3 * KB}
# The chat's button and the conversation behind it share one budget.
CHAT_BUDGET = 10 * KB
ALL = [
    "opsplug.js",
    "ux.js",
    "product.js",
    "recommendations.js",
    "chat_button.js",
    "chat.js",
    "banner.js",
    "widgets.css",
]


def brotli_size(logical: str) -> int:
    return (DIST / f"{MANIFEST[logical]['file']}.br").stat().st_size


@pytest.mark.parametrize("logical", BUDGETS)
def test_budget(logical: str) -> None:
    assert 300 < brotli_size(logical) <= BUDGETS[logical]


def test_chat_budget() -> None:
    assert brotli_size("chat.js") + brotli_size("chat_button.js") <= CHAT_BUDGET


@pytest.mark.parametrize("logical", ALL)
def test_each_encoding_holds_the_file_that_the_manifest_names(logical: str) -> None:
    entry = MANIFEST[logical]
    content = (DIST / entry["file"]).read_bytes()
    digest = hashlib.sha256(content)
    assert digest.hexdigest()[:12] in entry["file"]
    assert entry["integrity"] == "sha256-" + base64.b64encode(digest.digest()).decode()
    assert entry["bytes"] == len(content)
    assert entry["brotli"] == brotli_size(logical)
    assert brotli.decompress((DIST / f"{entry['file']}.br").read_bytes()) == content
    assert gzip.decompress((DIST / f"{entry['file']}.gz").read_bytes()) == content


def test_nothing_lies_about() -> None:
    named = {entry["file"] + ending for entry in MANIFEST.values() for ending in ("", ".br", ".gz")}
    assert {path.name for path in DIST.iterdir()} == named | {"manifest.json"}


def test_the_core_knows_its_chunks_by_their_hashed_names() -> None:
    core = (DIST / MANIFEST["opsplug.js"]["file"]).read_text()
    assert all(MANIFEST[logical]["file"] in core for logical in ALL if logical not in ("opsplug.js", "widgets.css"))


def test_the_bundles_build_no_markup_and_run_no_text() -> None:
    for logical in ALL:
        content = (DIST / MANIFEST[logical]["file"]).read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert word not in content, f"{word} in {logical}"
