"""The audit log, as those read it who look after the gateway."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped

from schema.entity import KEPT, Entity, field, key
from security.rows import granted


class AuditRecord(Entity, rows=granted("audit:read")):
    """What was asked of the gateway, by whom, and what became of it."""

    __tablename__ = "audit_log"
    metadata = KEPT

    id: Mapped[int] = key()
    at: Mapped[datetime] = field("When it was answered.", indexed=True)
    subject: Mapped[str] = field("Who asked, or on whose behalf it was asked.", pii=True, indexed=True)
    actor: Mapped[str | None] = field("Who acted on the subject's behalf; null where it was the subject.", pii=True)
    roles: Mapped[str | None] = field("Roles of the subject, with spaces between.")
    address: Mapped[str | None] = field("Network address that the request came from.", pii=True)
    request: Mapped[str | None] = field("Id of the request, as the response told it.")
    operation: Mapped[str | None] = field("Name of the operation.")
    document: Mapped[str | None] = field("SHA-256 of the document.")
    coordinates: Mapped[str | None] = field("Fields of the graph that were asked for, with spaces between.")
    personal: Mapped[str | None] = field("Those of them with personal data.")
    subjects: Mapped[str | None] = field(
        "Rows whose personal data was told, as type and number, each followed by a space: `Customer:14 `."
    )
    outcome: Mapped[str] = field("`ANSWERED`, `ANSWERED_IN_PART`, or the code of the refusal.", indexed=True)
