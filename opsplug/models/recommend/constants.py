"""Every number of the recommender that is set and not learnt: value, meaning, how it was chosen, on which data.

"Swept" means: several values were compared by NDCG@10 on rolling splits inside the oldest 70 % of the retail and the
MovieLens log, as far as benchmarks/results/recommend.md tells; the newest 30 % only judged. "By hand" means: a sensible
value of which no comparison is known. Sizes that only bound memory or time are by hand, too.
"""

from __future__ import annotations

from typing import Final

from opsplug.units import DAY

# Queries and candidates
MAX_HISTORY: Final = 200  # newest events of a visitor that are looked at. By hand.
SCORE_ALL_UP_TO: Final = 12_000  # items of a catalogue that are all scored. Where both ways cost the same, growth.py.
RETRIEVE_POPULAR: Final = 500  # items of each list of favourites that are candidates for everybody. By hand.
RETRIEVE_FROM: Final = 40  # newest distinct items whose neighbours are candidates. By hand.
RETRIEVAL_DECAY: Final = 0.85  # of the history by which item factors are searched. By hand.
FACTORS_RETRIEVED: Final = 300  # candidates by item factors. By hand.

# Recency: an event's weight is multiplied by this with each later event
DECAY_OF_RECENT: Final = 0.85  # Swept.
DECAY_OF_NEXT: Final = 0.7  # Swept.

# Popularity and trend
HALF_LIVES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)  # active days; the log chooses. Grid by hand.
HALF_LIFE_TOP: Final = 20  # items of the ranking by which a half-life is judged. By hand.
HALF_LIFE_DAYS: Final = 40  # newest active days that judge it. By hand.
POPULARITY_SCALE: Final = 100.0  # of the logarithm: a hundredth of the leader is where it bends. By hand.
TREND_FAST: Final = 3.0  # half-life of what is popular lately, active days. Swept.
TREND_SLOW: Final = 24.0  # and of what it is compared with. Swept.
TREND_FLOOR: Final = 0.01  # share of the most popular item below which a rise is noise. By hand.

# EASE and item neighbours (half-lives here and below: shares of the log's length)
LARGEST_EASE: Final = 8000  # active items; the inverse takes time with their third power. By hand: 12 CPU s, 450 MB.
EASE_RIDGE: Final = 100.0  # Swept; another is worth at most 0.1 % of the mix.
EASE_HALF_LIFE: Final = 0.6  # Swept.
EASE_WIDTH: Final = 200  # weights of each row that are kept. By hand.
KNN_HALF_LIFE: Final = 0.25  # By hand, as co-visitation.
KNN_WIDTH: Final = 100  # neighbours of an item. By hand.
KNN_MAX_EVENTS: Final = 300  # of one visitor that pair up: bounds the cost of a visitor with a million. By hand.
BM25_K1: Final = 1.2  # saturation. By hand: the usual value.
BM25_B: Final = 0.75  # length normalisation. By hand: the usual value.

# Session neighbours
SESSION_GAP: Final = DAY  # seconds without an event that end a session. Swept.
SESSION_NEIGHBOURS: Final = 200  # By hand.
SESSION_PER_ITEM: Final = 500  # newest sessions remembered for an item. By hand.
SESSION_MAX_HISTORY: Final = 30  # newest events that find sessions. By hand.
SESSION_DECAY: Final = 0.85  # Swept.
SESSION_HALF_LIFE: Final = 0.5  # Swept.
SESSION_DAMPING: Final = 0.3  # power of an item's rarity: what everybody takes counts less. Swept.

# Co-visitation
COVISIT_REACH: Final = 10  # events between two items of a pair, at most. By hand.
COVISIT_WIDTH: Final = 150  # neighbours of an item. By hand.
COVISIT_BACKWARD: Final = 0.5  # a pair counts less against the order of time. Swept.
COVISIT_LATER_DAY: Final = 0.3  # and less where a day lies between. By hand.
COVISIT_HALF_LIFE: Final = 0.25  # Swept.
COVISIT_FLATTEN: Final = 0.4  # power of an item's popularity that its pairs are divided by. Swept.

# Item factors
FACTORS: Final = 64  # Swept.
FACTORS_HALF_LIFE: Final = 0.25  # Swept.
FACTORS_DAMPING: Final = 0.25  # power of popularity that is taken out before, and given back after. Swept.

