"""Offers of another protocol: none is taken up, and the request is one like all others (RFC 9110, 7.8).

httptools ends a message at a head that has such an offer, as if all behind it were of the other protocol already. So
what follows goes to a new parser, which is given the same head first, without the offer.
"""

from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OFFER: Final = b"upgrade"


class _Behind:
    """Passes on what a parser finds behind the head that it is given first."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._is_behind = False
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if self._is_behind:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._is_behind:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_behind:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_behind:
            self._protocol.on_headers_complete()
        self._is_behind = True


def read_behind_offer(protocol: HttpToolsProtocol) -> None:
    """Have the protocol read on behind a head that its parser has ended with; the parser is replaced."""
    lines = [b"POST / HTTP/%b" % protocol.parser.get_http_version().encode()]
    lines += [b"%b: %b" % header for header in protocol.headers if header[0] != _OFFER]
    parser = httptools.HttpRequestParser(_Behind(protocol))
    # As uvicorn has it.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    # Before it reads: without a body the message is complete at once.
    protocol.parser = parser
    parser.feed_data(b"\r\n".join([*lines, b"", b""]))
