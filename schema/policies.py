"""The second fence: PostgreSQL's own row policies, derived from the same rules as the predicates of the first.

A policy reads the principal from settings of the connection, each once a statement; where they are not there it shows
no row. A rule that leads through a parent is answered by a policy column of the row itself, which triggers keep: a
policy that looks up the parent was measured ten times slower.
"""

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from schema.entity import KEPT, policy_column
from schema.model import Graph, Link, Model
from security.rows import AllOf, Always, AnyOf, Claim, Compare, Comparison, Condition, Never, RowRule

_QUOTED = sa.make_url("postgresql+asyncpg://").get_dialect()().identifier_preparer

_CLAIMS: dict[Claim, tuple[str, str]] = {
    Claim.CUSTOMER_ID: ("gateway.customer_id", "bigint"),
    Claim.REGIONS: ("gateway.regions", "text[]"),
    Claim.WAREHOUSE_IDS: ("gateway.warehouse_ids", "bigint[]"),
}
"""The settings that hold claims, as `Principal.settings` writes them, and the types of their values."""

_TIER = """\
create or replace function gateway_customer_tier(customer bigint) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select c.tier_id from public.customers c where c.id = customer;
end"""
"""The tier of a pharmacy, for a principal that may have its prices and not read its row."""

_OPENINGS = {
    "select": "gateway_reader",
    "insert": "gateway_insert",
    "update": "gateway_update",
    "delete": "gateway_delete",
}
"""The policies that let the role do something at all, by commands: without one nothing is done."""

_KEEPING = "language plpgsql security definer set search_path = pg_catalog, pg_temp as $$\n"
"""How triggers keep policy columns: with their owner's rights, since whoever writes a row may not see its parent."""


def policy_statements(graph: Graph, reader: str, *, restrictive: bool = True) -> Iterator[str]:
    """Return the statements that put up the fence for a role, whatever stood there before.

    Whoever runs them owns the tables and keeps its own access by a policy of its own. Restrictive policies would hold
    it all the same where it has the rights of the role: there the permissive ones have the rules in them.
    """
    yield _TIER
    yield "revoke all on function gateway_customer_tier(bigint) from public"
    yield f"grant execute on function gateway_customer_tier(bigint) to {_name(reader)}"
    for model in graph:
        yield from _triggers(graph, model)
    for model in graph:
        table = _name(model.table.name)
        yield f"alter table {table} enable row level security"
        yield f"alter table {table} force row level security"
        yield f"drop policy if exists gateway_owner on {table}"
        yield f"create policy gateway_owner on {table} to current_user using (true) with check (true)"
        for command, rule in _rules(model).items():
            yield from _fence(table, command, _name(reader), rule, restrictive=restrictive)
        if model.table.metadata is KEPT:
            # Of the gateway's own tables the role may read what is declared, and nothing beside it.
            columns = ", ".join(_name(column.name) for column in model.table.columns)
            yield f"grant select ({columns}) on {table} to {_name(reader)}"


def _rules(model: Model) -> dict[str, str | None]:
    """Return the rule of each command as SQL, None where the entity has none and nobody gives it.

    A rule of writing holds for a row as it was and as it becomes: nobody gives away what is theirs, or takes what is
    not.
    """
    writing = None if model.writes is None else write_policy_of(model.writes)
    return {"select": policy_of(model), "insert": writing, "update": writing, "delete": writing}


def _fence(table: str, command: str, role: str, rule: str | None, *, restrictive: bool) -> Iterator[str]:
    """Return what holds a role to the rule of a command: a policy that lets it in, and a restrictive one.

    Permissive policies add up, and one that somebody adds would show more. The restrictive one holds beside any.
    """
    opening, restriction = _OPENINGS[command], f"gateway_fence_{command}"
    yield f"drop policy if exists {opening} on {table}"
    yield f"drop policy if exists {restriction} on {table}"
    ruled = _clauses(command, f"\n{rule or '    false'}")
    if rule is not None:
        clauses = _clauses(command, "true") if restrictive else ruled
        yield f"create policy {opening} on {table} for {command} to {role} {clauses}"
    if restrictive:
        yield f"create policy {restriction} on {table} as restrictive for {command} to {role} {ruled}"


def _clauses(command: str, rule: str) -> str:
    """Return where a command asks for a rule: of the rows that are there, of those that come, or of both."""
    using, check = f"using ({rule})", f"with check ({rule})"
    return {"insert": check, "update": f"{using} {check}"}.get(command, using)


def policy_of(model: Model) -> str:
    """Return the condition of an entity's restrictive policy of reading, as SQL over its table."""
    return _by_capability(model.rows.conditions)


def write_policy_of(writes: RowRule) -> str:
    """Return the condition of an entity's restrictive policies of writing, as SQL over its table."""
    return _by_capability(writes.conditions_of_writing)


def _by_capability(conditions: Mapping[str, Condition]) -> str:
    parts = []
    for capability, condition in conditions.items():
        # Looked for as text: reading an array anew for each table of a statement takes as long as finding a row.
        granted = f"(select strpos(current_setting('gateway.capabilities', true), {_text(f' {capability} ')}) > 0)"
        shown = _condition(condition)
        parts.append(f"    {granted}" if shown is None else f"    {granted} and {shown}")
    return "\n    or".join(part.removeprefix("   ") if at else part for at, part in enumerate(parts))


def _condition(condition: Condition) -> str | None:
    """Return a condition as SQL, None where it always holds."""
    match condition:
        case Always():
            return None
        case Never():
            return "false"
        case Compare():
            return f"({_comparison(condition)})"
        case AllOf(parts):
            return "(" + " and ".join(_condition(part) or "true" for part in parts) + ")"
        case AnyOf(parts):
            return "(" + " or ".join(_condition(part) or "true" for part in parts) + ")"


