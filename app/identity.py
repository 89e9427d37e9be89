"""Whose tokens the gateway believes: those of the configured keys, or of its own development key."""

import secrets
import time
from dataclasses import dataclass
from typing import Final, Self

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.embedded import make_folder
from app.errors import StartError
from app.key_download import download_from
from app.settings import Settings
from security.claims import claims_of
from security.key_server import KeyServer, Patience
from security.keys import UnusableKey, fits, read_public_keys
from security.principal import Principal
from security.revocation import Revocations
from security.tokens import KeySource, StaticKeys, TokenRules, TokenVerifier

DEVELOPMENT_ISSUER: Final = "cienty-gateway-development"
DEVELOPMENT_AUDIENCE: Final = "cienty-gateway"
DEVELOPMENT_LIFETIME: Final = 86_400
PRODUCTION_LIFETIME: Final = 3_600
ALGORITHM: Final = "EdDSA"

_KEY_FILE: Final = "development-key.pem"


@dataclass(frozen=True)
class DevelopmentKey:
    """A signing key on the data folder, for tokens of demonstrations and of development."""

    key: Ed25519PrivateKey
    rules: TokenRules

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the key of the data folder, made where there is none; StartError where real keys are configured."""
        if not settings.is_own_issuer:
            raise StartError(
                f"tokens come from the issuer that {_source_of(settings)} belongs to: with that setting the gateway"
                " signs none of its own"
            )
        folder = make_folder(settings.data_dir)
        key = _read(folder.keep_secret(_KEY_FILE, _new_key()))
        if key is None:
            raise StartError(f"{folder.secrets / _KEY_FILE} is no Ed25519 key: remove it, and a new one is made")
        rules = TokenRules(
            issuer=settings.jwt_issuer or DEVELOPMENT_ISSUER,
            audience=settings.jwt_audience or DEVELOPMENT_AUDIENCE,
            algorithms=(ALGORITHM,),
            max_lifetime=settings.jwt_max_lifetime_seconds or DEVELOPMENT_LIFETIME,
            leeway=settings.jwt_leeway_seconds,
        )
        return cls(key, rules)

    def sign(self, principal: Principal, *, seconds: int | None = None) -> str:
        """Return a token for the principal that lives so long, by default as long as one may."""
        now = int(time.time())
        claims = claims_of(principal) | {
            "iss": self.rules.issuer,
            "aud": self.rules.audience,
            "iat": now,
            "jti": secrets.token_urlsafe(12),
            "exp": now + (seconds or self.rules.max_lifetime),
        }
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def verifier(self, revocations: Revocations | None = None) -> TokenVerifier:
        """Return what accepts this key's tokens but those revoked."""
        return TokenVerifier(self.rules, StaticKeys((self.key.public_key(),)), revocations)


def configured_verifier(settings: Settings, revocations: Revocations | None = None) -> TokenVerifier:
    """Return what accepts tokens of the configured keys but those revoked.

    StartError where its settings don't fit together.
    """
    if settings.jwt_issuer is None or settings.jwt_audience is None:
        raise StartError(f"{_source_of(settings)} needs GATEWAY_JWT_ISSUER and GATEWAY_JWT_AUDIENCE: set all three")
    rules = TokenRules(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
        max_lifetime=settings.jwt_max_lifetime_seconds or PRODUCTION_LIFETIME,
        leeway=settings.jwt_leeway_seconds,
    )
    return TokenVerifier(rules, _configured_keys(settings), revocations)


def _source_of(settings: Settings) -> str:
    return "GATEWAY_JWKS_URL" if settings.jwks_url else "GATEWAY_JWT_PUBLIC_KEY"


def _configured_keys(settings: Settings) -> KeySource:
    if settings.jwks_url is not None:
        patience = Patience(settings.jwks_max_age_seconds, settings.jwks_grace_seconds)
        return KeyServer(download_from(settings.jwks_url), patience)
    try:
        keys = read_public_keys(settings.jwt_public_key or "")
    except UnusableKey as error:
        raise StartError(f"GATEWAY_JWT_PUBLIC_KEY {error}") from None
    for key in keys:
        if not any(fits(key, algorithm) for algorithm in settings.jwt_algorithms):
            raise StartError(
                f"GATEWAY_JWT_PUBLIC_KEY holds a key that none of GATEWAY_JWT_ALGORITHMS"
                f" ({', '.join(settings.jwt_algorithms)}) uses: add its algorithm"
            )
    return StaticKeys(keys)


def _new_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read(pem: str) -> Ed25519PrivateKey | None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None
