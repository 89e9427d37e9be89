"""Settings of the audit log."""

from pydantic_settings import BaseSettings

from app.settings.declaration import Folder, setting


class AuditSettings(BaseSettings):
    """How access is recorded."""

    audit_dir: Folder | None = setting(
        "Folder of the audit log's journals and anchors, best where the database's owner can't write. "
        "Unset: `audit` in the data folder.",
        None,
    )
    audit_secret: str | None = setting(
        "What seals rows of the audit log; the same for all processes of a deployment. Unset: one of the data folder.",
        None,
        min_length=16,
        repr=False,
    )
    audit_lag_seconds: float = setting(
        "Seconds for which the database may take no audit records before personal data is no longer given.",
        60.0,
        gt=0,
    )
