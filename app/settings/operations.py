"""Settings of what one operation may ask for."""

from pydantic_settings import BaseSettings

from app.settings.declaration import setting


class OperationSettings(BaseSettings):
    """What an operation may ask for."""

    cursor_secret: str | None = setting(
        "What cursors are sealed with; the same for all processes of a deployment. Unset: one of the data folder.",
        None,
        min_length=16,
        repr=False,
    )
    page_size_default: int = setting("Rows of a page where the operation does not say.", 50, ge=1)
    page_size_max: int = setting("Rows that an operation may ask for in a page.", 1000, ge=1, le=100_000)
    group_size_min: int = setting(
        "Pharmacies, or rows of what belongs to none, that a group has at the least of which somebody is told who may "
        "count its rows and not read them.",
        5,
        ge=1,
        le=1_000_000,
    )
    operation_depth_max: int = setting("Levels of fields that an operation may have.", 15, ge=1, le=100)
    operation_cost_max: int = setting(
        "What an operation may cost at the most: a row costs 1, as docs/limits.md has it.", 100_000, ge=1
    )
    request_timeout_seconds: float = setting(
        "Seconds after which an operation is given up and its statements cancelled.", 30.0, gt=0, le=3600
    )
