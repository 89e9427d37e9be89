"""The audit log, to which rows are only appended, each linked to the one before."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TOLD = {
    "at": "When it was answered.",
    "subject": "Who asked, or on whose behalf it was asked.",
    "actor": "Who acted on the subject's behalf; null where it was the subject.",
    "roles": "Roles of the subject, with spaces between.",
    "address": "Network address that the request came from.",
    "request": "Id of the request, as the response told it.",
    "operation": "Name of the operation.",
    "document": "SHA-256 of the document.",
    "coordinates": "Fields of the graph that were asked for, with spaces between.",
    "personal": "Those of them with personal data.",
    "subjects": "Rows whose personal data was told, as type and number, each followed by a space: `Customer:14 `.",
    "outcome": "`ANSWERED`, `ANSWERED_IN_PART`, or the code of the refusal.",
}
_BONDS = {
    "id": "Number of the row, without gaps.",
    "journal": "Which journal the record was first written to.",
    "position": "At which of its bytes the record begins.",
    "record": "What was written there; the other columns say the same.",
    "seal": "Keyed hash of the record and its place, with a secret that is not here.",
    "link": "SHA-256 of the link before, the number and the seal.",
}
_ALWAYS = ("at", "subject", "outcome")
"""Columns that every record fills; the log is read in their order."""

# Links are made one after the other, rows all at once. Each record is read once, for all its columns: a generated
# column would read it again for itself, which takes twice the time of everything else. What the journal has shipped
# before is passed over.
_APPEND = """
create function gateway_audit(in_journal uuid, positions bigint[], records text[], seals bytea)
returns table (row_id bigint, row_link bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last_id bigint;
    last_link bytea;
    known int;
    links bytea[] := '{}';
begin
    perform pg_advisory_xact_lock(7450000000000000002);
    select a.id, a.link into last_id, last_link from public.audit_log a order by a.id desc limit 1;
    last_id := coalesce(last_id, 0);
    last_link := coalesce(last_link, decode(repeat('00', 32), 'hex'));
    select count(*) into known from unnest(positions) place
    where place <= (select max(a.position) from public.audit_log a where a.journal = in_journal);
    for n in 1 .. cardinality(positions) - known loop
        last_link := sha256(last_link || int8send(last_id + n) || substr(seals, (known + n) * 32 - 31, 32));
        links := links || last_link;
    end loop;
    insert into public.audit_log (id, journal, position, record, seal, link, %(names)s)
    select last_id + r.n, in_journal, r.place, r.record, substr(seals, (known + r.n::int) * 32 - 31, 32), r.link, told.*
    from unnest(positions[known + 1:], records[known + 1:], links) with ordinality r (place, record, link, n),
        json_to_record(r.record::json) told (%(columns)s);
    return query select last_id + cardinality(links), last_link;
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
    told = ",\n    ".join(_columns(" not null"))
    op.execute(
        "create table audit_log (\n"
        "    id bigint constraint audit_log_pkey primary key,\n"
        "    journal uuid not null,\n    position bigint not null,\n    record text not null,\n"
        "    seal bytea not null,\n    link bytea not null,\n"
        f"    {told},\n"
        "    constraint audit_log_journal_position_key unique (journal, position)\n)"
    )
    op.execute("comment on table audit_log is 'What was asked of the gateway, by whom, and what became of it.'")
    for name, comment in (_BONDS | _TOLD).items():
        op.execute(f"comment on column audit_log.{name} is '{comment.replace(chr(39), chr(39) * 2)}'")
    for name in _ALWAYS:
        op.execute(f"create index audit_log_{name}_id_idx on audit_log ({name}, id)")
    op.execute(_APPEND % {"names": ", ".join(_TOLD), "columns": ", ".join(_columns())})
    op.execute("revoke all on function gateway_audit(uuid, bigint[], text[], bytea) from public")
    op.execute(_REFUSE)
    op.execute(
        "create trigger gateway_audit_only_appends before update or delete or truncate on audit_log"
        " for each statement execute function gateway_audit_only_appends()"
    )


def _columns(always: str = "") -> list[str]:
    """Return the columns of what records tell, with their types; `always` is added to those that all records fill."""
    types = {"at": "timestamptz"}
    return [f"{name} {types.get(name, 'text')}{always if name in _ALWAYS else ''}" for name in _TOLD]
