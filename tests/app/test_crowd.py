"""The crowd: connections of one client are counted together, whatever they come to and whoever forwards them."""

import time
from ipaddress import ip_network

import httpx

from app.crowd import Crowd
from tests.app.serving import serving
from tests.app.test_connections import CLAIMS, request, whoami
from tests.app.wire import connect, exchange


def test_proxies_are_not_counted() -> None:
    trusting = serving(whoami, connection_limit_per_address=1, trusted_proxies="127.0.0.0/8")
    with trusting as url, connect(url), connect(url):
        assert exchange(url, request()).status == 200


def test_strangers_are() -> None:
    with serving(whoami, connection_limit_per_address=1) as url, connect(url):
        time.sleep(0.1)
        assert exchange(url, b"").status == 503


def test_a_network_of_ipv6_is_one_client() -> None:
    """Its hosts have as many addresses as they like."""
    crowd = Crowd(1)
    visits = [crowd.enter(f"2001:db8:0:1::{host}") for host in range(3)]
    assert [visit.is_one_too_many for visit in visits] == [False, True, True]
    assert not crowd.enter("2001:db8:0:2::1").is_one_too_many


def test_who_has_left_is_counted_no_more() -> None:
    crowd = Crowd(1)
    for _ in range(3):
        visit = crowd.enter("192.0.2.1")
        assert not visit.is_one_too_many
        visit.end()
        visit.end()
    assert not crowd._connections


def test_proxies_and_sockets_without_addresses_are_nobody() -> None:
    crowd = Crowd(1, (ip_network("10.0.0.0/8"),))
    assert not [one for one in (None, "10.0.0.1") * 3 if crowd.enter(one).is_one_too_many]


def test_proxies_are_known_on_sockets_of_ipv6() -> None:
    """There an address of IPv4 comes as one of IPv6."""
    with serving(whoami, host="::", trusted_proxies="127.0.0.0/8", connection_limit_per_address=1) as url:
        near = url.replace("[::1]", "127.0.0.1")
        with connect(near), connect(near):
            assert httpx.get(near).text == "127.0.0.1 http"
            assert httpx.get(near, headers=CLAIMS).text == "8.8.8.8 https"
