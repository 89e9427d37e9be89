"""Settings of what operators and developers are told."""

from pydantic_settings import BaseSettings

from app.settings.declaration import setting


class ObservingSettings(BaseSettings):
    """Who is told how the gateway does, and how it executes operations."""

    metrics_token: str | None = setting(
        "The bearer token of whoever may read /metrics. Unset: programs of this machine, without a proxy between.",
        None,
        min_length=16,
        repr=False,
    )
    explain: bool | None = setting(
        "Whether clients may ask, by the header GraphQL-Explain, how their operation is executed, with its SQL."
        " Unset: with an embedded database on an address that only this machine reaches.",
        None,
    )
