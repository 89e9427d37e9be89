"""Policy columns are put in step with their parents, as triggers kept them out of it that missed writes at once."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WRITTEN = ("customers", "orders", "order_items", "customer_interactions")


def upgrade() -> None:
    # Until the triggers that keep them in step are there, in the same transaction.
    op.execute(f"lock table {', '.join(_WRITTEN)} in share row exclusive mode")
    op.execute(
        "update orders set policy_customer_region = c.region from customers c"
        " where c.id = customer_id and policy_customer_region is distinct from c.region"
    )
    op.execute(
        "update order_items set policy_order_customer_id = o.customer_id,"
        " policy_order_customer_region = o.policy_customer_region from orders o where o.id = order_id"
        " and (policy_order_customer_id, policy_order_customer_region)"
        " is distinct from (o.customer_id, o.policy_customer_region)"
    )
    op.execute(
        "update customer_interactions set policy_customer_region = c.region from customers c"
        " where c.id = customer_id and policy_customer_region is distinct from c.region"
    )
