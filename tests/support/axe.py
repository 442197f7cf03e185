"""axe-core over the whole page, shadow roots included."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe


def findings(page: Any) -> list[str]:
    """Each finding as "rule: place"."""
    response = Axe().run(page).response
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in response["violations"]
        for node in found["nodes"]
    ]
