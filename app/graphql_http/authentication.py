"""Who sends a request: the bearer token of its Authorization header (RFC 6750), and of nothing else."""

import re
from typing import Final

from app.graphql_http.head import Head
from security.errors import Unauthenticated
from security.principal import Principal
from security.tokens import InvalidToken, TokenVerifier

_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_REALM: Final = 'Bearer realm="cienty"'


async def authenticate(head: Head, verifier: TokenVerifier) -> Principal:
    """Return the principal of the request's token, or raise `Unauthenticated`.

    A browser adds no such header by itself, and a page of another site may not either without asking first: what
    comes with a token is therefore no forged request of a foreign page.
    """
    given = head.authorization
    if not given:
        raise Unauthenticated("Sign in: send a token in the header Authorization: Bearer …")
    if len(given) > 1:
        raise InvalidToken("Send one Authorization header, not several.", "several Authorization headers")
    match = _BEARER.fullmatch(given[0].strip())
    if match is None:
        raise InvalidToken("Send the token as Authorization: Bearer …", "no bearer token")
    return await verifier.verify(match[1])


def challenge(refusal: Unauthenticated) -> str:
    """Return the WWW-Authenticate header of a refusal."""
    if not isinstance(refusal, InvalidToken):
        return _REALM
    description = refusal.message.encode("ascii", "ignore").decode().replace('"', "'").strip()
    return f'{_REALM}, error="invalid_token", error_description="{description}"'
