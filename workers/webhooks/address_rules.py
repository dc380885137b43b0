"""Which network addresses may be reached: public ones, and those of one's own that are listed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What ``is_global`` of some Python releases calls public and is not, or leads somewhere else.
_NEVER: tuple[IpNetwork, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host
        "2001::/23",  # Teredo, benchmarks, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)  # fmt: skip
#: All that is given to hosts of the public network in IPv6; the rest is local, reserved or a disguise.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRules:
    """The rules of one deployment. What is blocked stays blocked, even inside an allowed network."""

    def __init__(self, allowed: Sequence[IpNetwork], blocked: Sequence[IpNetwork]) -> None:
        self._allowed = tuple(allowed)
        self._blocked = tuple(blocked)

    def objection(self, address: str) -> str:
        """Why ``address`` may not be reached; empty when it may."""
        try:
            reached = _real(ipaddress.ip_address(address))
        except ValueError:
            return f"{address} is not an address"
        if any(reached in network for network in self._blocked):
            return f"{reached} is in webhook.blocked_networks"
        if any(reached in network for network in self._allowed) or _is_public(reached):
            return ""
        return f"{reached} is not a public address; list its network in webhook.allowed_networks"


def _real(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not any(address in network for network in _NEVER)
