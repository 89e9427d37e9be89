"""The audit log, to which rows are only appended, each linked to the one before."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXTS = {
    "request": "Id of the request, as the response told it.",
    "subject": "Who asked, or on whose behalf it was asked.",
    "actor": "Who acted on the subject's behalf; null where it was the subject.",
    "roles": "Roles of the subject.",
    "address": "Network address that the request came from.",
    "operation": "Name of the operation.",
    "document": "SHA-256 of the document.",
    "coordinates": "Fields of the graph that were asked for, with spaces between.",
    "personal": "Those of them with personal data.",
    "subjects": "Rows whose personal data was told, as type and number, each followed by a space.",
    "outcome": "What became of the operation.",
}

_APPEND = """
create function gateway_audit(in_journal text, positions bigint[], records text[], seals bytea[])
returns table (row_id bigint, row_link bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last_id bigint;
    last_link bytea;
begin
    perform pg_advisory_xact_lock(7450000000000000002);
    select a.id, a.link into last_id, last_link from public.audit_log a order by a.id desc limit 1;
    last_id := coalesce(last_id, 0);
    last_link := coalesce(last_link, decode(repeat('00', 32), 'hex'));
    for n in 1 .. coalesce(cardinality(positions), 0) loop
        continue when exists (
            select from public.audit_log a where a.journal = in_journal and a.position = positions[n]
        );
        last_id := last_id + 1;
        last_link := sha256(
            last_link
            || convert_to(last_id || ' ' || in_journal || ' ' || positions[n] || ' ' || records[n], 'UTF8')
            || seals[n]
        );
        insert into public.audit_log (id, journal, position, record, seal, link)
        values (last_id, in_journal, positions[n], records[n], seals[n], last_link);
    end loop;
    return query select last_id, last_link;
end
$$
"""

_REFUSE = """
create function gateway_audit_only_appends() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'rows of the audit log are neither changed nor deleted' using errcode = 'insufficient_privilege';
end
$$
"""


def upgrade() -> None:
    op.execute(
        "create table audit_log (\n"
        "    id bigint constraint audit_log_pkey primary key,\n"
        "    journal text not null,\n    position bigint not null,\n    record text not null,\n"
        "    seal bytea not null,\n    link bytea not null,\n"
        "    constraint audit_log_journal_position_key unique (journal, position)\n)"
    )
    op.execute("comment on table audit_log is 'What was asked of the gateway, by whom, and what became of it.'")
    # Columns of the table itself would read each record again for each of them when it is written.
    told = ",\n".join(f"    told ->> '{name}' as {name}" for name in _TEXTS)
    op.execute(
        "create view audit_events with (security_invoker = true) as\n"
        f"select id, to_timestamp((told ->> 'at')::double precision) as at,\n{told}\n"
        "from audit_log, lateral (select record::jsonb as told offset 0) parsed"
    )
    op.execute("comment on view audit_events is 'The audit log, with what its records say in columns.'")
    for name, comment in _TEXTS.items():
        op.execute(f"comment on column audit_events.{name} is '{comment.replace(chr(39), chr(39) * 2)}'")
    op.execute(_APPEND)
    op.execute("revoke all on function gateway_audit(text, bigint[], text[], bytea[]) from public")
    op.execute(_REFUSE)
    op.execute(
        "create trigger gateway_audit_only_appends before update or delete or truncate on audit_log"
        " for each statement execute function gateway_audit_only_appends()"
    )