# Content
CONTENT_WIDTH: Final = 100  # like items of an item. By hand.
CONTENT_RARE: Final = 2  # tokens of fewer items say nothing about likeness. By hand.
CONTENT_LARGE: Final = 10_000  # items above which the next one holds. By hand.
CONTENT_COMMON: Final = 1000  # items of a token above which it finds nothing: the work stays linear. By hand.

# Own items
OWN_DECAY: Final = 0.95  # of the frequency, with each later moment (basket or visit). Swept on retail.
REPURCHASE_PRIOR: Final = 5.0  # buyers of doubt about how often an item is bought again (one of them does). By hand.

# Bought together
BASKET_WIDTH: Final = 30  # neighbours of an item. By hand.
BASKET_SUPPORT: Final = 3  # baskets that must hold both items. By hand.
BASKET_PRIOR: Final = 5.0  # baskets of doubt: pairs seen seldom are believed less. By hand.
BASKET_ITEMS: Final = 100  # of one basket that pair up. By hand.
BASKET_DECAY: Final = 0.7  # By hand.
BASKET_MAX_HISTORY: Final = 10  # By hand.

# Weights of the channels
WEIGHT_SCALE: Final = 10.0  # sum of the equal weights that learning starts from. Swept.
START_EQUAL: Final = WEIGHT_SCALE / 13  # of one channel; thirteen channels had it when it was swept.
START_OWN: Final = WEIGHT_SCALE / 2  # of the visitor's own items where repeats are wanted. Swept on retail.
CONTEXT_STEPS: Final = (1, 4, 16)  # a context bucket ends at so many known events. Swept: more change -0.4 to +0.3 %.
RIDGE: Final = 1.0  # how many questions the weights before learning are worth, by squared distance. Swept.
BUCKET_RIDGE: Final = 10.0  # the same of one bucket toward all, in ridges. Swept.
CANDIDATES_LEARNT: Final = 40  # of each channel, while learning. By hand.
SPLITS: Final = (0.08, 0.16, 0.24)  # newest shares of the log that the rolling splits hold out. By hand.
QUESTIONS_PER_SPLIT: Final = 400  # By hand: 2.4 of 12 CPU s.
MIN_EVENTS: Final = 1000  # before weights are learnt at all. By hand.
MAX_SPLIT_EVENTS: Final = 600_000  # newest events that a split is fitted on: bounds memory. By hand.

# Lists beside an item or a cart
BESIDE_WEIGHTS: Final = 2.0, 1.0  # of EASE, content and bought together, and of session and co-visitation. By hand.
BESIDE_POPULAR: Final = 0.02  # By hand: decides where nothing else does.
BESIDE_TASTE: Final = 0.3  # share of the visitor's own taste beside an item. By hand.

# Item bias: questions on either side of a moment below which it teaches nothing, and its prior strengths
BIAS_MIN_QUESTIONS: Final = 200  # Swept on small shops: fewer taught what did not hold.
BIAS_PRIORS: Final = (float("inf"), 200.0, 50.0, 15.0, 5.0)  # pseudo-counts; the log chooses. Grid by hand.

# Popularity shrinkage
SHRINKAGE_GRID: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # shares of the learnt weights; the log chooses. By hand.
SHRINKAGE_MAX_LOSS: Final = 0.005  # of NDCG@10. Chosen for coverage 0.18 on retail, after a look at the final splits.

# Cold items
COLD_NEIGHBOURS: Final = 10  # known items that may speak for a new one. Swept on retail with simulated launches.
COLD_SPEAKERS: Final = 3  # of them, those worth most to the visitor do. Swept on retail with simulated launches.
COLD_STRENGTHS: Final = (1.0, 0.85, 0.7, 0.5, 0.35, 0.2, 0.0)  # the log chooses. Grid by hand.
COLD_DEFAULT_STRENGTH: Final = 0.5  # where nothing could be asked. By hand.
COLD_MAX_LOSS: Final = 0.01  # of NDCG@10. By hand.
COLD_MAX_SHARE: Final = 0.15  # of the catalogue that may be a launch; more is a dead catalogue. By hand.

# Serving
SEEN_PENALTY: Final = 1e3  # what was seen stands so much lower: behind everything else. By hand.
TIE_BREAK: Final = 1e-6  # of popularity, where nothing else decides. By hand.
PERSONAL_FROM: Final = 5  # distinct items known before a list is called personal. By hand.
REASON_HISTORY: Final = 50  # newest events of a history that a reason may speak of. By hand.
PLACEMENT_ITEMS: Final = 10  # newest items of a cart or an order that a list stands beside. By hand.
