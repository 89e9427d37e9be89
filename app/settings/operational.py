"""Settings of the operational database and Redis."""

from pydantic_settings import BaseSettings

from app.settings.declaration import Folder, PostgresUrl, RedisUrl, setting


class OperationalSettings(BaseSettings):
    """Where the operational data is."""

    data_dir: Folder = setting("The folder of the embedded servers, their data and the development key.", ".gateway")

    database_url: PostgresUrl | None = setting(
        "The operational PostgreSQL, as the role that serves (no superuser, no bypassrls). Unset: an embedded one.",
        None,
        repr=False,
    )
    admin_database_url: PostgresUrl | None = setting(
        "The same database as its owner, for `migrate`, `load` and `seed`. Unset: DATABASE_URL.", None, repr=False
    )
    redis_url: RedisUrl | None = setting("The Redis or Valkey. Unset: an embedded one.", None, repr=False)
    database_pool_min: int = setting("Database connections kept open.", 2, ge=0, le=1000)
    database_pool_max: int = setting("Database connections open at most.", 16, ge=1, le=1000)
    statement_timeout_ms: int = setting(
        "Milliseconds after which the database ends a statement.", 10_000, ge=1, le=3_600_000
    )
