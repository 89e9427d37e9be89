"""Network addresses: how they are written down, and whom they stand for."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from starlette.requests import Request

_BITS_OF_A_HOST: Final = 64
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def plain(address: str) -> str:
    """Return an address as the other side would write it: one of IPv4 without the form that IPv6 sockets give it."""
    found = _read(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return address


@lru_cache(maxsize=4096)
def client_of(address: str) -> str:
    """Return whom a network address stands for: of an IPv6 address its network of 64 bits, which one host may fill."""
    address = plain(address)
    found = _read(address)
    if not isinstance(found, IPv6Address):
        return address if found is None else str(found)
    return f"{IPv6Address(int(found) >> _BITS_OF_A_HOST << _BITS_OF_A_HOST)}/{_BITS_OF_A_HOST}"


def is_from_here(request: Request) -> bool:
    """Tell whether a program of this machine asks for itself. A proxy on this machine asks for strangers."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    found = _read(request.client.host)
    return found is not None and found.is_loopback


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
