"""The parts of a shop's units add up, whatever is in a category and whatever is in none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsplug.training.demand_hierarchy import demand_hierarchy


def tree(categories, best):
    """`categories`: item to category or ""; `best`: the items that have a series of their own."""
    rng = np.random.default_rng(len(categories))
    sold = {item: rng.poisson(3, 30).astype(float) for item in categories}
    units = sum(sold.values(), np.zeros(30))
    shown = sorted({name for name in categories.values() if name})[:2]
    by_category = {name: sum((sold[i] for i in sold if categories[i] == name), np.zeros(30)) for name in shown}
    return demand_hierarchy(units, by_category, {i: sold[i] for i in best}, categories)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["", "x", "y", "z"]), min_size=1))
@settings(max_examples=60, deadline=None)
def test_each_parent_is_the_sum_of_its_children(categories):
    series, parents = tree(categories, sorted(categories)[:3])
    values = {one[:2]: one[3] for one in series}
    assert {item for kind, item in values if kind == "item"} == set(sorted(categories)[:3])
    for parent in set(parents.values()):
        children = [values[key] for key, one in parents.items() if one == parent]
        assert np.sum(children, axis=0) == pytest.approx(values[parent])


def test_an_item_of_a_small_category_is_a_part_of_the_others():
    _, parents = tree({"a": "x", "b": "y", "c": "z", "d": ""}, ["a", "c", "d"])
    assert parents["item", "a"] == ("category", "x")
    assert parents["item", "c"] == parents["item", "d"] == ("other", "")
    assert parents["other", ""] == ("units", "")
