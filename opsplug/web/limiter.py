"""How often one client may send something, and who the client is when proxies stand in front of the shop."""

from ipaddress import IPv6Address, ip_address

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
        client = network_of(client_of(request, self._trusted))
        until = max(self._full_at.get(client, now), now) + self._cost
        if until - now > self._window + self._cost / 2:
            return False
        if len(self._full_at) >= _CLIENTS and client not in self._full_at:
            self._full_at = {known: moment for known, moment in self._full_at.items() if moment > now}
            if len(self._full_at) >= _CLIENTS:
                self._full_at.clear()
        self._full_at[client] = until
        return True


def client_of(request: Request, trusted_proxies: int) -> str:
    """The client's address: of X-Forwarded-For only what the shop's own proxies have added at its end is believed."""
    if trusted_proxies <= 0:
        return request.client
    hops = request.header("x-forwarded-for").split(",")
    if len(hops) < trusted_proxies:
        return request.client
    return _address(hops[-trusted_proxies].strip()) or request.client


def network_of(client: str) -> str:
    """The address, or the /64 of one in IPv6; IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client[:64]
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return address.exploded[:19]


def _address(text: str) -> str:
    """Without the port that some proxies add; empty for what is no address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
