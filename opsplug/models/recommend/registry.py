"""The registry of scorers: one record for each channel of the mix. To add a scorer, add its class and its record here.

What a record says, and nothing else, decides where a channel is learnt, asked, named in a reason and offered beside an
item. Order means nothing: weights are stored and loaded by name. An optional scorer (the next-item network) has its
record beside its class, and is known to the mixes that have it as a member.
"""

from __future__ import annotations

from typing import Final

from opsplug.models.recommend.constants import (
    BASKET_DECAY,
    BASKET_MAX_HISTORY,
    BESIDE_WEIGHTS,
    DECAY_OF_NEXT,
    DECAY_OF_RECENT,
    START_EQUAL,
    START_OWN,
)
from opsplug.models.recommend.scorer import Channel, Transform
from opsplug.models.recommend.scorers.bought_together import BoughtTogether
from opsplug.models.recommend.scorers.content import Content
from opsplug.models.recommend.scorers.covisitation import CoVisitation
from opsplug.models.recommend.scorers.ease import Ease
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.scorers.item_knn import ItemKnn
from opsplug.models.recommend.scorers.own_items import OwnItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.scorers.session_knn import SessionKnn
from opsplug.models.recommend.scorers.trend import Trend

ROOT: Final = Transform.SQUARE_ROOT
EQUAL: Final = START_EQUAL, START_EQUAL
STRONG, WEAK = BESIDE_WEIGHTS
TASTE: Final = "because_you_viewed"
ITEM_TO_ITEM: Final = Ease, ItemKnn

CHANNELS: Final = (
    Channel("taste", "neighbours", ITEM_TO_ITEM, TASTE, transform=ROOT, start=EQUAL, item_weight=STRONG),
    Channel("lately", "neighbours", ITEM_TO_ITEM, TASTE, transform=ROOT, start=EQUAL, decay=DECAY_OF_RECENT),
    Channel("session", "session", (SessionKnn,), TASTE, transform=ROOT, start=EQUAL, item_weight=WEAK),
    Channel("next", "also_viewed", (CoVisitation,), "also_viewed", transform=ROOT, start=EQUAL, decay=DECAY_OF_NEXT),
    Channel(
        "also_viewed", "also_viewed", (CoVisitation,), "also_viewed", transform=ROOT, start=EQUAL,
        item_weight=WEAK, decay=DECAY_OF_RECENT,
    ),
    Channel("factors", "factors", (Factors,), TASTE, transform=ROOT, start=EQUAL),
    Channel(
        "similar", "similar", (Content,), "similar", "similar", transform=ROOT, start=EQUAL, item_weight=STRONG,
    ),
    Channel("popular", "popular", (Popularity,), "popular", personal=False, start=EQUAL),
    Channel("recent", "trend", (Trend,), "popular", personal=False, start=EQUAL),
    Channel("trend", "trend", (Trend,), "popular", personal=False),
    Channel("buy_again", "buy_again", (OwnItems,), "buy_again", discovery=False, start=(0, START_OWN)),
    Channel("repurchase_rate", "buy_again", (OwnItems,), "buy_again", discovery=False, start=(0, START_OWN)),
    Channel("repurchase_interval", "buy_again", (OwnItems,), "buy_again", discovery=False, start=(0, START_EQUAL)),
    Channel(
        "bought_together", "bought_together", (BoughtTogether,), "bought_together", "bought_together",
        discovery=False, repeats=False, item_weight=STRONG, decay=BASKET_DECAY, max_history=BASKET_MAX_HISTORY,
    ),
)  # fmt: skip
VISITOR_CHANNELS: Final = tuple(channel for channel in CHANNELS if channel.discovery or channel.repeats)
ITEM_CHANNELS: Final = tuple(channel for channel in CHANNELS if channel.item_weight)
