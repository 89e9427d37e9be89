"""What readers of the change log are told to do: a table, so that its rights say who may."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COLUMNS = {
    "id": "Number of the command.",
    "command": "`copy` a table or a part of it again, or `erase` the personal data of a row.",
    "about": "The table that it is about.",
    "key": "Key of the row to erase.",
    "low": "Least key of the rows to copy; null for all.",
    "high": "Greatest key of the rows to copy; null for all.",
    "request": "By what it is known who asked for a copy.",
    "asked_at": "When it was given, or given again.",
}


def upgrade() -> None:
    op.execute(
        "create table gateway_command (\n"
        "    id bigint generated always as identity constraint gateway_command_pkey primary key,\n"
        "    command text not null,\n    about text not null,\n    key bigint,\n    low bigint,\n    high bigint,\n"
        "    request text,\n    asked_at timestamptz not null default now(),\n"
        "    constraint gateway_command_check check (\n"
        "        command = 'erase' and key is not null\n"
        "        or command = 'copy' and request is not null and (low is null) = (high is null)\n    )\n)"
    )
    op.execute("comment on table gateway_command is 'What readers of the change log were told to do.'")
    for name, comment in _COLUMNS.items():
        op.execute(f"comment on column gateway_command.{name} is '{comment}'")
