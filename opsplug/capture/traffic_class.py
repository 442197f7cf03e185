"""Tell visitors from crawlers, prefetching, health checks and static files: counted apart, never trained on."""

import re
from enum import Enum


class TrafficClass(Enum):
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
# How programs name themselves is told by rules, not by a list of names: the next crawler is on no list.
# Words that programs use of themselves, addresses of a site or a mailbox, and "(compatible; Name)", which browsers have
# not used since Internet Explorer and Konqueror.
_PROGRAM = re.compile(
    r"bots?\b|bot[/_;\-]|robot|crawl|spider|slurp|scrap|fetch|headless|phantomjs|puppeteer|playwright|selenium|cypress|"
    r"lighthouse|python|curl|wget|libwww|httpclient|http[-_ ]?client|okhttp|axios|go-http|\bjava/|\(java\)|ruby|perl|"
    r"\bphp\b|node-fetch|node\.js|monitor|uptime|pingdom|\bptst/|check(?:er|host)|link ?check|preview|validat|verif|"
    r"archiver|externalhit|mediapartners|feed|\brss\b|scan|probe|nikto|zgrab|httrack|sqlmap|synthetic|survey|audit|"
    r"resolver|optimizer|capture|insights|inspection|favicon|\bgoogle[- ](?!app|chrome)|agent\b|agent[/-]|"
    r"https?://|www\.|[\w.+-]@[\w-]{1,63}\.[a-z]|\b[a-z][a-z0-9-]{2,62}\.(?:com|org|net|io|ai|co|de|fr|ru|cn)\b|"
    r"\(compatible;(?! ?(?:MSIE|Konqueror))",
    re.IGNORECASE,
)
# Besides browsers: the frameworks' own test clients, so that a shop's tests see what its visitors see.
_BROWSER = re.compile(
    r"(?:Mozilla|Opera|Dalvik)/\d[\d.]*(?: ?[(\[]|\Z)|(?:UCWEB|Nokia|SAMSUNG|BlackBerry|SonyEricsson|LG|MOT)|"
    r"Werkzeug/|testclient\Z",
    re.IGNORECASE,
)
# What a maker calls a phone says nothing of who holds it: "Android 13; CUBOT NOTE 20 Build/TP1A".
_PHONE = re.compile(
    r"(\(Linux; (?:U; )?Android [\d.]+;)(?: [a-z]{2}[-_][a-z]{2};)?[^;()@:]{1,60}(?=[;)])", re.IGNORECASE
)
_LONGEST_AGENT = 1000  # characters that are looked at; browsers stay far below
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
_CACHE_SIZE = 4096
_LONGEST_HELD = 512  # characters: longer paths and agents are rare, and looked at each time
_VISIT = TrafficClass.VISIT

_paths: dict[str, TrafficClass] = {}
_agents: dict[str, TrafficClass] = {}


def classify(method: str, path: str, agent: str, purpose: str) -> TrafficClass:
    """The class of a request; `purpose` is Sec-Purpose, Purpose or X-Moz. Costs two dictionary look-ups."""
    if method not in _METHODS:
        return TrafficClass.OTHER
    kind = _paths.get(path) or _remember_path(path)
    if kind is not _VISIT:
        return kind
    if purpose and ("prefetch" in purpose or "prerender" in purpose or "preview" in purpose):
        return TrafficClass.PREFETCH
    return _agents.get(agent) or _remember_agent(agent)


def _remember_path(path: str) -> TrafficClass:
    kind = (
        TrafficClass.STATIC
        if _STATIC.search(path)
        else TrafficClass.HEALTH
        if _HEALTH.match(path)
        else TrafficClass.VISIT
    )
    _remember(_paths, path, kind)
    return kind


def _remember_agent(agent: str) -> TrafficClass:
    probe = agent.startswith(_PROBE_AGENTS)
    kind = TrafficClass.HEALTH if probe else TrafficClass.BOT if is_bot(agent) else TrafficClass.VISIT
    _remember(_agents, agent, kind)
    return kind


def _remember(cache: dict[str, TrafficClass], text: str, kind: TrafficClass) -> None:
    if len(text) <= _LONGEST_HELD:
        if len(cache) >= _CACHE_SIZE:
            cache.clear()
        cache[text] = kind


def is_bot(agent: str) -> bool:
    """True for an agent that names itself a program or a site of its own, or that does not claim to be a browser."""
    if _BROWSER.match(agent.lstrip('"')) is None:
        return True
    return _PROGRAM.search(_PHONE.sub(r"\1", agent[:_LONGEST_AGENT], count=1)) is not None
