import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from demo_names import clean_name


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("SET/6 RED SPOTTY PAPER CUPS ", "Set of 6 Red Spotty Paper Cups"),
        ("SET 2 PANTRY DESIGN TEA TOWELS", "Set of 2 Pantry Design Tea Towels"),
        ("SET3 BOOK BOX GREEN GINGHAM FLOWER ", "Set of 3 Book Box Green Gingham Flower"),
        ("S/4 CACTI CANDLES", "Set of 4 Cacti Candles"),
        ("BOX/12 CHICK & EGG IN BASKET", "Box of 12 Chick & Egg in Basket"),
        ("CHARLIE+LOLA PINK HOT WATER BOTTLE", "Charlie & Lola Pink Hot Water Bottle"),
        ("PLAYING CARDS KEEP CALM & CARRY ON", "Playing Cards Keep Calm & Carry On"),
        ("RED TOADSTOOL LED NIGHT LIGHT", "Red Toadstool LED Night Light"),
        ("BATHROOM METAL SIGN ", "Bathroom Metal Sign"),
        ("FEATHER PEN,HOT PINK", "Feather Pen Hot Pink"),
        ("T-LIGHT HOLDER HANGING LACE", "T-Light Holder Hanging Lace"),
        ("PEARL CRYSTAL PUMPKIN T-LIGHT HLDR", "Pearl Crystal Pumpkin T-Light Holder"),
        ("WOOD S/3 CABINET ANT WHITE FINISH", "Wood 3 Drawer Cabinet Antique White Finish"),
    ],
)
def test_a_description_becomes_a_name(description: str, name: str) -> None:
    assert clean_name(description) == name
