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

# Records come as lines, as they stand in their journal from a place on. Links are made one after the other, rows all
# at once, which takes a third of the time. What the journal has shipped before is passed over.
_APPEND = """
create function gateway_audit(in_journal text, start bigint, lines text, seals bytea)
returns table (row_id bigint, row_link bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last_id bigint;
    last_link bytea;
    shipped bigint;
    place bigint := start;
    n int := 0;
    line text;
    new_link bytea;
    new_records text[] := '{}';
    new_positions bigint[] := '{}';
    new_seals bytea[] := '{}';
    new_links bytea[] := '{}';
begin
    perform pg_advisory_xact_lock(7450000000000000002);
    select a.id, a.link into last_id, last_link from public.audit_log a order by a.id desc limit 1;
    select max(a.position) into shipped from public.audit_log a where a.journal = in_journal;
    new_link := coalesce(last_link, decode(repeat('00', 32), 'hex'));
    last_id := coalesce(last_id, 0);
    foreach line in array string_to_array(lines, chr(10)) loop
        if shipped is null or place > shipped then
            new_link := sha256(
                new_link
                || convert_to(
                    last_id + cardinality(new_links) + 1 || ' ' || in_journal || ' ' || place || ' ' || line, 'UTF8'
                )
                || substr(seals, n * 32 + 1, 32)
            );
            new_records := new_records || line;
            new_positions := new_positions || place;
            new_seals := new_seals || substr(seals, n * 32 + 1, 32);
            new_links := new_links || new_link;
        end if;
        place := place + octet_length(convert_to(line, 'UTF8')) + 1;
        n := n + 1;
    end loop;
    insert into public.audit_log (id, journal, position, record, seal, link)
    select last_id + r.n, in_journal, r.position, r.record, r.seal, r.link
    from unnest(new_positions, new_records, new_seals, new_links) with ordinality r (position, record, seal, link, n);
    return query select last_id + cardinality(new_links), new_link;
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
    op.execute("revoke all on function gateway_audit(text, bigint, text, bytea) from public")
    op.execute(_REFUSE)
    op.execute(
        "create trigger gateway_audit_only_appends before update or delete or truncate on audit_log"
        " for each statement execute function gateway_audit_only_appends()"
    )
