"""Copies of what row rules reach through parents; the triggers that keep them come with the policies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COPIES = (
    ("orders", "policy_customer_region", sa.Text, "customer.region"),
    ("order_items", "policy_order_customer_id", sa.BigInteger, "order.customer_id"),
    ("order_items", "policy_order_customer_region", sa.Text, "order.customer.region"),
    ("customer_interactions", "policy_customer_region", sa.Text, "customer.region"),
)


def upgrade() -> None:
    for table, name, kind, path in _COPIES:
        comment = f"Copy of {path} for row policies, kept by triggers."
        op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment))
    op.execute("update orders set policy_customer_region = c.region from customers c where c.id = customer_id")
    op.execute(
        "update order_items set policy_order_customer_id = o.customer_id,"
        " policy_order_customer_region = o.policy_customer_region from orders o where o.id = order_id"
    )
    op.execute(
        "update customer_interactions set policy_customer_region = c.region from customers c where c.id = customer_id"
    )
    op.create_index(
        op.f("order_items_policy_order_customer_id_id_idx"), "order_items", ["policy_order_customer_id", "id"]
    )
