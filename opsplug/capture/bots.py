"""Tells crawlers and scripts from people's browsers by the User-Agent header."""

import re

# What programs call themselves. People's browsers contain none of these words.
_WORDS = re.compile(
    r"bot\b|bot[/_;\-]|crawl|spider|slurp|scrap|fetch|headless|phantomjs|puppeteer|playwright|selenium|lighthouse|"
    r"python|curl|wget|libwww|httpclient|http[-_ ]?client|okhttp|axios|go-http|java/|ruby|perl|php/|node|"
    r"monitor|uptime|pingdom|check(?:er|host)|preview|validator|archiver|facebookexternalhit|"
    r"mediapartners|feed|rss|scan|probe|\+?https?://|@",
    re.IGNORECASE,
)
_BROWSER = re.compile(
    r"^(?:Mozilla|Opera|Dalvik)/\d|^(?:UCWEB|Nokia|SAMSUNG|BlackBerry|SonyEricsson|LG|MOT)", re.IGNORECASE
)


def is_bot(agent: str) -> bool:
    """True for an agent that names itself, names a site of its own, or does not even claim to be a browser."""
    return not agent or _WORDS.search(agent) is not None or _BROWSER.match(agent) is None
