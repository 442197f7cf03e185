"""A shop's own texts: single ones, whole languages, and files that may not be shown."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine, Settings, locales
from opsplug.errors import SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    locales.use("")


def put(folder: Path, language: str, file: str, texts: Any) -> None:
    (folder / language).mkdir(exist_ok=True)
    text = texts if isinstance(texts, str) else json.dumps(texts)
    (folder / language / f"{file}.json").write_text(text, encoding="utf-8")


def english(file: str) -> dict[str, Any]:
    return dict(locales.words(file, "en"))


def test_one_text_is_replaced_and_the_others_stay(folder: Path) -> None:
    put(folder, "en", "stats_items", {"title": "Our things"})
    before = english("stats_items")
    assert locales.use(folder) == []
    assert english("stats_items") == before | {"title": "Our things"}


def test_a_language_is_added_by_a_folder(folder: Path) -> None:
    put(folder, "nl", "stats_items", english("stats_items") | {"title": "Artikelen"})
    assert locales.use(folder) == []
    assert "nl" in locales.languages()
    assert locales.choose("nl-BE,en;q=0.5") == "nl"
    assert locales.words("stats_items", "nl")["title"] == "Artikelen"
    assert locales.words("stats", "nl") == english("stats")  # a file that it has not is English


def test_a_region_adds_to_its_language(folder: Path) -> None:
    put(folder, "zh-TW", "stats_items", {"title": "商品列表"})
    assert locales.use(folder) == []
    words, chinese = locales.words("stats_items", "zh-TW"), locales.words("stats_items", "zh")
    assert words == {**chinese, "title": "商品列表"}


WRONG: list[tuple[str, Any, str]] = [
    ("missing", lambda t: {key: text for key, text in t.items() if key != "set"}, "set: this key is missing"),
    ("unknown", lambda t: t | {"tittle": "x"}, "tittle: there is no such key; title is meant?"),
    ("placeholder", lambda t: t | {"times": "{m} keer"}, "times: the placeholders are {m}, expected: {n}"),
    ("none", lambda t: t | {"times": "keer"}, "times: the placeholders are none, expected: {n}"),
    ("inside", lambda t: t | {"times": "{n.__class__}"}, "times: the placeholders are {n.__class__}, expected: {n}"),
    ("wide", lambda t: t | {"times": "{n:>99999999}"}, "times: the placeholders are {n:>99999999}, expected: {n}"),
    ("brace", lambda t: t | {"times": "{n} {"}, "times: a brace does not fit"),
    ("markup", lambda t: t | {"title": "<b>Alerts</b>"}, "title: markup is not allowed"),
    ("entity", lambda t: t | {"title": "A &amp; B"}, "title: markup is not allowed"),
    ("turned", lambda t: t | {"title": "a\u202eb"}, "title: control characters are not allowed"),
    ("number", lambda t: t | {"title": 7}, "title: a text is expected"),
    ("flat", lambda t: t | {"kinds": "sale"}, "kinds: an object with the keys sale, holiday, normal is expected"),
    ("long", lambda t: t | {"title": "x" * 3000}, "title: longer than 2000 characters"),
    ("list", lambda t: [t], "a JSON object of key and text is expected"),
    ("json", lambda t: '{"title": ', "cannot be read as JSON"),
]


@pytest.mark.parametrize(("name", "change", "said"), WRONG, ids=[name for name, _, _ in WRONG])
def test_a_file_that_does_not_fit_is_refused_by_name_and_english_is_shown(
    folder: Path, name: str, change: Any, said: str
) -> None:
    put(folder, "nl", "stats_alerts", change(english("stats_alerts")))
    [problem] = locales.use(folder)
    assert said in problem and str(folder / "nl" / "stats_alerts.json") in problem
    assert problem.endswith("The file is left out, English is shown")
    assert locales.words("stats_alerts", "nl") == english("stats_alerts")


def test_a_refused_file_of_a_shipped_language_leaves_the_shipped_text(folder: Path) -> None:
    before = locales.words("stats_alerts", "zh")
    put(folder, "zh", "stats_alerts", {"title": "<i>"})
    [problem] = locales.use(folder)
    assert "the shipped text is shown" in problem
    assert locales.words("stats_alerts", "zh") == before


def test_a_file_nobody_reads_is_named(folder: Path) -> None:
    put(folder, "nl", "alrets", {})
    [problem] = locales.use(folder)
    assert "there is no such file of texts" in problem


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    [problem] = locales.use(tmp_path / "none")
    assert "there is no such folder" in problem
    assert locales.languages()[0] == "en"


def test_a_shop_starts_with_a_refused_file_and_says_so(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(folder, "nl", "chat", {"greeting": "Hallo!"})
    with closing(Engine(store="sqlite://", locales=str(folder), language="nl", testing=True)) as engine:
        assert engine.chat.reply("hello", anonymous_id="v").text == english("chat")["greeting"]
        assert engine.counters.get("texts_refused") == 1
    assert "chat.json: thanks: this key is missing. The file is left out, English is shown" in caplog.text


def test_a_shop_speaks_a_language_of_its_own(folder: Path) -> None:
    put(folder, "nl", "recommendations", english("recommendations") | {"reasons": NL_REASONS})
    with closing(Engine(store="sqlite://", locales=str(folder), language="nl", testing=True)) as engine:
        engine.catalog.upsert([{"item_id": "mug", "item_name": "Mok", "price": 9.9, "availability": "in_stock"}])
        [item] = engine.recommend("home", k=1).items
        assert item.reason == "Uit ons assortiment"


def test_the_language_of_a_shop_must_have_texts() -> None:
    with pytest.raises(SettingsError, match="language: there are no texts in 'nl', only in en"):
        Settings(language="nl")


NL_REASONS = {
    code: {**texts, "plain": "Uit ons assortiment"}
    for code, texts in locales.words("recommendations", "en")["reasons"].items()
}
