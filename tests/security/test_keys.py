"""Public keys from PEM text."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from security.keys import UnusableKey, fits, read_public_keys

# Too short to be safe; nobody has its private half.
SHORT_RSA = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCsJL9stKPzHQo5OdEzJnrt14JP
k66RER3XsXpyHgtF2/6z7++ngTKMg7NCDW4QCnTxkO+Bg+PE4v9219/u4S11XB1P
lLTcD2MZX0pacMfGvZZwEuWPU9LRpW5jJ/DNLaod5+1Ljv4N+zuJiKjn/PF415ai
fQhMD3Z61gGlPaXYaQIDAQAB
-----END PUBLIC KEY-----
"""
ED = ed25519.Ed25519PrivateKey.generate()


def public_pem(key: PrivateKeyTypes) -> str:
    made = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(made.decode())


def test_several_keys_are_read_in_order() -> None:
    keys: list[PrivateKeyTypes] = [ED, ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)]
    text = "# old and new\n" + "\n".join(map(public_pem, keys))
    assert [type(key) for key in read_public_keys(text)] == [type(key.public_key()) for key in keys]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no PEM block"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"),
        (ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "no public key"),
        (SHORT_RSA, "1024 bits"),
        (public_pem(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (public_pem(dsa.generate_private_key(2048)), "DSAPublicKey"),
        (public_pem(ed448.Ed448PrivateKey.generate()), "Ed448PublicKey"),
        (public_pem(ED) + SHORT_RSA, "1024 bits"),
    ],
)
def test_what_is_no_use_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UnusableKey, match=reason):
        read_public_keys(text)


def test_a_key_fits_its_own_algorithms_only() -> None:
    p256, rsa_key = ec.generate_private_key(ec.SECP256R1()).public_key(), rsa.generate_private_key(65537, 2048)
    algorithms = ("EdDSA", "ES256", "ES384", "RS256", "PS512", "HS256", "none")
    fitting = {
        "Ed25519": [name for name in algorithms if fits(ED.public_key(), name)],
        "P-256": [name for name in algorithms if fits(p256, name)],
        "RSA": [name for name in algorithms if fits(rsa_key.public_key(), name)],
    }
    assert fitting == {"Ed25519": ["EdDSA"], "P-256": ["ES256"], "RSA": ["RS256", "PS512"]}
