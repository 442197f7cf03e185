"""Every language that comes with opsplug says the same things, in plain text, with the same placeholders."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsplug import locales
from opsplug.locales.checks import problems_of

SHIPPED = Path(locales.__file__).parent
FILES = locales.files()


def read(language: str, file: str) -> Any:
    return json.loads((SHIPPED / language / f"{file}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", locales.languages())
@pytest.mark.parametrize("file", FILES)
def test_every_language_has_every_text_with_its_placeholders_and_no_markup(language: str, file: str) -> None:
    assert problems_of(read(language, file), read("en", file), complete=True) == []


@pytest.mark.parametrize("language", locales.languages())
def test_a_language_has_no_other_files(language: str) -> None:
    assert sorted(path.stem for path in (SHIPPED / language).iterdir()) == FILES


@pytest.mark.parametrize("language", locales.languages())
@pytest.mark.parametrize("file", FILES)
def test_keys_stand_in_the_same_order(language: str, file: str) -> None:
    """Whoever translates reads two files side by side."""
    assert _keys(read(language, file)) == _keys(read("en", file))


def _keys(value: Any) -> Any:
    return (
        [(key, _keys(inner)) for key, inner in value.items()]
        if isinstance(value, dict) and "other" not in value
        else None
    )
