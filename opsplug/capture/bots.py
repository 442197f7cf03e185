"""Tells crawlers and scripts from people's browsers by the User-Agent header.

Rules about how programs name themselves, not a list of names: lists age, and the next crawler is on none of them.
"""

import re

# Words that programs use of themselves, addresses of a site or a mailbox, and "(compatible; Name)", which browsers have
# not used since Internet Explorer and Konqueror.
_PROGRAM = re.compile(
    r"bots?\b|bot[/_;\-]|robot|crawl|spider|slurp|scrap|fetch|headless|phantomjs|puppeteer|playwright|selenium|cypress|"
    r"lighthouse|python|curl|wget|libwww|httpclient|http[-_ ]?client|okhttp|axios|go-http|\bjava/|\(java\)|ruby|perl|"
    r"\bphp\b|node-fetch|node\.js|monitor|uptime|pingdom|\bptst/|check(?:er|host)|link ?check|preview|validat|verif|"
    r"archiver|externalhit|mediapartners|feed|\brss\b|scan|probe|nikto|zgrab|httrack|sqlmap|synthetic|survey|audit|"
    r"resolver|optimizer|capture|insights|inspection|favicon|\bgoogle[- ](?!app|chrome)|agent\b|agent[/-]|"
    r"https?://|www\.|[\w.+-]+@[\w-]+\.\w|\b[a-z][a-z0-9-]{2,}\.(?:com|org|net|io|ai|co|de|fr|ru|cn)\b|"
    r"\(compatible;(?! ?(?:MSIE|Konqueror))",
    re.IGNORECASE,
)
# Besides browsers: the frameworks' own test clients, so that a shop's tests see what its visitors see.
_BROWSER = re.compile(
    r"(?:Mozilla|Opera|Dalvik)/\d[\d.]*(?: ?[(\[]|\Z)|(?:UCWEB|Nokia|SAMSUNG|BlackBerry|SonyEricsson|LG|MOT)|"
    r"Werkzeug/|testclient\Z",
    re.IGNORECASE,
)
_LONGEST = 1000  # characters; browsers stay far below


def is_bot(agent: str) -> bool:
    """True for an agent that names itself a program or a site of its own, or that does not claim to be a browser."""
    return _BROWSER.match(agent.lstrip('"')) is None or _PROGRAM.search(agent[:_LONGEST]) is not None
