"""Bugs of the second fence, with the first one off: policies dropped, widened or fed with wrong columns."""

from tests.fuzz.chance import Focus
from tests.planted.planting import POLICIES, Bug, on

_CAPABILITIES = "current_setting('gateway.capabilities', true)"
_PHARMACY = "nullif(current_setting('gateway.customer_id', true), '')::bigint"
_FIRST_TIER = """\
create or replace function gateway_customer_tier(customer bigint) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select min(t.id) from public.customer_tiers t;
end"""


def _open(table: str, focus: Focus, *roles: str) -> Bug:
    sql = f"drop policy gateway_fence_select on {table}"
    return Bug(f"the policy that restricts {table} is gone", ways=POLICIES, roles=roles, focus=focus, sql=(sql,))


def _off(table: str, focus: Focus, *roles: str) -> Bug:
    sql = f"alter table {table} disable row level security"
    return Bug(f"the policy of {table} is off", ways=POLICIES, roles=roles, focus=focus, sql=(sql,))


def _policy(about: str, table: str, using: str, focus: Focus, *roles: str) -> Bug:
    sql = (f"alter policy gateway_fence_select on {table} using ({using})",)
    return Bug(about, ways=POLICIES, roles=roles, focus=focus, sql=sql)


def _values(about: str, table: str, assigned: str, focus: Focus, *roles: str) -> Bug:
    sql = (
        f"alter table {table} disable trigger user",
        f"update {table} set {assigned}",
        f"alter table {table} enable trigger user",
    )
    return Bug(about, ways=POLICIES, roles=roles, focus=focus, sql=sql)


BUGS = (
    _off("customers", on("Customer"), "sales", "customer"),
    _off("orders", on("Order"), "sales", "customer"),
    _off("inventory", on("InventoryItem"), "operations"),
    _open("order_items", on("OrderItem"), "sales", "customer"),
    _open("pricing", on("Price"), "customer"),
    _open("purchase_orders", on("PurchaseOrder"), "operations"),
    _open("customer_interactions", on("Interaction"), "sales", "customer"),
    _policy(
        "the policy of pharmacies asks for any capability in place of its own",
        "customers",
        f"length({_CAPABILITIES}) > 0",
        on("Customer"),
        "customer",
        "sales",
    ),
    _policy(
        "the policy of orders compares the row's own number with the pharmacy",
        "orders",
        f"strpos({_CAPABILITIES}, ' orders:read:own ') > 0 and id = {_PHARMACY}",
        on("Order"),
        "customer",
    ),
    _policy("the policy of stock shows nothing", "inventory", "false", on("InventoryItem"), "operations"),
    _values(
        "policy columns of orders are out of step",
        "orders",
        "policy_customer_region = 'Sul'",
        on("Order"),
        "sales",
    ),
    Bug(
        "everybody has the first tier",
        ways=POLICIES,
        roles=("customer",),
        focus=on("Price"),
        sql=(_FIRST_TIER,),
    ),
)
