"""Indexes of the times that rows are ordered by."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIMES = (
    ("orders", "order_date"),
    ("customer_interactions", "interaction_date"),
    ("purchase_orders", "ordered_at"),
)


def upgrade() -> None:
    for table, column in _TIMES:
        op.create_index(op.f(f"{table}_{column}_id_idx"), table, [column, "id"])
