"""Settings: what the environment says, checked whole before anything starts. Nothing else reads the environment.

A setting is declared in the module of what it is about; here they come together.
"""

import os
from difflib import get_close_matches
from typing import Final, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from app.errors import StartError
from app.settings.audit import AuditSettings
from app.settings.budgets import BudgetSettings
from app.settings.declaration import is_loopback
from app.settings.etl import EtlSettings
from app.settings.logging import LogSettings
from app.settings.observing import ObservingSettings
from app.settings.operational import OperationalSettings
from app.settings.operations import OperationSettings
from app.settings.serving import ServingSettings
from app.settings.sources import SourceSettings
from app.settings.tokens import TokenSettings

PREFIX: Final = "GATEWAY_"

_REQUESTS_PER_MINUTE: Final = 60_000


# The last base comes first, in the documentation too.
class Settings(
    ObservingSettings,
    LogSettings,
    ServingSettings,
    BudgetSettings,
    AuditSettings,
    OperationSettings,
    TokenSettings,
    SourceSettings,
    EtlSettings,
    OperationalSettings,
):
    """Everything that can be set, each as the environment variable `GATEWAY_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.page_size_default > self.page_size_max:
            raise ValueError("GATEWAY_PAGE_SIZE_DEFAULT is above GATEWAY_PAGE_SIZE_MAX")
        if self.database_pool_min > self.database_pool_max:
            raise ValueError("GATEWAY_DATABASE_POOL_MIN is above GATEWAY_DATABASE_POOL_MAX")
        if self.admin_database_url and not self.database_url:
            raise ValueError("GATEWAY_ADMIN_DATABASE_URL needs GATEWAY_DATABASE_URL, which is not set")
        if self.etl_database_url and not self.database_url:
            raise ValueError("GATEWAY_ETL_DATABASE_URL needs GATEWAY_DATABASE_URL, which is not set")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY are set together or not at all")
        if self.etl_source == "debezium" and not self.etl_kafka_servers:
            raise ValueError("GATEWAY_ETL_SOURCE is debezium: set GATEWAY_ETL_KAFKA_SERVERS to its brokers")
        if self.jwks_url and self.jwt_public_key:
            raise ValueError("GATEWAY_JWKS_URL and GATEWAY_JWT_PUBLIC_KEY are both set: tokens have one source of keys")
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the environment; raise `StartError` that names every unknown name and bad value in it."""
        problems = [_unknown(name) for name in sorted(os.environ) if _is_unknown(name)]
        try:
            settings = cls()
        except ValidationError as error:
            problems += [_bad_value(fault["loc"], fault["msg"]) for fault in error.errors()]
        if problems:
            raise StartError("; ".join(problems))
        return settings

    @property
    def is_embedded(self) -> bool:
        """Whether the database is one of the gateway's own."""
        return self.database_url is None

    @property
    def has_worker(self) -> bool:
        """Whether serving runs an ETL worker too."""
        return self.is_embedded if self.etl_worker is None else self.etl_worker

    @property
    def may_explain(self) -> bool:
        """Whether clients may ask how operations are executed."""
        return self.is_embedded and self.is_loopback if self.explain is None else self.explain

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        return is_loopback(self.host)

    @property
    def requests_per_minute(self) -> int:
        """How many requests a client address may send in a minute; 0 for no limit."""
        if self.request_limit_per_address is None:
            return 0 if self.is_loopback else _REQUESTS_PER_MINUTE
        return self.request_limit_per_address


def variable(field: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + field.upper()


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields


def _unknown(name: str) -> str:
    known = [variable(field) for field in Settings.model_fields]
    nearest = get_close_matches(name, known, n=1, cutoff=0)
    return f"{name} is no setting: did you mean {nearest[0]}?"


def _bad_value(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ").replace("Input should be", "should be")
    if not location:
        return reason
    name = variable(str(location[0]))
    given = _shown(str(location[0]), os.environ.get(name, ""))
    return f"{name}{given}: {reason}"


def _shown(field: str, value: str) -> str:
    return f"={value[:60]!r}" if value and Settings.model_fields[field].repr else ""
