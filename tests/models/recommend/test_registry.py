"""The registry of scorers, and the constants beside it."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from opsplug.models.recommend import constants
from opsplug.models.recommend.ranker import OPTIONAL
from opsplug.models.recommend.registry import CHANNELS, ITEM_CHANNELS, VISITOR_CHANNELS

ALL = (*CHANNELS, *OPTIONAL)


def test_names_are_unique_and_every_channel_speaks_somewhere() -> None:
    names = [channel.name for channel in ALL]
    assert len(names) == len(set(names))
    assert all(channel.discovery or channel.repeats or channel.item_weight for channel in ALL)
    assert all(not any(channel.start) or channel.discovery or channel.repeats for channel in ALL)


def test_channels_of_one_scorer_stand_together_and_agree_about_its_class() -> None:
    """They are asked together, so that each table is read once."""
    for channels in (VISITOR_CHANNELS, ITEM_CHANNELS):
        groups = [name for name, _ in groupby(channels, lambda channel: channel.scorer)]
        assert len(groups) == len(set(groups))
    for channel in ALL:
        assert {other.classes for other in ALL if other.scorer == channel.scorer} == {channel.classes}
        assert {other.personal for other in ALL if other.scorer == channel.scorer} == {channel.personal}


def test_every_constant_says_how_it_was_chosen_or_that_it_was_set_by_hand() -> None:
    lines = [line for line in Path(constants.__file__).read_text().splitlines() if ": Final" in line]
    assert len(lines) > 50
    silent = [
        line for line in lines if not re.search(r"#.*(by hand|swept|chosen|usual value|cost the same)", line, re.I)
    ]
    assert silent == []
