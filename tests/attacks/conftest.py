from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live_sites import FRAMEWORKS, Open, sites


@pytest.fixture(params=FRAMEWORKS)
def open_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Starts shops behind real servers, of each framework in turn."""
    with sites(request.param, tmp_path) as opened:
        yield opened
