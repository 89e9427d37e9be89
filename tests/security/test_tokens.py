"""Tokens: what is accepted, and every known way to be accepted wrongly."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from security.keys import PublicKey, fits
from security.roles import Role
from security.tokens import MAX_TOKEN_LENGTH, InvalidToken, StaticKeys, TokenRules, TokenVerifier

ISSUER = "https://issuer.example"
AUDIENCE = "cienty"
LIFETIME = 3600
LEEWAY = 30

ED = ed25519.Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = ed25519.Ed25519PrivateKey.generate()
KEYS = StaticKeys((ED.public_key(), EC.public_key(), RSA.public_key()))
RULES = TokenRules(ISSUER, AUDIENCE, ("EdDSA", "ES256", "RS256"), max_lifetime=LIFETIME, leeway=LEEWAY)


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(RULES, KEYS)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-1",
        "iat": now,
        "exp": now + 600,
        "roles": ["admin"],
    } | changes
    return {name: value for name, value in given.items() if value is not ...}


def signed(key: Any = ED, algorithm: str = "EdDSA", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    # Not jwt.encode(), which refuses to write some of the claims that must be refused when read.
    return jwt.PyJWS().encode(json.dumps(claims(**changes)).encode(), key, algorithm, headers)


def by_hand(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize(("key", "algorithm"), [(ED, "EdDSA"), (EC, "ES256"), (RSA, "RS256")])
async def test_a_token_of_each_algorithm_is_accepted(verifier: TokenVerifier, key: Any, algorithm: str) -> None:
    principal = await verifier.verify(signed(key, algorithm, roles=["sales"], regions=["Sul"]))
    assert (principal.subject, principal.roles, principal.regions) == ("u-1", frozenset({Role.SALES}), ("Sul",))


async def test_one_of_several_audiences_is_enough(verifier: TokenVerifier) -> None:
    await verifier.verify(signed(aud=["another", AUDIENCE]))


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt"])
async def test_an_access_token_may_say_so(verifier: TokenVerifier, kind: str) -> None:
    await verifier.verify(signed(headers={"typ": kind}))


@pytest.mark.parametrize("purpose", [{"typ": "Bearer"}, {"token_use": "access"}])
async def test_an_access_token_may_say_so_among_its_claims(verifier: TokenVerifier, purpose: dict[str, Any]) -> None:
    await verifier.verify(signed(**purpose))


async def test_clocks_may_differ_within_the_leeway(verifier: TokenVerifier) -> None:
    now = int(time.time())
    await verifier.verify(signed(iat=now + LEEWAY - 5, nbf=now + LEEWAY - 5))
    await verifier.verify(signed(iat=now - 100, exp=now - LEEWAY + 5))


NOW = int(time.time())
REFUSED_CLAIMS = {
    "expired": {"exp": NOW - 100, "iat": NOW - 200},
    # Days ahead: the whole suite may run between this line and the test.
    "not yet valid": {"nbf": NOW + 86_400},
    "issued in the future": {"iat": NOW + 86_400, "exp": NOW + 86_700},
    "no end": {"exp": ...},
    "no beginning": {"iat": ...},
    "end as text": {"exp": str(NOW + 600)},
    "end as a fraction": {"exp": NOW + 600.5},
    "end as a truth": {"exp": True},
    "beginning as text": {"iat": str(NOW)},
    "beginning as a truth": {"iat": True},
    "not before as text": {"nbf": str(NOW)},
    "end beyond all numbers": {"exp": 10**400},
    "end at infinity": {"exp": float("inf")},
    "end that is no number": {"exp": float("nan")},
    "a life of ten years": {"exp": NOW + 10 * 365 * 86400},
    "a life a second too long": {"iat": NOW, "exp": NOW + LIFETIME + 1},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": ...},
    "issuer as a list": {"iss": [ISSUER]},
    "another audience": {"aud": "another"},
    "no audience": {"aud": ...},
    "empty audiences": {"aud": []},
    "no subject": {"sub": ...},
    "empty subject": {"sub": ""},
    "subject as a number": {"sub": 1},
    "subject with a line end": {"sub": "a\nb"},
    "no roles, as in an ID token": {"roles": ...},
    "an ID token with roles": {"nonce": "n"},
    "an ID token of the hybrid flow": {"at_hash": "h"},
    "an ID token by name": {"typ": "ID"},
    "a refresh token": {"typ": "Refresh"},
    "an ID token by use": {"token_use": "id"},
    "a use that is no text": {"token_use": ["access"]},
}


@pytest.mark.parametrize("changes", REFUSED_CLAIMS.values(), ids=REFUSED_CLAIMS)
async def test_claims_that_are_refused(verifier: TokenVerifier, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(signed(**changes))


def pem(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hmac_signed(key: bytes) -> str:
    """Sign with a public key as if it were a shared secret; PyJWT itself would not."""
    unsigned = by_hand({"alg": "HS256", "typ": "JWT"}, claims()).rpartition(".")[0]
    mac = hmac.new(key, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


REFUSED_TOKENS = {
    "alg none": by_hand({"alg": "none"}, claims()),
    "alg nOnE": by_hand({"alg": "nOnE", "typ": "JWT"}, claims()),
    "no alg": by_hand({"typ": "JWT"}, claims()),
    "alg as a list": by_hand({"alg": ["EdDSA"]}, claims()),
    "signature stripped": signed().rpartition(".")[0] + ".",
    "signature of another token": signed().rpartition(".")[0] + "." + signed(sub="x").rpartition(".")[2],
    "another key": signed(OTHER),
    "public RSA key as a shared secret": hmac_signed(pem(RSA.public_key())),
    "public EC key as a shared secret": hmac_signed(pem(EC.public_key())),
    "RSA key with an algorithm not allowed": signed(RSA, "PS256"),
    "EC algorithm, Ed25519 signature": by_hand({"alg": "ES256"}, claims(), ED.sign(b"x")),
    "its own key inline": signed(OTHER, headers={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}),
    "its own key by address": signed(OTHER, headers={"jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/"}),
    "an accepted key inline": signed(headers={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}),
    "an accepted key and an address of others": signed(headers={"jku": "https://issuer.example/keys"}),
    "a certificate by address": signed(headers={"x5u": "https://issuer.example/certificate"}),
    "a chain of certificates": signed(headers={"x5c": ["AAAA"]}),
    "a path as key id": signed(OTHER, headers={"kid": "../../../dev/null"}),
    "SQL as key id": signed(OTHER, headers={"kid": "' union select 'x"}),
    "a key id that is no text": by_hand({"alg": "EdDSA", "kid": 1}, claims()),
    "a critical extension": signed(headers={"crit": ["x"], "x": 1}),
    "made for logging out": signed(headers={"typ": "logout+jwt"}),
    "no token": "",
    "one part": "abc",
    "three empty parts": "..",
    "not base64": "!!.!!.!!",
    "header is a list": base64.urlsafe_b64encode(b"[]").decode() + ".e30.",
    "header nested deeply": base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30.",
    "half a surrogate pair": "\ud800.a.b",
    "16 KB": signed(note="x" * 16_384),
    "1 MB": "a" * 1_048_576,
}


@pytest.mark.parametrize("token", REFUSED_TOKENS.values(), ids=REFUSED_TOKENS)
async def test_tokens_that_are_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        await verifier.verify(token)
    assert refused.value.message == "The token is not valid for this gateway: get a new one."


async def test_the_longest_token_is_accepted_and_one_longer_is_not(verifier: TokenVerifier) -> None:
    short = len(signed(note=""))
    note = (MAX_TOKEN_LENGTH - short) * 3 // 4
    while len(signed(note="x" * note)) <= MAX_TOKEN_LENGTH:
        note += 1
    await verifier.verify(signed(note="x" * (note - 1)))
    with pytest.raises(InvalidToken, match="not valid"):
        await verifier.verify(signed(note="x" * note))


async def test_messages_tell_what_to_do_and_nothing_of_the_check(verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken) as expired:
        await verifier.verify(signed(exp=NOW - 100, iat=NOW - 200))
    assert expired.value.message == "The token has expired: sign in again."
    with pytest.raises(InvalidToken) as foreign:
        await verifier.verify(signed(iss="https://evil.example"))
    with pytest.raises(InvalidToken) as forged:
        await verifier.verify(signed(OTHER))
    assert foreign.value.message == forged.value.message
    assert foreign.value.reason != forged.value.reason


class Replaceable:
    """Keys that an operator changes while the gateway runs."""

    def __init__(self, *keys: PublicKey) -> None:
        self.keys: Sequence[PublicKey] = keys
        self.asked: list[str | None] = []

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        self.asked.append(key_id)
        return [key for key in self.keys if fits(key, algorithm)]


async def test_keys_overlap_while_one_replaces_the_other() -> None:
    keys = Replaceable(ED.public_key(), OTHER.public_key())
    verifier = TokenVerifier(RULES, keys)
    await verifier.verify(signed(ED, headers={"kid": "old"}))
    await verifier.verify(signed(OTHER, headers={"kid": "new"}))
    assert keys.asked == ["old", "new"]


async def test_a_verified_token_is_not_verified_again_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Replaceable(ED.public_key())
    verifier = TokenVerifier(RULES, keys)
    token = signed()
    assert await verifier.verify(token) is await verifier.verify(token)
    assert len(keys.asked) == 1
    # The key is taken away: within a minute its tokens end.
    keys.keys = ()
    now = time.time()
    monkeypatch.setattr("security.tokens.time", lambda: now + 61)
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_a_clock_that_is_set_back_makes_nothing_be_remembered_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Replaceable(ED.public_key())
    verifier = TokenVerifier(RULES, keys)
    now = time.time()
    token = signed(iat=int(now) - 600)
    await verifier.verify(token)
    monkeypatch.setattr("security.tokens.time", lambda: now - 300)
    await verifier.verify(token)
    assert len(keys.asked) == 2


async def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = TokenVerifier(TokenRules(ISSUER, AUDIENCE, ("EdDSA",), max_lifetime=LIFETIME), KEYS)
    end = int(time.time()) + 2
    token = signed(iat=end - 7, exp=end)
    await verifier.verify(token)
    await asyncio.sleep(end + 0.1 - time.time())
    with pytest.raises(InvalidToken, match="expired"):
        await verifier.verify(token)


async def test_a_changed_token_is_never_taken_for_the_remembered_one(verifier: TokenVerifier) -> None:
    token = signed()
    await verifier.verify(token)
    head, _, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(roles=["admin"], sub="u-2")).encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{head}.{other}.{signature}")


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256",), ("EdDSA", "HS512")])
def test_rules_without_public_keys_are_an_error_of_ours(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="public keys"):
        TokenRules(ISSUER, AUDIENCE, algorithms, max_lifetime=1)


def test_a_leeway_of_minutes_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="leeway"):
        TokenRules(ISSUER, AUDIENCE, ("EdDSA",), max_lifetime=1, leeway=31)
