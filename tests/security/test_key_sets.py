"""JWK Sets: which of their keys verify tokens."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from security.key_sets import MAX_KEYS, read_key_set
from security.keys import UnusableKey

ED = ed25519.Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC: dict[str, dict[str, Any]] = {
    "ed": OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True),
    "ec": ECAlgorithm.to_jwk(EC.public_key(), as_dict=True),
    "rsa": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True),
}


def key_set(*entries: Any) -> bytes:
    return json.dumps({"keys": entries}).encode()


def test_each_kind_of_key_is_read_with_its_name() -> None:
    keys = read_key_set(key_set(*({**entry, "kid": name} for name, entry in PUBLIC.items())))
    assert [(key.key_id, key.key) for key in keys] == [
        ("ed", ED.public_key()),
        ("ec", EC.public_key()),
        ("rsa", RSA.public_key()),
    ]


def test_a_key_is_bound_to_its_kind_and_to_the_algorithm_that_its_publisher_says() -> None:
    (free,) = read_key_set(key_set(PUBLIC["rsa"]))
    (bound,) = read_key_set(key_set({**PUBLIC["rsa"], "alg": "PS256"}))
    algorithms = ("RS256", "PS256", "ES256", "EdDSA", "HS256")
    assert [name for name in algorithms if free.signs(name)] == ["RS256", "PS256"]
    assert [name for name in algorithms if bound.signs(name)] == ["PS256"]
    (modern,) = read_key_set(key_set({**PUBLIC["ed"], "alg": "Ed25519"}))
    assert modern.signs("EdDSA")


PASSED_OVER = {
    "a shared secret": {"kty": "oct", "k": "AAAA", "kid": "x", "alg": "HS256"},
    "a shared secret that is not told": {"kty": "oct", "kid": "x"},
    "a private key": OKPAlgorithm.to_jwk(ED, as_dict=True),
    "a key for encryption": {**PUBLIC["rsa"], "use": "enc"},
    "a key that only signs": {**PUBLIC["rsa"], "key_ops": ["sign"]},
    "operations that are no list": {**PUBLIC["rsa"], "key_ops": "verify"},
    "an algorithm of another kind": {**PUBLIC["ec"], "alg": "RS256"},
    "an RSA key for shared secrets": {**PUBLIC["rsa"], "alg": "HS256"},
    "no algorithm": {**PUBLIC["rsa"], "alg": "none"},
    "a list of algorithms": {**PUBLIC["rsa"], "alg": ["RS256"]},
    "another curve": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key(), as_dict=True),
    "an unknown curve": {**PUBLIC["ec"], "crv": "P-999"},
    "a point that is none": {**PUBLIC["ec"], "x": "AAAA"},
    "an unknown kind": {"kty": "XYZ"},
    "a kind that is no text": {**PUBLIC["rsa"], "kty": ["RSA"]},
    "no kind": {},
    "no object": 1,
    "a short key": {"kty": "RSA", "e": "AQAB", "n": "u" * 171},
}


@pytest.mark.parametrize("entry", PASSED_OVER.values(), ids=PASSED_OVER)
def test_what_verifies_no_token_is_passed_over(entry: Any) -> None:
    assert [key.key for key in read_key_set(key_set(entry, PUBLIC["ed"]))] == [ED.public_key()]
    with pytest.raises(UnusableKey, match="no key"):
        read_key_set(key_set(entry))


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"[]", b"{}", b"1", b'{"keys": {}}', b'{"keys": null}', b"[" * 100_000]
)
def test_what_is_no_set_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableKey, match="JWK Set"):
        read_key_set(content)


def test_so_many_keys_are_read_and_no_more() -> None:
    assert len(read_key_set(key_set(*[PUBLIC["ed"]] * MAX_KEYS))) == MAX_KEYS
    with pytest.raises(UnusableKey, match="up to"):
        read_key_set(key_set(*[PUBLIC["ed"]] * (MAX_KEYS + 1)))


def test_a_name_that_is_no_text_is_no_name() -> None:
    assert read_key_set(key_set({**PUBLIC["ed"], "kid": 1}))[0].key_id is None
