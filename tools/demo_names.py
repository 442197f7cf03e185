"""From the retailer's upper-case descriptions to names and categories that a shopper reads."""

from __future__ import annotations

import re
from collections.abc import Callable

SMALL_WORDS = {"of", "and", "with", "in", "the", "a", "for", "to", "on", "or", "from", "de", "du", "des"}
KEPT = {
    "led": "LED",
    "tv": "TV",
    "wc": "WC",
    "us": "US",
    "ii": "II",
    "diy": "DIY",
    "3d": "3D",
    "a6": "A6",
    "a7": "A7",
    "abc": "ABC",
}
# Spellings, abbreviations and slips of the source, each as it should read.
REPAIRS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"wood s/3 cabinet", "wood 3 drawer cabinet"),
    (r"nursery a,?\s?b,?\s?c", "nursery ABC"),
    (r"\bset\s*/?\s*(\d+)\b(?!\s*(?:pc|piece|of))", r"set of \1"),
    (r"\bs/(\d+)\b", r"set of \1"),
    (r"\bset of set of\b", "set of"),
    (r"\bset of(\d)", r"set of \1"),
    (r"\bbox/(\d+)\b", r"box of \1"),
    (r"\basstd?\b|\bass(?= floral)", "assorted"),
    (r"\bhldr\b", "holder"),
    (r"\bant(?= white)\b", "antique"),
    (r"\bcand(?:l)? set\b", "candle set"),
    (r"\bchoc\b", "chocolate"),
    (r"\bdec$", "decoration"),
    (r"\bw lid\b", "with lid"),
    (r"\bb'draw\b", "drawer"),
    (r"\bdraw liners\b", "drawer liners"),
    (r"charlie\s*(?:\+|&|and)\s*lola", "Charlie & Lola"),
    (r"\s*\+\s*", " & "),
    (r"\bdoiley\b", "doily"),
    (r"\bpannetone\b", "panettone"),
    (r"\bstrawbery\b", "strawberry"),
    (r"\bcinammon\b", "cinnamon"),
    (r"\btradtional\b", "traditional"),
    (r"\bbutterfiles\b", "butterflies"),
    (r"\bfuschia\b", "fuchsia"),
    (r"\bfrappucino\b", "frappuccino"),
    (r"\bjeweled\b", "jewelled"),
    (r"\bsandlewood\b", "sandalwood"),
    (r"\bfiligris\b", "filigree"),
    (r"\bgaolers\b", "gaoler's"),
    (r"\bchildrens\b", "children's"),
    (r"\bchilds\b", "child's"),
    (r"\bmothers\b", "mother's"),
    (r"\bgardeners\b", "gardener's"),
    (r"\bkings\b", "king's"),
    (r"\bqueens\b", "queen's"),
    (r"\bgentleman\b", "gentleman's"),
    (r"\bpoppys\b", "poppy's"),
    (r"\bstopmetal\b", "stop metal"),
    (r"\bsquarecushion\b", "square cushion"),
    (r"\bdrawerknob\b", "drawer knob"),
    (r"\bchocolatecandle\b", "chocolate candle"),
    (r"\bswirlglass\b", "swirl glass"),
    (r"\bknickerbockerglory\b", "knickerbocker glory"),
    (r"\blivingroom\b", "living room"),
    (r"\bblackblue\b", "black/blue"),
    (r"\btealight\b", "T-light"),
    (r"\btea lights?\b", lambda m: "T-lights" if m[0].endswith("s") else "T-light"),
    (r"\bcakestand\b", "cake stand"),
    (r"\bcup cake\b", "cupcake"),
    (r"\btoastrack\b", "toast rack"),
    (r"\bcandleholder\b", "candle holder"),
    (r"\bcardholder\b", "card holder"),
    (r"\bcoathanger\b", "coat hanger"),
    (r"\bcolour pencils\b", "colouring pencils"),
    (r"\bpiece\b|\bpc\b", "piece"),
    (r"-paper\b", "paper"),
    (r"\bset of (\d+) (?=\1\b)", r"set of "),
)
PLAIN = (
    (r"\(pointed edge\)", " pointed edge"),
    (r'"', " "),
    (r"\s*,\s*", " "),
    (r"\.(?!\d)", " "),
    (r"\s+", " "),
)


