"""What every store promises. A back end's test class inherits from `StoreContract` and gives the fixture `store`."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from opsplug.errors import EventError
from opsplug.events import BOT, STAFF, Event, Item, Step, make_event
from opsplug.store import Store, queries
from tests.contracts.document_contract import DocumentContract

T0 = 1_760_000_000_000
DAY = 86_400_000


def event(n: int = 0, name: str = "view_item", **fields: Any) -> Event:
    return make_event(name, event_id=fields.pop("event_id", f"e{n}"), now_ms=fields.pop("at", T0 + n * 1000), **fields)


def read(store: Store, **options: Any) -> list[Event]:
    return [one for batch in store.read_events(**{"audience": None, **options}) for _, one in batch]


class StoreContract(DocumentContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        raise NotImplementedError

    @pytest.fixture
    def documents(self, store: Store) -> Store:  # type: ignore[override]
        return store

    # -- events ---------------------------------------------------------------------------------------------------
    def test_an_event_comes_back_as_it_was(self, store: Store) -> None:
        full = Event(
            event_id="e1",
            event="purchase",
            timestamp=T0 - 5,
            received_at=T0,
            source="import",
            audience=STAFF,
            anonymous_id="v",
            user_id="u",
            session_id="s",
            page_view_id="p",
            route="/商品/<id>",
            items=[Item(item_id="杯子", price=9.5, quantity=2, index=0)],
            properties={"value": 19, "currency": "EUR", "note": 'a"b\u2028', "deep": {"list": [1, None, 2.5]}},
        )
        bare = event(2, at=T0 + 1)
        assert store.add_events([full, bare]) == 2
        assert read(store) == [full, bare]

    def test_a_page_view_keeps_its_own_id(self, store: Store) -> None:
        views = [
            event(1, "page_view", page_view_id="e1", anonymous_id="v"),
            event(2, "page_view", page_view_id=None),
            event(3, page_view_id="e1", anonymous_id="v"),
        ]
        store.add_events(views)
        assert [one.page_view_id for one in read(store)] == ["e1", None, "e1"]

    def test_a_repeated_id_changes_nothing(self, store: Store) -> None:
        first = event(1, properties={"x": 1})
        assert store.add_events([first, event(1, properties={"x": 2})]) == 1
        assert store.add_events([event(1, properties={"x": 3})], durable=True) == 0
        assert read(store) == [first]

    def test_nothing_of_a_batch_is_stored_when_one_event_fits_no_database(self, store: Store) -> None:
        with pytest.raises(EventError):
            store.add_events([event(1), event(2, route="\ud800"), event(3)])
        assert read(store) == []
        assert store.add_events([event(1)]) == 1

    def test_reading_filters_and_goes_on_after_an_id(self, store: Store) -> None:
        store.add_events([event(n, "view_item" if n % 2 else "page_view", audience=BOT * (n > 7)) for n in range(10)])
        assert [e.event_id for e in read(store, batch=3)] == [f"e{n}" for n in range(10)]
        assert [e.event_id for e in read(store, audience=0, names=["view_item"], batch=2)] == ["e1", "e3", "e5", "e7"]
        assert [e.event_id for e in read(store, since_ms=T0 + 3000, until_ms=T0 + 6000)] == ["e3", "e4", "e5"]
        assert read(store, names=[]) == []
        ids = [number for batch in store.read_events(audience=None) for number, _ in batch]
        assert [e.event_id for e in read(store, after_id=ids[6])] == ["e7", "e8", "e9"]
        assert store.last_id() == ids[-1]

    def test_late_arrivals_are_found_by_when_they_happened(self, store: Store) -> None:
        store.add_events([event(1, at=T0 + 5 * DAY)])
        store.add_events(
            [event(2, at=T0 + 6 * DAY, timestamp_ms=T0), event(3, at=T0 + 6 * DAY, timestamp_ms=T0 + 7 * DAY)]
        )
        assert [e.event_id for e in read(store, since_ms=T0 - 1, until_ms=T0 + 1)] == ["e2"]
        assert [e.event_id for e in read(store, since_ms=T0 + 7 * DAY)] == ["e3"]

    def test_a_day_is_found_though_the_clock_jumped_back(self, store: Store) -> None:
        for n in range(5):
            store.add_events([event(n)])
        store.add_events([event(5, at=T0 - 3_600_000), event(6, at=T0 - 3_599_000)])
        store.add_events([event(7, at=T0 + 7000)])
        received = [e.received_at for e in read(store)]
        assert received == sorted(received)
        assert read(store)[5].timestamp == T0 - 3_600_000
        first = store.first_id_received_at(T0 + 5000)
        assert [e.event_id for e in read(store, after_id=first - 1)] == ["e7"]
        assert store.first_id_received_at(T0 + DAY) == store.last_id() + 1
        assert len(read(store, since_ms=T0 - 3_600_000)) == 8

    @pytest.mark.parametrize("seed", range(5))
    def test_bisection_agrees_with_a_scan(self, store: Store, seed: int) -> None:
        chance = random.Random(seed)
        at = T0
        for n in range(40):
            at += chance.randrange(-10_000, 10_000)
            store.add_events([event(n, at=at)])
        store.prune(T0 - 5_000)
        rows = [pair for batch in store.read_events(audience=None) for pair in batch]
        for moment in range(T0 - 50_000, T0 + 50_000, 7_001):
            expected = next((number for number, e in rows if e.received_at >= moment), store.last_id() + 1)
            assert store.first_id_received_at(moment) == expected

    # -- visitors -------------------------------------------------------------------------------------------------
    def test_a_history_is_the_newest_of_its_visitors_oldest_first(self, store: Store) -> None:
        store.add_events([event(n, anonymous_id=f"v{n % 3}") for n in range(12)])
        store.add_events([event(20, "web_vital", anonymous_id="v0"), event(21)])
        assert [e.event_id for e in store.history(["v0", "v1"], limit=3, timeout=5)] == ["e7", "e9", "e10"]
        assert [e.event_id for e in store.history(["v0"], names=["web_vital"], timeout=5)] == ["e20"]
        assert store.history([]) == store.history(["nobody"], timeout=5) == []

    def test_steps_are_a_history_with_less_in_it(self, store: Store) -> None:
        order = event(5, "purchase", anonymous_id="v1", items=[Item(item_id="a", price=2.5), Item(item_id="b")])
        order.properties = {"transaction_id": "t1"}
        store.add_events([event(n, anonymous_id=f"v{n % 2}") for n in range(5)] + [order])
        names = ("view_item", "purchase")
        steps = store.steps(["v0", "v1"], limit=4, names=names, timeout=5)
        assert steps == [
            Step(e.event_id, e.event, e.timestamp, [item.item_id for item in e.items], e.properties)
            for e in store.history(["v0", "v1"], limit=4, names=names, timeout=5)
        ]
        assert steps[-1].items == ["a", "b"] and steps[-1].properties == {"transaction_id": "t1"}
        assert store.steps(["nobody"], limit=4, names=names, timeout=5) == []

    def test_the_first_user_of_an_anonymous_id_stays(self, store: Store) -> None:
        store.add_events([event(1, anonymous_id="v1", user_id="anna"), event(2, anonymous_id="v2", user_id="anna")])
        store.add_events(
            [event(3, anonymous_id="v1", user_id="ben"), event(4, anonymous_id="v9", user_id="ben", audience=STAFF)]
        )
        assert sorted(store.visitors_of("anna")) == ["anna", "v1", "v2"]
        assert store.visitors_of("ben") == ["ben"]

    def test_only_the_newest_devices_of_a_user_are_asked(self, store: Store) -> None:
        store.add_events([event(n, anonymous_id=f"v{n}", user_id="anna") for n in range(12)])
        assert store.visitors_of("anna") == [f"v{n}" for n in range(11, 3, -1)] + ["anna"]

    def test_forgetting_leaves_the_counts(self, store: Store) -> None:
        store.add_events(
            [event(n, anonymous_id="v1", user_id="anna", session_id="s") for n in range(3)] + [event(9, user_id="ben")]
        )
        assert store.forget_visitor(["v1"]) == 3
        assert store.history(["v1"], timeout=5) == []
        assert store.visitors_of("anna") == ["anna"]
        assert [(e.anonymous_id, e.user_id, e.session_id) for e in read(store)[:3]] == [(None, None, None)] * 3
        assert read(store)[3].user_id == "ben"

    def test_a_refusal_of_consent_forgets_with_its_own_row(self, store: Store) -> None:
        store.add_events([event(1, anonymous_id="v1"), event(2, anonymous_id="v2")])
        store.add_events([event(3, "consent_update", anonymous_id="v1", properties={"granted": False})], durable=True)
        assert [e.anonymous_id for e in read(store)] == [None, "v2", None]
        store.add_events([event(4, "consent_update", anonymous_id="v2", properties={"granted": True})], durable=True)
        assert read(store)[-1].anonymous_id == "v2"

    def test_retention_removes_the_oldest(self, store: Store) -> None:
        store.add_events([event(n) for n in range(25)])
        assert store.prune(T0 + 10_000, batch=3) == 10
        assert [e.event_id for e in read(store)] == [f"e{n}" for n in range(10, 25)]
        assert store.prune(T0 + 10_000) == 0

    def test_the_newest_receipt_is_known(self, store: Store) -> None:
        assert store.newest_receipt() == 0
        store.add_events([event(n) for n in range(3)])
        assert store.newest_receipt() == read(store)[-1].received_at

    # -- catalogue ------------------------------------------------------------------------------------------------
    def test_a_page_never_replaces_what_the_shop_said(self, store: Store) -> None:
        assert store.put_items([{"item_id": "a", "item_name": "Mug"}], origin="explicit", now_ms=T0) == 1
        assert store.put_items([{"item_id": "a", "item_name": "?"}, {"item_id": "b"}], origin="page", now_ms=T0) == 1
        assert store.get_items(["a", "b", "c"]) == {"a": {"item_id": "a", "item_name": "Mug"}, "b": {"item_id": "b"}}
        assert store.put_items([{"item_id": "b", "price": 1}], origin="explicit", now_ms=T0) == 1
        assert [record["item_id"] for record in store.items()] == ["a", "b"]

    def test_the_version_differs_after_every_change_and_only_then(self, store: Store) -> None:
        seen = [store.catalogue_version()]
        store.put_items([{"item_id": "a"}], origin="page", now_ms=T0)
        seen.append(store.catalogue_version())
        assert store.put_items([{"item_id": "a"}], origin="page", now_ms=T0 + 5) == 0
        assert store.catalogue_version() == seen[-1]
        store.put_items([{"item_id": "a", "price": 2}], origin="page", now_ms=T0 - 5)
        seen.append(store.catalogue_version())
        assert store.remove_items(["a", "nothing"]) == 1
        seen.append(store.catalogue_version())
        assert store.remove_items(["a"]) == store.remove_items([]) == 0
        assert len(set(seen)) == len(seen) == 4
        assert store.catalogue_version() == seen[-1]

    def test_items_unseen_expire_by_origin(self, store: Store) -> None:
        store.put_items([{"item_id": "a"}], origin="explicit", now_ms=T0)
        store.put_items([{"item_id": "b"}, {"item_id": "c"}], origin="page", now_ms=T0)
        store.put_items([{"item_id": "c"}], origin="page", now_ms=T0 + DAY)
        assert store.expire_items("page", T0 + 1) == 1
        assert [record["item_id"] for record in store.items()] == ["a", "c"]

    def test_a_large_catalogue_comes_back_whole(self, store: Store) -> None:
        records = [{"item_id": f"sku{n:05d}", "price": n} for n in range(2_300)]
        assert store.put_items(records, origin="explicit", now_ms=T0) == 2_300
        assert list(store.items()) == records
        assert len(store.get_items([record["item_id"] for record in records])) == 2_300
        assert store.remove_items([record["item_id"] for record in records]) == 2_300

    # -- documents, leases, counters ------------------------------------------------------------------------------
    def test_documents_of_an_older_run_go_and_a_visitors_line_goes_with_the_visitor(self, store: Store) -> None:
        store.put_document("visitor", "old", {}, 1)
        store.put_documents([("visitor", "u", {}), ("visitor", "v", {}), ("job", "old", {})], 2)
        assert store.delete_documents("visitor", 2) == 1
        store.forget_visitor(["u"])
        assert store.document_keys("visitor") == ["v"]
        assert store.document_keys("job") == ["old"]

    def test_many_documents_are_kept_or_none(self, store: Store) -> None:
        store.put_document("rules", "a", 1, T0)
        store.put_documents([("rules", "b", {"x": 3}), ("rules", "c", 4)], T0 + 5)
        assert store.documents_since("rules", T0 + 1) == [("b", {"x": 3}), ("c", 4)]
        assert len(store.documents_since("rules", T0)) == 3
        assert store.document_keys("rules") == ["a", "b", "c"]
        with pytest.raises(TypeError):
            store.put_documents([("rules", "d", 1), ("rules", "e", object())], T0)
        assert store.get_document("rules", "d") is None
        store.put_documents([], T0)

    def test_the_oldest_of_a_kind(self, store: Store) -> None:
        for age, key in enumerate("cab"):
            store.put_document("alert", key, age, T0 - age)
        assert store.documents_before("alert", T0, limit=5) == [("b", 2), ("a", 1)]
        assert store.documents_before("alert", T0, limit=1) == [("b", 2)]

    def test_a_lease_has_one_holder(self, store: Store) -> None:
        assert store.acquire_lease("train", "one", ttl_ms=100, now_ms=0)
        assert not store.acquire_lease("train", "two", ttl_ms=100, now_ms=99)
        assert store.acquire_lease("train", "one", ttl_ms=100, now_ms=50)
        assert not store.acquire_lease("train", "two", ttl_ms=100, now_ms=149)
        assert store.acquire_lease("train", "two", ttl_ms=100, now_ms=150)
        store.release_lease("train", "one")
        assert not store.acquire_lease("train", "one", ttl_ms=100, now_ms=151)
        store.release_lease("train", "two")
        assert store.acquire_lease("train", "one", ttl_ms=100, now_ms=152)
        assert store.acquire_lease("job", "two", ttl_ms=100, now_ms=152)

    def test_counters_add_up(self, store: Store) -> None:
        assert store.counts() == {}
        store.add_counts({"events": 2, "bots": 1, "nothing": 0})
        store.add_counts({"events": 3, "bots": -1})
        assert store.counts() == {"bots": 0, "events": 5}

    def test_statistics_start_at_the_day_asked_for(self, store: Store) -> None:
        store.add_events([event(n, at=T0 + n * DAY, anonymous_id=f"v{n % 2}") for n in range(6)])
        window = {"since_ms": T0 + 2 * DAY, "until_ms": T0 + 5 * DAY, "offset_ms": 0}
        assert sum(row[3] for row in store.rows(queries.DAY_COUNTS, window)) == 3
        assert store.rows(queries.VISITORS, window) == [(2,)]
        assert store.rows("SELECT :first", {"since_ms": T0 + 2 * DAY}) == [(2,)]  # a day of clock error is allowed for

    def test_closing_is_not_the_end(self, store: Store) -> None:
        store.add_events([event(1)])
        store.close()
        store.close()
        assert store.add_events([event(2)]) == 1
        assert len(read(store)) == 2
