"""Programs that call themselves browsers are told by what they do; people are not taken for them."""

import random

from opsplug.capture import bot_behaviour
from opsplug.capture.bot_behaviour import BotBehaviour
from opsplug.capture.identity import Cookies, Identity
from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import GONE, Visit

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
START = 1_800_000_000.0


def page(client: str, at: float, visitor: str | None = None, *, tagged: bool = True) -> Visit:
    cookies = Cookies(Identity(visitor, "s")) if visitor else Cookies()
    visit = Visit(
        None,
        GONE,
        TrafficClass.VISIT,
        "GET",
        "/",
        "",
        False,
        BROWSER,
        False,
        "",
        "",
        "",
        client,
        "",
        START + at,
        cookies,  # type: ignore[arg-type]
    )
    visit.tagged = tagged
    return visit


def shop() -> BotBehaviour:
    """Where the snippet reports from other visitors, as on any shop that has it."""
    made = BotBehaviour()
    for n in range(20):
        made.reported(page(f"198.51.100.{n}", 0))
    return made


def found(made: BotBehaviour, client: str, pages: int, seconds: float, **more: object) -> int:
    return sum(made.judge(page(client, n * seconds, **more)) for n in range(pages))  # type: ignore[arg-type]


def test_a_crawler_that_never_runs_the_snippet() -> None:
    for seconds in (0.01, 0.5, 2, 5, 10, 20):
        assert found(shop(), "203.0.113.7", 200, seconds) >= 120, f"a page each {seconds} s"


def test_a_person_without_javascript_is_a_person() -> None:
    chance = random.Random(1)
    for _ in range(300):
        made, at, taken = shop(), 0.0, 0
        for _ in range(chance.randrange(1, 60)):  # a look at a page takes half a minute, as a median
            at += chance.lognormvariate(3.4, 1.0)
            taken += made.judge(page("203.0.113.8", at))
        assert taken == 0


def test_people_behind_one_address_clear_each_other() -> None:
    made, chance, taken = shop(), random.Random(2), 0
    for n in range(5000):  # an office: a page each half second, all through one address and one browser
        taken += made.judge(page("203.0.113.9", n * 0.5))
        if chance.random() < 0.9 and n % 3 == 0:
            made.reported(page("203.0.113.9", n * 0.5))
    assert taken == 0


def test_silence_says_nothing_where_nobody_reports() -> None:
    assert found(BotBehaviour(), "203.0.113.7", 500, 0.5) == 0
    assert found(shop(), "203.0.113.7", 500, 0.5, tagged=False) == 0


def test_nobody_reads_two_pages_a_second_for_long() -> None:
    made = shop()
    made.reported(page("203.0.113.7", 0))  # a headless browser runs the snippet, too
    assert found(made, "203.0.113.7", 300, 0.2, visitor="robot") > 200
    assert found(made, "203.0.113.7", 50, 0.2, visitor="opens fifty tabs") == 0
    assert found(made, "203.0.113.7", 500, 3.0, visitor="in a hurry") == 0


def test_who_reports_after_all_is_a_person_again() -> None:
    made = shop()
    assert found(made, "203.0.113.7", 100, 0.1)
    assert made.is_program(page("203.0.113.7", 11))
    made.reported(page("203.0.113.7", 12))
    assert not made.is_program(page("203.0.113.7", 13))
    assert not made.judge(page("203.0.113.7", 13))


def test_nobody_is_a_program_for_ever() -> None:
    made = shop()
    assert found(made, "203.0.113.7", 100, 0.1)
    assert not made.is_program(page("203.0.113.7", 2 * bot_behaviour.REMEMBERED_SECONDS))


def test_a_clock_set_back_makes_nobody_a_program() -> None:
    made = shop()
    assert found(made, "203.0.113.7", 30, 10.0, visitor="v") == 0
    assert sum(made.judge(page("203.0.113.7", n * 10.0 - 3600, visitor="v")) for n in range(10)) == 0
    assert not made.judge(page("203.0.113.8", -3600))


def test_a_bounded_number_of_clients_is_remembered() -> None:
    made = shop()
    for n in range(25_000):
        visit = page(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", n / 100, visitor=f"v{n}")
        made.judge(visit)
        made.reported(visit)
    assert max(map(len, (made._full_at, made._reported, made._programs))) <= bot_behaviour._CLIENTS
