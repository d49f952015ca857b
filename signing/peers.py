"""Which network addresses a listed name may lead to: public ones, and those the operator added.

Names belong to whoever runs their DNS: a listed one that is made to point at 127.0.0.1 or at a
neighbour in the operator's own network must not make this server talk to it (CWE-918).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The addresses of a host, as text; raises OSError.
Resolver = Callable[[str, int], Iterable[str]]

# All that is assigned for use across the Internet (RFC 4291 §2.4). Outside of it lie IPv4-mapped
# addresses and those of translators, which may hide a private one.
_UNICAST = IPv6Network("2000::/3")


def system_resolver(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True)
class Peers:
    """Public addresses and those in the networks `private`, for a host that is listed already."""

    private: tuple[Network, ...] = ()
    resolve: Resolver = system_resolver

    def of(self, host: str, port: int) -> list[str]:
        """The addresses of `host` that may be connected to, resolved once: connect to these.

        A host that is an address itself was listed as one, and is taken at its word.

        Raises:
            OSError: the name is not known, or leads nowhere but to refused addresses.
        """
        if _literal(host):
            return [host.strip("[]")]
        found = dict.fromkeys(self.resolve(host, port))
        allowed = [address for address in found if self._allows(ip_address(address))]
        if not allowed:
            raise PermissionError(f"{host} leads to private addresses only: {', '.join(found)}")
        return allowed

    def _allows(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self.private)


def is_public(address: Address) -> bool:
    """Whether an address is one of the open Internet, and of one machine."""
    if isinstance(address, IPv6Address) and (
        address not in _UNICAST or address.sixtofour or address.teredo
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks or single addresses. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def _literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
