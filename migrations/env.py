"""What Alembic runs to apply, compare or print steps; `app.migration` gives it its connection."""

from alembic import context
from sqlalchemy.sql.schema import SchemaItem

from schema.entities import ENTITIES

# Tables that steps make and no entity declares.
_OWN_TABLES = {"gateway_state", "gateway_command", "audit_log"}


def _is_declared(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: SchemaItem | None) -> bool:
    """Leave the gateway's own notes out of a comparison with the declarations."""
    del item, reflected, other
    return not (kind == "table" and name in _OWN_TABLES)


def _run() -> None:
    """Run within the transaction of the given connection, or print when there is none."""
    options = context.config.attributes
    context.configure(
        connection=options.get("connection"),
        dialect_name=None if "connection" in options else "postgresql",
        as_sql=context.is_offline_mode(),
        literal_binds=context.is_offline_mode(),
        target_metadata=ENTITIES[0].metadata,
        version_table=options["version_table"],
        include_object=_is_declared,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
