"""Public keys that verify tokens."""

import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

MIN_RSA_BITS: Final = 2048
CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


class UnusableKey(ValueError):
    """A text holds no key that tokens can be verified with; says why."""


def read_public_keys(pem: str) -> tuple[PublicKey, ...]:
    """Return every key of the text, which may hold several PEM blocks; raise `UnusableKey` when one is no use."""
    blocks = [match.group() for match in _BLOCK.finditer(pem)]
    if not blocks:
        raise UnusableKey("holds no PEM block")
    return tuple(_read(block) for block in blocks)


def fits(key: PublicKey, algorithm: str) -> bool:
    """Tell whether signatures of the algorithm (RFC 7518, RFC 8037) can be verified with the key."""
    match key:
        case Ed25519PublicKey():
            return algorithm == "EdDSA"
        case EllipticCurvePublicKey():
            return algorithm == CURVES.get(key.curve.name)
        case _:
            return algorithm.startswith(("RS", "PS"))


def usable(key: object) -> PublicKey:
    """Return the key if it is one that tokens can be verified with, else raise `UnusableKey`."""
    match key:
        case RSAPublicKey() if key.key_size < MIN_RSA_BITS:
            raise UnusableKey(f"holds an RSA key of {key.key_size} bits: {MIN_RSA_BITS} are the least")
        case EllipticCurvePublicKey() if key.curve.name not in CURVES:
            raise UnusableKey(f"holds a key on the curve {key.curve.name}: use one of {', '.join(CURVES)}")
        case Ed25519PublicKey() | EllipticCurvePublicKey() | RSAPublicKey():
            return key
        case _:
            raise UnusableKey(f"holds a {type(key).__name__}: use an Ed25519, EC or RSA key")


def _read(block: str) -> PublicKey:
    try:
        key = load_pem_public_key(block.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("holds a PEM block that is no public key") from None
    return usable(key)
