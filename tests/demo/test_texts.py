import json
import re
from collections import Counter
from datetime import datetime

import pytest

from opsplug.demo.catalogue import DATA
from opsplug.demo.texts import LANGUAGES, date, money, questions, translator
from tests.support.demo_shop import DEMO

TEXTS: dict[str, list[str]] = json.loads((DATA / "texts.json").read_text())
TEMPLATES = sorted((DEMO / "templates").glob("*.html"))


def test_every_text_exists_in_both_languages_and_fills_the_same_gaps() -> None:
    for key, texts in TEXTS.items():
        assert len(texts) == len(LANGUAGES), key
        assert all(texts), key
        gaps = [sorted(re.findall(r"{(\w+)}", text)) for text in texts]
        assert gaps[0] == gaps[1], key


def test_chinese_is_chinese_with_its_own_punctuation() -> None:
    for key, (english, chinese) in TEXTS.items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), key
        assert not re.search(r"[\u4e00-\u9fff][,.;:?!]", chinese), key
        assert not re.search(r"[\u4e00-\u9fff]", english), key


def test_every_text_that_a_template_asks_for_exists_and_none_is_forgotten() -> None:
    source = "".join(path.read_text() for path in TEMPLATES)
    asked = set(re.findall(r"""\bt\(["']([\w.]+)["']""", source))
    built = {key for key in TEXTS if key.startswith(("items.sort_", "checkout."))}
    assert asked - set(TEXTS) - {"checkout.", "checkout.pay_", "items.sort_"} == set()
    assert set(TEXTS) - asked - built == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_has_the_same_questions_in_each_language(language: str) -> None:
    entries = questions(language)
    assert [entry["id"] for entry in entries] == [entry["id"] for entry in questions("en")]
    assert max(Counter(entry["id"] for entry in entries).values()) == 1
    assert all(entry["question"] and entry["answer"] and entry["language"] == language for entry in entries)


def test_numbers_and_dates_read_as_their_language_writes_them() -> None:
    at = datetime(2026, 11, 3)
    assert money(1234.5) == "£1,234.50"
    assert date(at, "en") == "3 Nov 2026"
    assert date(at, "zh") == "2026年11月3日"
    assert translator("zh")("items.count", count=3) == "共 3 件商品"
