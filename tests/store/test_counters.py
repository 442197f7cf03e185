"""Counters that an older version has left in the store."""

import pytest

from opsplug import reasons
from opsplug.store import open_store


def test_a_counter_that_was_renamed_goes_on_under_its_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("sqlite://")
    monkeypatch.setattr(reasons, "is_strict", False)  # as in a shop whose other process is not upgraded yet
    for old, new in reasons.RENAMED.items():
        store.add_counts({old: 2})
        store.add_counts({new: 3})
        assert store.counts() == {new: 5}
        assert reasons.find(new) is not None and reasons.find(old) is None
    store.close()