def _comparison(compare: Compare) -> str:
    column = _name(policy_column(compare.path))
    match compare.comparison:
        case Comparison.EQUALS:
            return f"{column} = {_claim(compare.claim)}"
        case Comparison.ABSENT_OR_EQUALS:
            return f"{column} is null or {column} = {_claim(compare.claim)}"
        case Comparison.AMONG:
            return f"{column} = any ({_claim(compare.claim)}::{_CLAIMS[compare.claim][1]})"
        case Comparison.AMONG_IF_NAMED:
            claim = _claim(compare.claim)
            return f"{claim} is null or {column} = any ({claim}::{_CLAIMS[compare.claim][1]})"


def _claim(claim: Claim) -> str:
    """Return a claim as a subquery, which PostgreSQL asks once a statement."""
    if claim is Claim.CUSTOMER_TIER:
        return f"(select gateway_customer_tier({_claim(Claim.CUSTOMER_ID)}))"
    setting, sql_type = _CLAIMS[claim]
    return f"(select nullif(current_setting('{setting}', true), '')::{sql_type})"


def _triggers(graph: Graph, model: Model) -> Iterator[str]:
    """Return what keeps an entity's policy columns: a trigger on its rows, and one on those of each parent."""
    by_link: dict[str, list[tuple[str, str]]] = {}
    for column in model.table.columns:
        if "policy" in column.info:
            first, _, rest = column.info["policy"].partition(".")
            by_link.setdefault(first, []).append((column.name, policy_column(rest)))
    for name, pairs in by_link.items():
        link = model.links[name]
        yield from _child_trigger(model, link, graph.target(link), pairs)
        yield from _parent_trigger(model, link, graph.target(link), pairs)


def _child_trigger(model: Model, link: Link, parent: Model, pairs: list[tuple[str, str]]) -> Iterator[str]:
    child, function = model.table.name, f"gateway_{model.table.name}_of_{link.name}"
    key = _name(link.local.name)
    own = ", ".join(f"new.{_name(column)}" for column, _ in pairs)
    theirs = ", ".join(f"p.{_name(column)}" for _, column in pairs)
    yield (
        f"create or replace function {_name(function)}() returns trigger\n"
        f"{_KEEPING}"
        "begin\n"
        f"    select {theirs} into {own}\n"
        f"    from public.{_name(parent.table.name)} p where p.{_name(parent.key.name)} = new.{key} for key share;\n"
        "    return new;\n"
        "end\n$$"
    )
    yield f"revoke all on function {_name(function)}() from public"
    # On any change of the row's own policy columns too: what is written there by hand is put right.
    columns = ", ".join([key, *(_name(column) for column, _ in pairs)])
    yield (
        f"create or replace trigger {_name(function)} before insert or update of {columns}\n"
        f"on {_name(child)} for each row execute function {_name(function)}()"
    )


def _parent_trigger(model: Model, link: Link, parent: Model, pairs: list[tuple[str, str]]) -> Iterator[str]:
    """Return what passes a change of a parent's on to its rows, those that are being written among them.

    Whoever writes a row holds its parent's key, as PostgreSQL itself does for the reference. Only a change of what
    policies copy locks that out, before it is made: one of the two then waits, and sees what the other has done.
    """
    child, function = model.table.name, f"gateway_{parent.table.name}_to_{model.table.name}_{link.name}"
    assigned = ", ".join(f"{_name(own)} = new.{_name(theirs)}" for own, theirs in pairs)
    mutable = [theirs for _, theirs in pairs if theirs != parent.key.name]
    if not mutable:
        return
    table, key = _name(parent.table.name), _name(parent.key.name)
    changed = " or ".join(f"new.{_name(theirs)} is distinct from old.{_name(theirs)}" for theirs in mutable)
    yield (
        f"create or replace function {_name(function)}() returns trigger\n"
        f"{_KEEPING}"
        "begin\n"
        "    if tg_when = 'BEFORE' then\n"
        f"        perform from public.{table} p where p.{key} = old.{key} for update;\n"
        "        return new;\n"
        "    end if;\n"
        f"    update public.{_name(child)} set {assigned}\n"
        f"    where {_name(link.local.name)} = new.{key};\n"
        "    return null;\n"
        "end\n$$"
    )
    yield f"revoke all on function {_name(function)}() from public"
    # Whatever the update names: a trigger before it may have changed a policy column of the parent.
    for moment, name in (("before", f"{function}_lock"), ("after", function)):
        yield (
            f"create or replace trigger {_name(name)} {moment} update on {table}\n"
            f"for each row when ({changed}) execute function {_name(function)}()"
        )


def check_statements(graph: Graph) -> Iterator[tuple[str, str]]:
    """Return, for each policy column, its name and a query that counts the rows in which it is out of step."""
    for model in graph:
        for column in model.table.columns:
            if "policy" not in column.info:
                continue
            first, _, rest = column.info["policy"].partition(".")
            link = model.links[first]
            parent = graph.target(link).table
            query = (
                f"select count(*) from {_name(model.table.name)} c join {_name(parent.name)} p"
                f" on p.{_name(link.remote.name)} = c.{_name(link.local.name)}"
                f" where c.{_name(column.name)} is distinct from p.{_name(policy_column(rest))}"
            )
            yield f"{model.table.name}.{column.name}", query


def _name(name: str) -> str:
    return _QUOTED.quote(name)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
