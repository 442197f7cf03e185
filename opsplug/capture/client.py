"""Who the client is when proxies stand in front of the shop. Addresses live in memory only."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address


def client_of(connected: str, forwarded: str, trusted_proxies: int) -> str:
    """The client's address, out of the connection's and X-Forwarded-For: of that only what the shop's own proxies have
    added at its end is believed."""
    if trusted_proxies <= 0:
        return connected
    hops = forwarded.split(",")
    if len(hops) < trusted_proxies:
        return connected
    return _address(hops[-trusted_proxies].strip()) or connected


@lru_cache(maxsize=4096)
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
