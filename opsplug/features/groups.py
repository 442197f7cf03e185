"""Groups that fairness is asked about: of items by what they are, of visitors by who they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opsplug.features.items import Catalogue, price_bands
from opsplug.units import DAY

NEW, RECENT = 30.0, 180.0  # days since an item came into the catalogue
UNKNOWN = ""
FIELDS: Mapping[str, str] = {"seller": "seller_id", "brand": "item_brand", "category": "item_category"}  # of a record


def item_groups(items: Catalogue, now: float) -> dict[str, list[str]]:
    """Attribute -> the group of each item; an attribute that fewer than two groups have is left out.

    price: 1 (cheapest fifth) to 5; age: new, recent, older; unknown is "".
    """
    bands = price_bands(items.prices)
    age = (now - items.created) / DAY
    ages = np.where(np.isnan(age), UNKNOWN, np.where(age <= NEW, "new", np.where(age <= RECENT, "recent", "older")))
    found = {
        "seller": items.sellers or [UNKNOWN] * len(items), "brand": items.brands,
        "category": [path.split(" > ")[0] for path in items.categories],
        "price": [str(band + 1) if band >= 0 else UNKNOWN for band in bands.tolist()], "age": ages.tolist(),
    }  # fmt: skip
    return {name: groups for name, groups in found.items() if len(set(groups)) > 1}
