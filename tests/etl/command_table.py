"""The table of commands, for databases that have nothing else of the gateway's."""

COMMAND_TABLE = """
create table gateway_command (
    id bigint generated always as identity primary key, command text not null, about text not null, key bigint,
    low bigint, high bigint, request text, asked_at timestamptz not null default now()
);
"""
ERASE = "insert into gateway_command (command, about, key) values ('erase', %s, %s)"
