"""Tokens: from the text in an Authorization header to a principal, or to a refusal.

A token is a JWT (RFC 7519) signed with a key whose public half the gateway has. Which algorithms and keys are
accepted is configuration; nothing in a token's own header adds to it (RFC 8725).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any, Final, NamedTuple, Protocol, Self

import jwt

from security.claims import MalformedClaims, principal_of
from security.errors import Unauthenticated
from security.keys import PublicKey, fits
from security.principal import Principal
from security.revocation import Revocations, TokenMarks, marks_of

MAX_TOKEN_LENGTH: Final = 8192
MAX_LEEWAY: Final = 30
REQUIRED_CLAIMS: Final = ["exp", "iat", "sub", "iss", "aud", "roles"]
# A token that says it was made for another purpose (`logout+jwt`, `dpop+jwt`) is none of ours.
TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
# Keys that a token brings along, or addresses of some: a forger's way in, and a way out for requests.
FORBIDDEN_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c"})
# What only the other tokens of an issuer say: the claims of an ID token (OpenID Connect Core, 2 and 3.3.2.11), and
# how some issuers name the purpose in `typ` or `token_use`.
ID_TOKEN_CLAIMS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
ACCESS_PURPOSES: Final = frozenset({"bearer", "access"})

_REMEMBERED: Final = 4096
_REMEMBERED_SECONDS: Final = 60


class Bearer(NamedTuple):
    """A token as it came, and what it is remembered by."""

    token: str
    digest: bytes

    @classmethod
    def of(cls, token: str) -> Self:
        """Return a token with its digest."""
        return cls(token, sha256(token.encode("utf-8", "surrogatepass")).digest())


class InvalidToken(Unauthenticated):
    """A token came and is refused. `reason` is for the log; the message tells its sender no more than he may know."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class KeySource(Protocol):
    """Where verifying keys come from."""

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the keys whose signatures are of the algorithm; those of this name, where a token gives any.

        Raise `Unavailable` where the keys can't be known now.
        """
        ...


@dataclass(frozen=True)
class StaticKeys:
    """Keys that stand in the configuration; several where one is being replaced by the next."""

    keys: tuple[PublicKey, ...]

    async def candidates(self, _key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return all that fit: so few that a token's hint is of no use."""
        return [key for key in self.keys if fits(key, algorithm)]


@dataclass(frozen=True)
class TokenRules:
    """What a token must be to be accepted; times in seconds."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    max_lifetime: int
    leeway: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.leeway <= MAX_LEEWAY:
            raise ValueError(f"the leeway of tokens is 0 to {MAX_LEEWAY} seconds, not {self.leeway}")
        if not self.algorithms or any(name == "none" or name.startswith("HS") for name in self.algorithms):
            raise ValueError("tokens are verified with public keys only")


@dataclass
class _Verified:
    principal: Principal
    marks: TokenMarks
    expires_at: int
    verified_at: float
    # The list of revocations at which it was found not to be among them.
    unrevoked_at: int = -1


class TokenVerifier:
    """Verifies tokens against one set of rules and keys.

    A signature costs some 100 µs to verify, more than the rest of a small request: what was verified is remembered
    for a minute under the token's hash. A key that is taken away therefore stops working within a minute. Revocations
    are looked up whenever the list has changed.
    """

    def __init__(self, rules: TokenRules, keys: KeySource, revocations: Revocations | None = None) -> None:
        self._rules = rules
        self._keys = keys
        self._revocations = revocations or Revocations()
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return the principal that the token speaks for, or raise `InvalidToken`.

        While it can't be known what was revoked a moment ago, that is the principal without its sensitive rights.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise _refused("longer than a token may be")
        bearer = Bearer.of(token)
        known = self.recall(bearer)
        if known is not None:
            return known
        now = time()
        claims = await self._claims(token)
        self._check_lifetime(claims)
        _check_purpose(claims)
        try:
            principal = principal_of(claims)
            verified = _Verified(principal, marks_of(claims, principal), claims["exp"], now)
        except MalformedClaims as error:
            raise _refused(str(error)) from None
        self._remember(bearer.digest, verified)
        return self._admitted(verified)

    def recall(self, bearer: Bearer) -> Principal | None:
        """Return the principal of a token that was verified within the last minute; raise `InvalidToken` if revoked.

        None says nothing of a token: `verify` does.
        """
        known = self._remembered.get(bearer.digest)
        if known is None:
            return None
        now = time()
        is_fresh = 0 <= now - known.verified_at < _REMEMBERED_SECONDS and now < known.expires_at
        return self._admitted(known) if is_fresh else None

    def _admitted(self, verified: _Verified) -> Principal:
        revocations = self._revocations
        if verified.unrevoked_at != revocations.version:
            if revocations.has_revoked(verified.marks):
                raise InvalidToken("The token was revoked: sign in again.", "revoked")
            verified.unrevoked_at = revocations.version
        return verified.principal if revocations.is_current else verified.principal.restricted

    async def _claims(self, token: str) -> dict[str, Any]:
        header = _header(token)
        # PyJWT checks the algorithm too, but after it looked at the key.
        algorithm = header.get("alg")
        if algorithm not in self._rules.algorithms:
            raise _refused("signed with an algorithm that is not accepted")
        for key in await self._keys.candidates(header.get("kid"), algorithm):
            try:
                return self._decode(token, key, algorithm)
            except jwt.InvalidSignatureError:
                continue
        raise _refused("signed with a key that is not accepted")

    def _decode(self, token: str, key: PublicKey, algorithm: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._rules.issuer,
                audience=self._rules.audience,
                leeway=self._rules.leeway,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.InvalidSignatureError:
            raise
        except jwt.ExpiredSignatureError:
            raise InvalidToken("The token has expired: sign in again.", "expired") from None
        except jwt.ImmatureSignatureError:
            raise InvalidToken("The token is not valid yet: check the clock of its issuer.", "not yet valid") from None
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise _refused(f"claims: {type(error).__name__}") from None

    def _check_lifetime(self, claims: Mapping[str, Any]) -> None:
        """Refuse what PyJWT lets through: times as text, infinite times, lives of years."""
        times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
        if any(type(moment) is not int for moment in times):
            raise _refused("a time that is no integer")
        if not 0 < claims["exp"] - claims["iat"] <= self._rules.max_lifetime:
            raise InvalidToken("The token's lifetime is longer than this gateway accepts.", "lifetime")

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._remembered[digest] = verified
        self._remembered.move_to_end(digest)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _header(token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise _refused(f"no JWT: {type(error).__name__}") from None
    if str(header.get("typ", "JWT")).lower() not in TOKEN_TYPES:
        raise _refused("made for another purpose")
    if not FORBIDDEN_HEADERS.isdisjoint(header):
        raise _refused("brings a key or the address of one")
    return header


def _check_purpose(claims: Mapping[str, Any]) -> None:
    """Refuse an ID token or a refresh token of the right issuer, which speaks of a user and gives no access."""
    purposes = {str(claims[name]).lower() for name in ("typ", "token_use") if name in claims}
    if not ID_TOKEN_CLAIMS.isdisjoint(claims) or not purposes <= ACCESS_PURPOSES:
        raise _refused("an ID token or another that is none for access")


def _refused(reason: str) -> InvalidToken:
    # One message for all of these: which check failed would help only somebody who makes tokens up.
    return InvalidToken("The token is not valid for this gateway: get a new one.", reason)
