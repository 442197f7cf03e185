"""Which language is spoken: from the narrowest tag to the widest, from the first wish to the last."""

import pytest

from opsplug import locales


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (("zh-CN",), "zh"),
        (("zh_Hans_CN",), "zh"),
        (("ZH",), "zh"),
        (("fr-FR", "zh-CN"), "zh"),
        (("fr",), "en"),
        (("",), "en"),
        (("", "zh"), "zh"),
        (("fr-CH, zh;q=0.8, en;q=0.9",), "en"),
        (("fr-CH, zh;q=0.8, en;q=0.5",), "zh"),
        (("zh;q=0, *;q=0.1", "en"), "en"),
        (("en-GB,en;q=0.9", "zh"), "en"),
        (("zh;q=abc", "en"), "en"),
        (("zhongwen",), "en"),
        (("../../etc",), "en"),
        (("x" * 100_000,), "en"),
        (("," * 100_000,), "en"),
    ],
)
def test_choice(wanted: tuple[str, ...], spoken: str) -> None:
    assert locales.choose(*wanted) == spoken


def test_what_is_no_language_has_the_english_texts() -> None:
    assert locales.words("stats", "../zh") == locales.words("stats", "en")
