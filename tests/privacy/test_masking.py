"""Masking: every kind, its near misses, Chinese neighbours, hostile input and a labelled set."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsplug.privacy import mask
from opsplug.privacy.free_text import is_suspect
from tests.support.samples import labelled_texts

KINDS = {
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "US_SSN": "national_id",
    "IBAN_CODE": "iban",
}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo.doe+shop@mail.example.co.uk please", "write to [email] please"),
        ("请发到zhang@example.com谢谢", "请发到[email]谢谢"),
        ("邮箱ａ＠ｂ．ｃｏｍ", "邮箱[email]"),
        ("call +44 20 7946 0958 today", "call [phone] today"),
        ("+1 (415) 555-2671 ext. 12", "[phone]"),
        ("我的手机是13812345678，谢谢", "我的手机是[phone]，谢谢"),
        ("电话：138 1234 5678。", "电话：[phone]。"),
        ("+86 138-1234-5678", "[phone]"),
        ("１３８１２３４５６７８", "[phone]"),
        ("1 3 8 1 2 3 4 5 6 7 8", "[phone]"),
        ("138\u200b1234\u200b5678", "[phone]"),
        ("座机010-62345678", "座机[phone]"),
        ("06 12 34 56 78", "[phone]"),
        ("(415) 555-2671", "[phone]"),
        ("card 4111 1111 1111 1111 exp 12/27", "card [card] exp 12/27"),
        ("卡号4111111111111111，", "卡号[card]，"),
        ("3782-822463-10005", "[card]"),
        ("DE89 3704 0044 0532 0130 00 thanks", "[iban] thanks"),
        ("账号GB82WEST12345698765432。", "账号[iban]。"),
        ("身份证11010519491231002X。", "身份证[national_id]。"),
        ("身份证号440524188001010014", "身份证号440524188001010014"),  # born in 1880: no resident number begins so
        ("card4111111111111111x", "card[card]x"),
        ("手机一三八一二三四五六七八", "手机[phone]"),
        ("我的号码是幺三八〇〇一三八〇〇〇，微信同号", "我的号码是[phone]，微信同号"),
        ("two: a@b.io, 13812345678", "two: [email], [phone]"),
        ("4111 1111 1111 1111 138 1234 5678", "[card] [phone]"),
    ],
)
def test_what_identifies_a_person_is_hidden(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 1002",
        "my order number is 2813882583",
        "订单2026112400012",
        "delivered on 2026-11-24 or 24.11.2026",
        "the price is 1299.00 and not 1,399.00",
        "4111 1111 1111 1112",
        "DE89370400440532013001",
        "11010519491231002A",
        "server 192.168.100.200",
        "from 2010-2020",
        "size 36-38-40",
        "me @home, 50% off @ noon",
        "90 x 200 cm",
        "",
    ],
)
def test_what_is_no_personal_number_stays(text: str) -> None:
    assert mask(text) == (text, ())


def test_findings_name_the_place_in_the_original_text() -> None:
    text = "电话１３８１２３４５６７８ or a@b.io"
    assert [(kind, text[start:end]) for kind, start, end in mask(text).findings] == [
        ("phone", "１３８１２３４５６７８"),
        ("email", "a@b.io"),
    ]


FRAGMENTS = [
    "a@b.io",
    "13812345678",
    "4111 1111 1111 1111",
    "GB82WEST12345698765432",
    "+44 20 7946 0958",
    "电话",
    "call",
]
FRAGMENTS += ["order", " ", "-", "+", "(", ")", ".", "@", "1", "07", "x", "X", "，", "\u200b", "[phone]", "["]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)))
def test_masking_again_changes_nothing_and_findings_are_ordered(text: str) -> None:
    masked = mask(text)
    assert mask(masked.text).text == masked.text
    ends = [0] + [finding.end for finding in masked.findings]
    assert all(
        end <= finding.start < finding.end <= len(text) for end, finding in zip(ends, masked.findings, strict=False)
    )


HOSTILE = [
    "1",
    "1 ",
    "12-",
    "123 ",
    "@",
    "a@",
    "a",
    "+(",
    "GB12 ",
    "phone 12345 ",
    "13812345678 ",
    "a.",
    "1.",
    "(1)",
    "１",
    "[1",
    "-",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_linearly_on_hostile_text(piece: str) -> None:
    def cost(size: int) -> float:
        text = (piece * size)[:size]
        started = time.process_time()
        mask(text)
        return time.process_time() - started

    small, large = (min(cost(size) for _ in range(2)) for size in (5_000, 50_000))
    assert large < 40 * small + 0.5  # ten times the text: quadratic growth would be a hundredfold


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)))
def test_the_quick_look_sees_whatever_is_masked(text: str) -> None:
    assert is_suspect(text) or not mask(text).findings


def test_recall_and_precision_on_labelled_texts() -> None:
    hidden: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for record in labelled_texts():
        findings = mask(record["full_text"]).findings
        assert is_suspect(record["full_text"]) or not findings
        spans = [
            (KINDS[s["entity_type"]], s["start_position"], s["end_position"])
            for s in record["spans"]
            if s["entity_type"] in KINDS
        ]
        for kind, start, end in spans:
            found = any(f.kind == kind and f.start <= start and end <= f.end for f in findings)
            (hidden if found else missed)[kind] += 1
        wrong.update(f.kind for f in findings if not any(start < f.end and f.start < end for _, start, end in spans))
    for kind in KINDS.values():
        assert hidden[kind] >= 0.97 * (hidden[kind] + missed[kind]), kind
        assert wrong[kind] <= 0.03 * hidden[kind], kind
