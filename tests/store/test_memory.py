"""The memory store of the chat's tests keeps what a real store promises of documents."""

import pytest

from tests.contracts.document_contract import DocumentContract
from tests.support.memory_store import Memory


class TestMemory(DocumentContract):
    @pytest.fixture
    def documents(self) -> Memory:  # type: ignore[override]
        return Memory()
