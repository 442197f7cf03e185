"""`GET health`: for load balancers and `opsplug doctor`; says nothing about the shop."""

from collections.abc import Callable

from opsplug.capture.queue import EventQueue
from opsplug.capture.visit import Visit
from opsplug.errors import StoreError
from opsplug.store import Store
from opsplug.web.http import Request, Response, json_response


class Health:
    def __init__(self, store: Callable[[], Store], queue: EventQueue, failing: Callable[[], bool]) -> None:
        self._store = store
        self._queue = queue
        self._failing = failing

    def get(self, request: Request, visit: Visit) -> Response:
        """Always 200: the shop works without us. `status` is ok, or degraded with the reason."""
        try:
            self._store().catalogue_version()
        except StoreError:
            return json_response(
                {"status": "degraded", "reason": "the store cannot be read", "waiting": len(self._queue)}
            )
        if self._failing():
            reason = "the store cannot be written"
            return json_response({"status": "degraded", "reason": reason, "waiting": len(self._queue)})
        return json_response({"status": "ok", "waiting": len(self._queue)})
