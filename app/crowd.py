"""The crowd at the door: how many connections each client has, and of whom there are too many."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from app.addresses import client_of


@dataclass(frozen=True)
class Crowd:
    """The connections of one server by client. Those of proxies, which stand for many clients, are not counted."""

    most: int
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    _connections: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str | None) -> "Visit":
        """Count a connection from an address, until its visit ends."""
        if address is None or any(ip_address(address) in network for network in self.proxies):
            return Visit(self, None)
        client = client_of(address)
        self._connections[client] += 1
        return Visit(self, client, is_one_too_many=self._connections[client] > self.most)

    def leave(self, client: str) -> None:
        """Count a connection of a client no more."""
        self._connections[client] -= 1
        if not self._connections[client]:
            del self._connections[client]


@dataclass
class Visit:
    """One connection, as it is counted."""

    crowd: Crowd
    client: str | None
    is_one_too_many: bool = False

    def end(self) -> None:
        """Count it no more; harmless when that was done."""
        client, self.client = self.client, None
        if client is not None:
            self.crowd.leave(client)
