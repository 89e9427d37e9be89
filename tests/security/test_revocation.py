"""Revocations: what they end, and what a principal may do while they are in doubt."""

import time
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from security.capabilities import Capabilities
from security.claims import MalformedClaims
from security.principal import Actor, Principal
from security.revocation import Revocation, Revocations, marks_of
from security.roles import CAPABILITIES, Role, is_sensitive
from security.tokens import InvalidToken, StaticKeys, TokenRules, TokenVerifier
from tests.security.test_tokens import signed

NOW = int(time.time())
LATER = NOW + 3600
ANA = Principal("ana", frozenset({Role.ADMIN}))
SIGNING = Ed25519PrivateKey.generate()


def token_of(jti: str | None = None, subject: str = "ana", issued_at: int = NOW, actor: str | None = None) -> Any:
    principal = replace(ANA, subject=subject, actor=Actor(actor, frozenset({Role.AGENT})) if actor else None)
    return marks_of({"iat": issued_at} | ({"jti": jti} if jti is not None else {}), principal)


def by_token(jti: str, until: int = LATER) -> Revocation:
    return Revocation.of_token(jti, until=until)


def by_subject(subject: str, issued_before: int = NOW + 1, until: int = LATER) -> Revocation:
    return Revocation.of_subject(subject, issued_before=issued_before, until=until)


# What an entry ends.


def test_a_token_is_ended_by_its_name_and_no_other() -> None:
    known = Revocations()
    known.learn([by_token("a")])
    assert known.has_revoked(token_of("a"))
    assert not known.has_revoked(token_of("b"))
    assert not known.has_revoked(token_of())
    # A subject of the same name is another thing.
    assert not known.has_revoked(token_of(subject="a"))


def test_a_subject_s_tokens_are_ended_up_to_a_moment() -> None:
    known = Revocations()
    known.learn([by_subject("ana", issued_before=NOW)])
    assert known.has_revoked(token_of(issued_at=NOW - 1))
    assert not known.has_revoked(token_of(issued_at=NOW))
    assert not known.has_revoked(token_of(subject="Ana", issued_at=NOW - 1))


def test_who_acts_is_ended_too() -> None:
    known = Revocations()
    known.learn([by_subject("bot")])
    assert known.has_revoked(token_of(actor="bot"))
    assert not known.has_revoked(token_of(actor="another"))


def test_the_entry_that_reaches_further_counts_in_whatever_order() -> None:
    entries = [by_subject("ana", NOW), by_subject("ana", NOW + 10), by_subject("ana", NOW + 5)]
    known = Revocations()
    known.learn(entries)
    assert known.has_revoked(token_of(issued_at=NOW + 9))
    known.learn(entries[:1])
    assert known.has_revoked(token_of(issued_at=NOW + 9))


def test_of_two_entries_of_one_subject_each_holds_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Revocations()
    long, short = by_subject("ana", NOW, until=LATER + 1_000), by_subject("ana", NOW + 10, until=LATER)
    known.learn([long, short])
    monkeypatch.setattr("security.revocation.time", lambda: LATER + 1)
    known.learn([long])
    assert known.has_revoked(token_of(issued_at=NOW - 1))


def test_an_entry_is_forgotten_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Revocations()
    known.learn([by_token("a"), by_subject("ana")])
    monkeypatch.setattr("security.revocation.time", lambda: LATER + 1)
    known.learn([])
    assert not known.has_revoked(token_of("a"))
    assert known.missing_from([]) == []


@pytest.mark.parametrize("jti", [1, "", None, ["a"], "x" * 256])
def test_a_name_that_is_none_refuses_the_token(jti: object) -> None:
    with pytest.raises(MalformedClaims, match="jti"):
        marks_of({"iat": NOW, "jti": jti}, ANA)


def test_half_a_surrogate_pair_is_a_name_like_others() -> None:
    known = Revocations()
    known.learn([by_token("\ud800")])
    assert known.has_revoked(token_of("\ud800"))


# The verifier.

RULES = TokenRules("https://issuer.example", "cienty", ("EdDSA",), max_lifetime=3600)


def verifier(known: Revocations) -> TokenVerifier:
    return TokenVerifier(RULES, StaticKeys((SIGNING.public_key(),)), known)


async def test_a_token_that_is_in_use_ends_with_the_next_request() -> None:
    known = Revocations()
    verifying = verifier(known)
    token, other = signed(SIGNING, jti="a"), signed(SIGNING, jti="b")
    assert await verifying.verify(token) == await verifying.verify(other)
    known.learn([by_token("a")])
    for _ in range(2):
        with pytest.raises(InvalidToken, match="revoked"):
            await verifying.verify(token)
    await verifying.verify(other)


async def test_a_token_that_was_never_seen_is_ended_too() -> None:
    known = Revocations()
    known.learn([by_subject("u-1")])
    with pytest.raises(InvalidToken, match="revoked"):
        await verifier(known).verify(signed(SIGNING, iat=NOW))


async def test_in_doubt_a_principal_has_no_sensitive_right() -> None:
    known = Revocations()
    verifying = verifier(known)
    token = signed(SIGNING)
    whole = await verifying.verify(token)
    known.doubt()
    doubtful = await verifying.verify(token)
    assert doubtful == whole.restricted
    assert doubtful.unrestricted == whole
    assert set(whole.capabilities) - set(doubtful.capabilities) == set(filter(is_sensitive, CAPABILITIES))
    assert "customers.pii:read" not in dict(doubtful.settings)["gateway.capabilities"]
    known.confirm(60)
    assert await verifying.verify(token) is whole


async def test_a_name_of_another_type_refuses_the_token() -> None:
    with pytest.raises(InvalidToken, match="not valid"):
        await verifier(Revocations()).verify(signed(SIGNING, jti=1))


def test_writing_is_sensitive_and_so_is_a_reach_of_what_is() -> None:
    assert is_sensitive("orders:write")
    assert is_sensitive("orders:write:own")
    assert is_sensitive("customers.pii:read:own")
    assert not is_sensitive("orders:read:own")
    assert not Capabilities.of(["orders:write:own"]).without(is_sensitive).granted
