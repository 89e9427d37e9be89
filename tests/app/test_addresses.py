"""Network addresses: which of them are the same client."""

import pytest

from app.addresses import client_of, plain


@pytest.mark.parametrize(
    ("address", "written", "client"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1%eth0", "fe80::/64"),
        ("no address", "no address", "no address"),
    ],
)
def test_whom_an_address_stands_for(address: str, written: str, client: str) -> None:
    assert (plain(address), client_of(address)) == (written, client)
