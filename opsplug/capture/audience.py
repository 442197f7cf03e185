"""Who is not a visitor: crawlers, prefetching, health checks, static files. Counted apart, never trained on."""

import re
from enum import Enum

from opsplug.capture.bots import is_bot


class Kind(Enum):
    """What a request is, as far as it can be told before the shop has answered."""

    VISIT = "visits"
    BOT = "bots"
    PREFETCH = "prefetches"
    HEALTH = "health_checks"
    STATIC = "static_files"
    OTHER = "other_methods"


_STATIC = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp4|webm|mp3|ogg|pdf|zip|gz|wasm|"
    r"webmanifest|txt|xml)\Z|^/(?:static|assets|media|favicon)(?:/|\b)",
    re.IGNORECASE,
)
_HEALTH = re.compile(
    r"^/(?:_+)?(?:health(?:z|check|_check|-check)?|healthy|livez?|liveness|readyz?|readiness|ping|status|heartbeat|"
    r"alive|up|metrics|actuator/health)/?\Z",
    re.IGNORECASE,
)
_PROBE_AGENTS = ("kube-probe", "ELB-HealthChecker", "GoogleHC", "Amazon-Route53", "Consul Health", "HAProxy")
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
_CACHE_SIZE = 4096
_LONGEST_HELD = 512  # characters: longer paths and agents are rare, and looked at each time
_VISIT = Kind.VISIT

_paths: dict[str, Kind] = {}
_agents: dict[str, Kind] = {}


def classify(method: str, path: str, agent: str, purpose: str) -> Kind:
    """The kind of a request; `purpose` is Sec-Purpose, Purpose or X-Moz. Costs two dictionary look-ups."""
    if method not in _METHODS:
        return Kind.OTHER
    kind = _paths.get(path) or _remember_path(path)
    if kind is not _VISIT:
        return kind
    if purpose and ("prefetch" in purpose or "prerender" in purpose or "preview" in purpose):
        return Kind.PREFETCH
    return _agents.get(agent) or _remember_agent(agent)


def _remember_path(path: str) -> Kind:
    kind = Kind.STATIC if _STATIC.search(path) else Kind.HEALTH if _HEALTH.match(path) else Kind.VISIT
    _remember(_paths, path, kind)
    return kind


def _remember_agent(agent: str) -> Kind:
    probe = agent.startswith(_PROBE_AGENTS)
    kind = Kind.HEALTH if probe else Kind.BOT if is_bot(agent) else Kind.VISIT
    _remember(_agents, agent, kind)
    return kind


def _remember(cache: dict[str, Kind], text: str, kind: Kind) -> None:
    if len(text) <= _LONGEST_HELD:
        if len(cache) >= _CACHE_SIZE:
            cache.clear()
        cache[text] = kind
