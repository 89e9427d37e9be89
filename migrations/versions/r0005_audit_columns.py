"""What records of the audit log say, in columns that can't say anything else."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXTS = (
    "subject",
    "actor",
    "roles",
    "address",
    "request",
    "operation",
    "document",
    "coordinates",
    "personal",
    "subjects",
    "outcome",
)
_ALWAYS = ("subject", "outcome")


def upgrade() -> None:
    op.execute("drop view audit_events")
    # All in one statement: each alone would write the table anew.
    moment = "to_timestamp((record::json ->> 'at')::double precision)"
    columns = [f"add column at timestamptz not null generated always as ({moment}) stored"]
    columns += [
        f"add column {name} text{' not null' if name in _ALWAYS else ''}"
        f" generated always as (record::json ->> '{name}') stored"
        for name in _TEXTS
    ]
    op.execute(f"alter table audit_log {', '.join(columns)}")
    for name in ("at", "subject", "outcome"):
        op.execute(f"create index audit_log_{name}_id_idx on audit_log ({name}, id)")