def clean_name(description: str) -> str:
    """'SET/6 RED SPOTTY PAPER CUPS ' -> 'Set of 6 Red Spotty Paper Cups'."""
    text = description.lower()
    for pattern, replacement in PLAIN:
        text = re.sub(pattern, replacement, text)
    for pattern, repair in REPAIRS:
        text = re.sub(pattern, repair, text)
    words = re.sub(r"\s+", " ", text).strip().split(" ")
    last = len(words) - 1
    return " ".join(_title(word, 0 < index < last) for index, word in enumerate(words))


def _title(word: str, inside: bool) -> str:
    if word in KEPT:
        return KEPT[word]
    if inside and word in SMALL_WORDS:
        return word
    parts = re.split(r"([-/&])", word)
    return "".join(part[:1].upper() + part[1:] for part in parts)


# The first rule that matches names the category; a thing's noun decides before its motif does.
RULES: tuple[tuple[str, str], ...] = (
    (
        "home",
        r"(?:metal|garden|kitchen) sign|metal sign|\bsign\b|wall art|wall clock|landmark frame|"
        r"cushion(?! rabbit| owl| butterfly)",
    ),
    (
        "storage",
        r"doormat|hook(?! photo)|hook photo|hanger",
    ),
    (
        "christmas",
        r"christmas|santa|reindeer|advent|snowm[ae]n|snowflake|nativity|noel|yuletide|jingle|mistletoe|holly|"
        r"bauble|sleigh|snowy village|socks & mittens|wreath with bell|snow star",
    ),
    (
        "toys",
        r"playing cards|snap cards|soft toy|card game",
    ),
    (
        "craft",
        r"feltcraft(?!.*(?:shoulder|hair|christmas))|knitting kit|measuring tape",
    ),
    (
        "party",
        r"party bag & sticker|party bags",
    ),
    (
        "bags",
        r""
        r"\b(jumbo|lunch|charlotte|tote|picnic|shopper|shopping|shoulder|airline|overnight|"
        r"cosmetic|wash|evening|gift|peg|party|storage|recycling|pocket|doctor's|bottle) bags?\b(?! & sticker)|"
        r"shopper|\bpurse\b|wallet|luggage|passport|washbag|backpack|mini cases|basket bag|satchel",
    ),
    (
        "jewellery",
        r"bracelet|necklace|earring|brooch|hair|umbrella|rain (hat|mac|poncho)|lip gloss|ring assorted|scarf|"
        r"slipper|key ?ring|glasses case|jewellery|badge|sombrero|leis|edwardian parasol|silk fan|"
        r"sandalwood fan|traveling fan|sunglasses|tattoo",
    ),
    (
        "stationery",
        r"\bcards?\b(?!.*(?:holder|kit)| game)|\bwrap\b|wrapping|gift (tape|tags?|set wrap)|gift tags|"
        r"(?<!measuring )\btapes?\b(?! measure)|notebook|note ?books?|notepad|"
        r"(?<!tins )(?<!box blue )sketchbook|journal|pocket book|address book|pencils?\b|\bpens?\b|eraser|"
        r"ruler|sticker(?!.*party bag)|stationery|writing set|envelope|calendar|postcard|stamp set|ribbons?\b|"
        r"exercise book|calculator|sharpener|paperweight|letter rack|letter tray|letter holder|\bcrayons\b|"
        r"chalk sticks|\bchalk\b|shopping list|memo ?board|sheet of",
    ),
    (
        "party",
        r"party|birthday|bunting|balloon|invites|confetti|paper chain|honeycomb|place setting|garland|"
        r"paper (cups|plates|napkins)|napkins|straws|cocktail|crackers?|celebration candles|paper parasol|"
        r"doilies|table lantern|easter|pennant|paper lantern|table decoration|gift box|panettone|cracker|"
        r"chick & egg|mini rabbit|sweetie",
    ),
    (
        "toys",
        r"jigsaw|\btoy\b(?! tidy)|games?\b|\bdoll\b|playing cards|snap cards|skittles|dominoes|ludo|bingo|"
        r"spinning top|marbles|puppet|playhouse|stencil|drawing slate|paint(?: your own)? (?:set|canvas)|"
        r"paint your own|soldier sk|glider|helicopter|harmonica|skipping|pick up sticks|naughts|snakes|donkey|"
        r"modelling clay|alphabet blocks|jigsaw blocks|bubbles|windmill|seaside bucket|beach spade|sandcastle|"
        r"snake set|creepy|rattle|baby|children's (?:toy|garden)|child's garden|wheelbarrow|teddy|"
        r"disco ball rot|money (?:bank|box)|piggy|heads and tails|colouring set|globe|growing from paper|"
        r"magic tree|water bomb|height chart|boom box|spaceball|rounders|croquet|knitting nancy|mobile\b|"
        r"keyring",
    ),
    (
        "craft",
        r"feltcraft|felt craft|sewing|knitting|stripey mice|craft|decoupage heart|needle|button box|"
        r"embroidered|repair kit|card kit|kit cards|scissor|tape measure|measuring tape|dolly pegs|"
        r"raffia ribbons",
    ),
    (
        "bath",
        r"hot water bottle|hottie|hand warmer|pocket warmer|bath (?:sponge|salts)|sponge|soap|flannel|"
        r"tissues?\b|plasters|first aid|bathroom (?:bottle|set)|cotton wool|toilet roll|toilette|apothecary|"
        r"towel(?= pink| chocolate)|cake towel|swiss roll|vanity|incense|"
        r"scent(?:ed)? (?:heart|fabric|hanging)|lavender scent",
    ),
    (
        "candles",
        r"candle|t-lights?|lantern|\blights?\b(?! blue)|\blamp|torch|votive|night light|matches|wick\b|"
        r"fairy light",
    ),
    (
        "garden",
        r"(?<!magic )\bgarden(?! rake)|herb marker|watering can|planter|plant (?:pot|cage|holder|ladder)|"
        r"birdhouse|bird house|grow (?:your|a)|seed|twine|thermometer|hammock|kneeling|secateurs|flowerpot|"
        r"pegs\b(?!.*place)|bicycle|dog (?:bowl|toy|food)|cat (?:bowl|food)|fly swat|spirit level|fire bucket|"
        r"acapulco mat|screwdriver|parasol",
    ),
    (
        "tea",
        r"\bmugs?\b(?! cosy)|teacup|tea (?:cup|for one|set|plate|spoon|strainer|caddy|bag plate|glass)|"
        r"coffee cup|(?<!suction )(?<!toffee )\bcups?\b(?! ?cake)|saucer|teapot|milk jug|"
        r"sugar (?:bowl|tongs|dispenser|jam)|\bplates?\b|tumbler|beakers?|cutlery|chopsticks|placemat|coaster|"
        r"tray\b|sundae|napkin|\bcosy\b|cake (?:fork|slice|stand|plate)|lunch box|breakfast set|"
        r"children's bowl|snack boxes|egg (?:cup|holder)|pudding (?:spoon|bowl)|butter dish|cheese dish|"
        r"beurre|toast rack|tablecloth|decorative flask|milk bottles|\bjug\b|egg spoon|teaspoons|finger bowl|"
        r"chalice|pizza dish|tv dinner",
    ),
    (
        "kitchen",
        r"cake|baking|cookie|biscuit|kitchen|apron|oven|recipe|jelly mould|lolly|lolly moulds|pan\b|bread bin|"
        r"colander|measuring|ladle|chopping board|rolling pin|pastry|apple corer|\bjars?\b|\btins?\b|"
        r"tea towel|food (?:cover|container)|fridge|magnets?|spoon|bottle opener|scales|washing up|scrubbing|"
        r"tea,?\s?coffee|salt and pepper|popcorn|toast its|bowls?\b|egg (?:basket|frying)|fruit bowl|"
        r"jam making|petit four|container|picnic (?:basket|boxes)|ironing|coffee grinder|enamel|whisk|funnel|"
        r"storage cubes",
    ),
    (
        "storage",
        r"drawer|knob|hooks?\b|hanger|coat rack|cabinet|\bshelf\b|storage|\brack\b|organiser|wall tidy|"
        r"toy tidy|basket|\bbox(?:es)?\b|crate|chest|key (?:fob|holder)|wastepaper|cupboard|\bstool|seat\b|"
        r"bin\b|case\b|bucket|card holder|trinket",
    ),
)


def categorise(name: str) -> str:
    text = name.lower()
    for category, pattern in RULES:
        if re.search(pattern, text):
            return category
    return "home"
