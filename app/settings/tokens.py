"""Settings of tokens."""

from typing import Annotated, Literal

from pydantic_settings import BaseSettings

from app.settings.declaration import LISTED, KeyServerUrl, Pem, setting

# Only signatures whose verifying key is public: a key that verifies must not be one that signs.
Algorithm = Literal["EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]


class TokenSettings(BaseSettings):
    """Which tokens are believed."""

    jwt_public_key: Pem | None = setting(
        "The key or keys that verify tokens: PEM text or the path of a PEM file. Unset, like JWKS_URL:"
        " a development key of the data folder.",
        None,
        repr=False,
    )
    jwks_url: KeyServerUrl | None = setting(
        "Where the issuer publishes its keys (JWK Set), in place of JWT_PUBLIC_KEY; https, or http to this machine.",
        None,
    )
    jwks_max_age_seconds: float = setting(
        "Seconds that published keys are used before they must be asked for again.", 300.0, gt=0, le=86_400
    )
    jwks_grace_seconds: float = setting(
        "Seconds more that they are used while the issuer's server does not answer; then requests are answered 503.",
        900.0,
        ge=0,
        le=86_400,
    )
    jwt_issuer: str | None = setting("The `iss` of tokens; required with JWT_PUBLIC_KEY or JWKS_URL.", None)
    jwt_audience: str | None = setting("The `aud` of tokens; required with JWT_PUBLIC_KEY or JWKS_URL.", None)
    jwt_algorithms: Annotated[tuple[Algorithm, ...], *LISTED] = setting(
        "The signature algorithms that are accepted, with commas between.", ("EdDSA", "ES256", "RS256"), min_length=1
    )
    jwt_max_lifetime_seconds: int | None = setting(
        "The longest life of a token, `exp` - `iat`. Unset: an hour, or a day for the development key.",
        None,
        ge=1,
        le=31_536_000,
    )
    jwt_leeway_seconds: int = setting("By how much the clock of the token's issuer may be off.", 10, ge=0, le=30)

    @property
    def is_own_issuer(self) -> bool:
        """Whether tokens are those of the gateway's own development key."""
        return self.jwt_public_key is None and self.jwks_url is None
