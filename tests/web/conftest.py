"""What a limit allows depends on how long the requests took: where it is counted, they come at one moment."""

import pytest

from opsplug.web.limiter import Limiter


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    allows, is_spent = Limiter.allows, Limiter.is_spent
    monkeypatch.setattr(Limiter, "allows", lambda self, request, now: allows(self, request, 0.0))
    monkeypatch.setattr(Limiter, "is_spent", lambda self, request, now: is_spent(self, request, 0.0))
