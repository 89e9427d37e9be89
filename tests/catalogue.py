"""What PostgreSQL's catalogue says of tables, as text that two databases can be compared by."""

from collections.abc import Collection

import psycopg

_COLUMNS = """
select concat_ws(' ', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
                 case when a.attnotnull then 'not null' end, nullif(a.attidentity, ''),
                 'default ' || pg_get_expr(d.adbin, d.adrelid)),
       col_description(c.oid, a.attnum)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname = any(%(tables)s)
"""
_CONSTRAINTS = """
select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)), null
from pg_constraint
where connamespace = 'public'::regnamespace and conrelid::regclass::text = any(%(tables)s)
"""
_INDEXES = "select indexdef, null from pg_indexes where schemaname = 'public' and tablename = any(%(tables)s)"
_COMMENTS = """
select 'table ' || relname, obj_description(oid, 'pg_class')
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname = any(%(tables)s)
"""


def catalogue(url: str, tables: Collection[str]) -> list[tuple[str, str | None]]:
    """Return columns, constraints, indexes and comments of the tables, in an order that does not depend on history."""
    with psycopg.connect(url) as connection:
        rows = [
            row
            for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _COMMENTS)
            for row in connection.execute(query, {"tables": list(tables)}).fetchall()
        ]
    return sorted(rows, key=str)
