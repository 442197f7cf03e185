"""Rate limiter by client."""

from opsplug.capture.client import client_of, network_of
from opsplug.web.http import Request

_CLIENTS = 10_000  # held at once, one number each


class Limiter:
    """A burst of `per_second * window` from one client, refilled at `per_second` (GCRA, the leaky bucket as a meter).

    The addresses live in memory only. Of an IPv6 address the first 64 bits count: one subscriber has all the rest.
    """

    def __init__(self, per_second: float, window: float, trusted_proxies: int = 0) -> None:
        self._cost = 1 / per_second
        self._window = window
        self._trusted = trusted_proxies
        self._full_at: dict[str, float] = {}  # until when a client's past requests count

    def allows(self, request: Request, now: float) -> bool:
        return self.takes(self._client(request), 1.0, now)

    def takes(self, client: str, units: float, now: float) -> bool:
        """The same for something of so many units, such as the bytes of a body."""
        until = max(self._full_at.get(client, now), now) + units * self._cost
        if until - now > self._window + self._cost / 2:
            return False
        if len(self._full_at) >= _CLIENTS and client not in self._full_at:
            self._full_at = {known: moment for known, moment in self._full_at.items() if moment > now}
            if len(self._full_at) >= _CLIENTS:
                self._full_at.clear()
        self._full_at[client] = until
        return True

    def is_spent(self, request: Request, now: float) -> bool:
        """Whether the next one would be refused; nothing is counted."""
        return self._full_at.get(self._client(request), now) - now + self._cost > self._window + self._cost / 2

    def _client(self, request: Request) -> str:
        return network(request, self._trusted)


def network(request: Request, trusted_proxies: int) -> str:
    """Whom a request is counted against: an address, of IPv6 the first half."""
    return network_of(client_of(request.client, request.header("x-forwarded-for"), trusted_proxies))
