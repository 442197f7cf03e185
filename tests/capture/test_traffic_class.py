"""Who is a program: published crawlers are, people's browsers are not."""

import pytest

from opsplug.capture.traffic_class import TrafficClass, classify, is_bot
from tests.support.samples import crawlers

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/323.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 12; zh-CN; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0 UCBrowser/15.4 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.42 NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 20 PRO Build/TP1A.220624.014) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 9; en-us; AGENT_7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1 (Ecosia ios@10.4.0.1905)",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 (Ecosia android@131.0.6778.104)",
    "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.10.289 Version/12.01",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
]
NAMED = [
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
    "HeadlessChrome/120.0",
    "Bytespider",
    "GPTBot/1.1",
    "ChatGPT-User/1.0",
    "python-requests/2.32",
    "curl/8.5",
    "",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_are_people(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", NAMED)
def test_programs_are_programs(agent: str) -> None:
    assert is_bot(agent)


def test_published_crawlers_are_recognised() -> None:
    agents = crawlers()
    assert len(agents) > 2000
    recall = sum(map(is_bot, agents)) / len(agents)
    assert recall >= 0.97, f"{recall:.3f} of {len(agents)} published crawlers"


def test_a_hostile_agent_costs_no_time() -> None:
    assert is_bot("Mozilla/5.0 (" + "a.a-" * 200_000 + "bot") is False  # and at once: only the beginning is read


@pytest.mark.parametrize(
    ("method", "path", "purpose", "kind"),
    [
        ("GET", "/product/1", "", TrafficClass.VISIT),
        ("GET", "/product/1", "prefetch;prerender", TrafficClass.PREFETCH),
        ("HEAD", "/product/1", "", TrafficClass.OTHER),
        ("OPTIONS", "/api", "", TrafficClass.OTHER),
        ("GET", "/healthz", "", TrafficClass.HEALTH),
        ("GET", "/static/app.css", "", TrafficClass.STATIC),
        ("GET", "/favicon.ico", "", TrafficClass.STATIC),
        ("GET", "/apple-touch-icon.png", "", TrafficClass.STATIC),
        ("GET", "/update", "", TrafficClass.VISIT),
        ("POST", "/cart", "", TrafficClass.VISIT),
    ],
)
def test_what_is_no_visit(method: str, path: str, purpose: str, kind: TrafficClass) -> None:
    assert classify(method, path, PEOPLE[0], purpose) is kind
