"""One table of settings: precedence, nearest names, and a README that says the same."""

from dataclasses import fields
from pathlib import Path

import pytest

from opsplug.errors import SettingsError
from opsplug.settings import Settings, describe

ROOT = Path(__file__).resolve().parents[1]


def test_keywords_win_over_config_and_config_over_the_environment() -> None:
    environ = {"OPSPLUG_LANGUAGE": "zh", "OPSPLUG_TIMEZONE": "Asia/Shanghai", "OPSPLUG_CURRENCY": "CNY"}
    config = {"OPSPLUG_TIMEZONE": "Europe/Berlin", "OPSPLUG_CURRENCY": "EUR", "SECRET_KEY": "not ours"}
    settings = Settings.gather({"currency": "USD"}, config, environ, store="sqlite:///x.db")
    assert (settings.language, settings.timezone, settings.currency) == ("zh", "Europe/Berlin", "USD")
    assert settings.store == "sqlite:///x.db"


@pytest.mark.parametrize(
    ("keywords", "config", "message"),
    [
        ({"is_stuff": None}, {}, "Did you mean 'is_staff'"),
        ({}, {"OPSPLUG_CONSNT": "required"}, "OPSPLUG_CONSNT.*Did you mean 'consent'"),
        ({"consent": "maybe"}, {}, "consent: 'maybe' is none of required"),
        ({"prefix": "opsplug"}, {}, "prefix"),
        ({"timezone": "Mars/Olympus"}, {}, "timezone.*IANA"),
        ({"admin_token": "short"}, {}, "admin_token: at least 16"),
        ({"admin": "yes"}, {}, "admin: a callable is expected"),
        ({"events": {"/product/<id>": "view_item"}}, {}, "events.*a method and a route"),
        ({"holdout": 0.9}, {}, "holdout"),
        ({"alerts": "owner@example.com"}, {}, "alerts: addresses such as mailto"),
        ({"train_every": -1}, {}, "train_every"),
        ({"language": "fr"}, {}, "language"),
    ],
)
def test_what_does_not_fit_is_named_with_its_remedy(keywords: dict, config: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.gather(keywords, config, {})


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("off", False), ("", False)])
def test_switches_from_the_environment(text: str, value: bool) -> None:
    assert Settings.gather({}, {}, {"OPSPLUG_ENABLED": text}).enabled is value


def test_a_number_in_the_environment_that_is_none() -> None:
    with pytest.raises(SettingsError, match="OPSPLUG_TRAIN_EVERY: 'often' is not a number"):
        Settings.gather({}, {}, {"OPSPLUG_TRAIN_EVERY": "often"})


def test_models_live_beside_the_store() -> None:
    settings = Settings(store="sqlite:////srv/shop/opsplug.db")
    assert settings.models_path == Path("/srv/shop/opsplug-models")


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, default, help_text in describe():
        assert f"| `{name}` | `{default}` | {help_text} |" in readme, f"README misses the row of {name}"
    assert len(describe()) == len(fields(Settings))


def test_no_secret_is_in_what_a_log_may_hold() -> None:
    secret = "s3cr3t-s3cr3t-s3cr3t"
    settings = Settings(
        store=f"postgresql://shop:{secret}@db/shop", secret_key=secret, admin_token=secret, chat_webhook_secret=secret,
        chat_webhook=f"https://desk.example/{secret}", chat_mail=f"mailtos://shop:{secret}@mail.example", llm_key=secret,
        llm_url=f"https://shop:{secret}@model.example/v1", llm_model="m", alerts=f"slack://{secret}/a/b",
        embeddings=f"https://shop:{secret}@model.example/v1", embeddings_model="m",
    )  # fmt: skip
    assert secret not in repr(settings) and secret not in str(settings)
    assert "timezone='UTC'" in repr(settings)


@pytest.mark.parametrize("given", [{"llm_url": "file://u:s3cr3t@h"}, {"chat_webhook": "ftp://u:s3cr3t@h"}])
def test_a_refused_address_is_not_repeated(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings(**given)  # type: ignore[arg-type]
    assert "s3cr3t" not in str(refused.value)
