"""The owner's rules as the lines of a form, and back: one line for one rule."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from opsplug.errors import SettingsError
from opsplug.features.groups import FIELDS
from opsplug.features.recommendation_id import PLACEMENTS
from opsplug.services.recommend.rules import Rules

NAMES = ("pins", "weights", "items", "brands", "categories", "caps", "diversity", "rotation", "fairness", "fairness_by")


def shown(rules: Rules) -> dict[str, str]:
    """What stands in each field of the form."""
    return {
        "pins": "\n".join(_joined(pin.item_id, str(pin.position + 1), pin.placement) for pin in rules.pins),
        "weights": "\n".join(
            _joined(" & ".join(map("=".join, weight.match.items())), f"{weight.factor:g}", weight.placement)
            for weight in rules.weights
        ),
        "items": "\n".join(rules.block.items), "brands": "\n".join(rules.block.brands),
        "categories": "\n".join(rules.block.categories),
        "caps": "\n".join(f"{name}, {cap}" for name, cap in rules.caps.items()),
        "diversity": f"{rules.diversity:g}", "rotation": f"{rules.rotation:g}", "fairness": f"{rules.fairness:g}",
        "fairness_by": rules.fairness_by,
    }  # fmt: skip


def read(form: Mapping[str, str]) -> dict[str, Any]:
    """The document `rules/recommendations`; `SettingsError` names the line that cannot be read."""
    return {
        "pins": [_pin(line) for line in _lines(form, "pins")],
        "weights": [_weight(line) for line in _lines(form, "weights")],
        "block": {name: list(_lines(form, name)) for name in ("items", "brands", "categories")},
        "caps": dict(_cap(line) for line in _lines(form, "caps")),
        **{name: _number(form.get(name) or "0", name) for name in ("diversity", "rotation", "fairness")},
        "fairness_by": form.get("fairness_by") if form.get("fairness_by") in FIELDS.values() else "item_brand",
    }


def _lines(form: Mapping[str, str], name: str) -> Iterator[str]:
    for line in form.get(name, "").splitlines():
        if line.strip():
            yield line.strip()


def _pin(line: str) -> dict[str, Any]:
    """`item, place` or `item, place, placement`; the first place is 1."""
    first, rest, placement = _parts(line)
    place = _number(rest or "1", line)
    if place < 1 or place != int(place):
        raise SettingsError(f"rules: {line!r}: the place is a whole number from 1 on")
    return {"item_id": first, "position": int(place) - 1, "placement": placement}


def _weight(line: str) -> dict[str, Any]:
    """`field=value, factor` or `field=value & field=value, factor, placement`."""
    first, factor, placement = _parts(line)
    match = dict(part.split("=", 1) for part in first.split("&") if "=" in part)
    if not match or not factor:
        raise SettingsError(f"rules: {line!r}: a field, its value and a factor are expected, like item_brand=Acme, 1.5")
    fields = {name.strip(): value.strip() for name, value in match.items()}
    return {"match": fields, "factor": _number(factor, line), "placement": placement}


def _cap(line: str) -> tuple[str, int]:
    name, _, most = line.rpartition(",")
    count = _number(most, line)
    if not name.strip() or count != int(count):
        raise SettingsError(f"rules: {line!r}: a field and a whole number are expected, like item_brand, 3")
    return name.strip(), int(count)


def _parts(line: str) -> tuple[str, str, str | None]:
    """What stands before the commas, the number, and the placement where one is named. Ids may hold commas."""
    rest, _, last = line.rpartition(",")
    placement = last.strip() if last.strip() in PLACEMENTS else None
    if placement is None:
        rest = line
    first, comma, number = rest.rpartition(",")
    if not comma:
        return rest.strip(), "", placement
    return first.strip(), number.strip(), placement


def _number(text: str, where: str) -> float:
    try:
        number = float(text.strip())
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingsError(f"rules: {where!r}: {text.strip()!r} is not a number")
    return number


def _joined(first: str, second: str, placement: str | None) -> str:
    return ", ".join(filter(None, (first, second, placement)))
