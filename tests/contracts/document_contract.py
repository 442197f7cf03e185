"""What documents promise, in a database and in memory. A test class gives the fixture `documents`."""

from collections.abc import Iterator
from typing import Any

import pytest

T0 = 1_760_000_000_000


class DocumentContract:
    @pytest.fixture
    def documents(self) -> Iterator[Any]:
        raise NotImplementedError

    def test_documents_are_kept_replaced_listed_and_deleted(self, documents: Any) -> None:
        documents.put_document("rules", "b", {"x": [1, None]}, T0)
        documents.put_document("rules", "a%", "一", T0)
        documents.put_document("rules", "a1", 3, T0)
        documents.put_document("job", "b", 1, T0)
        documents.put_document("rules", "b", {"x": 2}, T0)
        assert documents.get_document("rules", "b") == {"x": 2}
        assert documents.get_document("rules", "absent") is None
        assert documents.documents("rules") == [("a%", "一"), ("a1", 3), ("b", {"x": 2})]
        assert documents.documents("rules", "a%") == [("a%", "一")]
        assert documents.delete_document("rules", "b") is True
        assert documents.delete_document("rules", "b") is False

    def test_what_comes_back_is_a_copy(self, documents: Any) -> None:
        value = {"list": [1]}
        documents.put_document("rules", "a", value, T0)
        value["list"].append(2)
        documents.get_document("rules", "a")["list"].append(3)
        assert documents.get_document("rules", "a") == {"list": [1]}

    def test_a_value_that_is_no_json_is_refused(self, documents: Any) -> None:
        with pytest.raises(TypeError):
            documents.put_document("rules", "a", object(), T0)
        assert documents.get_document("rules", "a") is None

    def test_a_prefix_is_found_in_every_script_and_read_no_further(self, documents: Any) -> None:
        prefixes = ("a/", "a", "a0", "茶", "\ud7ff", "\ue000", "😀", "\U0010fffe", "%", "_")
        for prefix in prefixes:
            for key in (prefix, f"{prefix}/1", f"{prefix}é", f"{prefix}\U0010fffd"):
                documents.put_document("note", key, key, T0)
        keys = [key for key, _ in documents.documents("note")]
        assert keys == sorted(keys)
        for prefix in prefixes:
            found = [key for key, _ in documents.documents("note", prefix)]
            assert found == [key for key in keys if key.startswith(prefix)], ascii(prefix)

    def test_the_newest_of_a_kind(self, documents: Any) -> None:
        for age, key in enumerate("cab"):
            documents.put_document("alert", key, age, T0 - age)
        documents.add_document("alert", "d", 3, T0 + 1)
        assert documents.newest_documents("alert", 2) == [("d", 3), ("c", 0)]

    def test_a_key_is_added_once(self, documents: Any) -> None:
        assert documents.add_document("chat", "c/1", "first", T0) is True
        assert documents.add_document("chat", "c/1", "second", T0) is False
        assert documents.add_document("chat", "c/1", "first", T0) is False
        assert documents.get_document("chat", "c/1") == "first"
