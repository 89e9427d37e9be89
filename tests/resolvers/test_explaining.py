"""Why somebody is told something: each outcome, the rule behind it, and that it is what the gateway does."""

from typing import Any

import pytest

from security.claims import claims_of
from security.principal import Actor, Principal
from security.roles import Role
from tests.graph import Asking
from tests.model.viewers import ADMIN, CUSTOMERS, PHARMACY, SALES, VIEWERS, Viewer, rows_of
from tests.model.world import GRAPH, as_id
from tests.sample import SAMPLE

DOCUMENT = """
query ($coordinate: String!, $id: ID, $as: JSON!, $restricted: Boolean) {
  explainAccess(coordinate: $coordinate, id: $id, as: $as, restricted: $restricted) {
    outcome reason isComparable capabilities steps { by rule holds }
  }
}
"""
OWN = next(row for row in SAMPLE["orders"] if row["customer_id"] == PHARMACY)
NORTHERN = next(row for row in SAMPLE["orders"] if CUSTOMERS[row["customer_id"]]["region"] == "Norte")


async def explained(ask: Asking, coordinate: str, claims: Any, **more: Any) -> dict[str, Any]:
    variables = {"coordinate": coordinate, "as": claims, **more}
    found: dict[str, Any] = (await ask(DOCUMENT, ADMIN.principal, variables)).data["explainAccess"]
    return found


def of(*roles: str, **claims: Any) -> dict[str, Any]:
    return {"roles": list(roles), **claims}


@pytest.mark.parametrize(
    ("coordinate", "claims", "outcome", "decider", "rule"),
    [
        ("Order", of("admin"), "SHOWN", "CAPABILITY", "Order needs orders:read"),
        ("Order.total", of("customer", customer_id=14), "SHOWN", "CAPABILITY", "Order.total needs orders.amounts:read"),
        ("Customer.cnpj", of("support"), "MASKED", "MASK", "Masked: the last four characters"),
        ("Order", of("analyst"), "COUNTED", "ROLES", "Roles (analyst) grant orders:read:aggregate"),
        ("PurchaseOrder", of("sales"), "HIDDEN", "ROLES", "Roles (sales) grant nothing of purchasing:read"),
        ("Order.notes", of("agent", scope="orders:read"), "HIDDEN", "CAPABILITY", "needs orders.notes:read"),
        ("Order", of("sales", scope="catalog:read"), "HIDDEN", "SCOPES", "The scopes leave nothing of orders:read"),
        ("Order", of("agent"), "HIDDEN", "SCOPES", "Without scopes an agent has nothing of orders:read"),
        ("Order", of("admin", act={"sub": "a", "roles": ["support"]}), "HIDDEN", "ACTOR", "nothing of orders:read"),
        ("Product.inventory", of("customer"), "HIDDEN", "LINK", "leads to InventoryItem, which needs inventory:read"),
        ("Product.prices", of("sales"), "SHOWN", "LINK", "leads to Price, which needs prices:read"),
    ],
)
async def test_what_decides(
    ask_unguarded: Asking, coordinate: str, claims: Any, outcome: str, decider: str, rule: str
) -> None:
    told = await explained(ask_unguarded, coordinate, claims)
    assert told["outcome"] == outcome
    assert any(step["by"] == decider and rule in step["rule"] for step in told["steps"]), told["steps"]
    assert all(step["holds"] for step in told["steps"]) == (outcome != "HIDDEN")


async def test_what_is_withheld_in_doubt(ask_unguarded: Asking) -> None:
    usual = await explained(ask_unguarded, "Customer.email", of("sales"), restricted=False)
    doubted = await explained(ask_unguarded, "Customer.email", of("sales"), restricted=True)
    assert (usual["outcome"], doubted["outcome"]) == ("SHOWN", "WITHHELD")
    assert "customers.pii:read" not in doubted["capabilities"]
    [step] = [step for step in doubted["steps"] if step["by"] == "REVOCATIONS" and not step["holds"]]
    assert "nothing of customers.pii:read" in step["rule"]
    others = await explained(ask_unguarded, "Customer.name", of("sales"), restricted=True)
    assert others["outcome"] == "SHOWN"


@pytest.mark.parametrize(
    ("claims", "row", "outcome", "holding"),
    [
        (of("admin"), NORTHERN, "SHOWN", {"orders:read"}),
        (of("customer", customer_id=PHARMACY), OWN, "SHOWN", {"orders:read:own"}),
        (of("customer", customer_id=PHARMACY), NORTHERN, "ROW_HIDDEN", set()),
        (of("sales", regions=["Norte"]), NORTHERN, "SHOWN", {"orders:read:territory"}),
        (of("sales", regions=["Sul"]), NORTHERN, "ROW_HIDDEN", set()),
        (of("sales"), NORTHERN, "ROW_HIDDEN", set()),
        (of("sales", "customer", regions=["Norte"], customer_id=PHARMACY), OWN, "SHOWN", {"orders:read:own"}),
    ],
)
async def test_which_word_of_a_rule_shows_a_row(
    ask_unguarded: Asking, claims: Any, row: Any, outcome: str, holding: set[str]
) -> None:
    told = await explained(ask_unguarded, "Order.status", claims, id=as_id(GRAPH["Order"], row))
    assert told["outcome"] == outcome
    *words, together = [step for step in told["steps"] if step["by"] == "ROW_RULE"]
    assert {step["rule"].split(",")[0] for step in words if step["holds"]} == holding
    assert together["holds"] == (outcome == "SHOWN")
    assert together["rule"] == f"Together: {GRAPH['Order'].rows}"


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
async def test_it_is_what_the_gateway_does(ask_unguarded: Asking, viewer: Viewer) -> None:
    """Of three rows of each entity, as of all that is asked by the other tests of who sees what."""
    if not viewer.principal.roles:
        return
    claims = claims_of(viewer.principal)
    for model in GRAPH:
        seen = rows_of(model.table.name, viewer.sees)
        for row in SAMPLE[model.table.name][::20]:
            told = await explained(ask_unguarded, model.name, claims, id=as_id(model, row))
            assert (told["outcome"] == "SHOWN") == (row in seen), (model.name, told)


@pytest.mark.parametrize(
    ("coordinate", "roles", "is_comparable"),
    [
        ("Customer.cnpj", "support", False),
        ("Customer.cnpj", "sales", True),
        ("Customer.name", "support", True),
        ("Order.databaseId", "analyst", False),
    ],
)
async def test_whether_it_can_be_compared(
    ask_unguarded: Asking, coordinate: str, roles: str, is_comparable: bool
) -> None:
    assert (await explained(ask_unguarded, coordinate, of(roles)))["isComparable"] == is_comparable


async def test_a_row_that_does_not_exist(ask_unguarded: Asking) -> None:
    told = await explained(ask_unguarded, "Order", of("admin"), id=as_id(GRAPH["Order"], {"id": 999_999}))
    assert told["outcome"] == "NO_ROW"


async def test_it_tells_nothing_of_rows_that_the_asker_does_not_see(ask_unguarded: Asking) -> None:
    """An administrator whose scopes are narrower must not learn of rows by asking about others."""
    scopes = frozenset({"access:explain", "orders:read:territory"})
    asker = Principal("somebody", frozenset({Role.ADMIN}), scopes, regions=("Sul",))
    variables = {"coordinate": "Order", "as": of("admin"), "id": as_id(GRAPH["Order"], NORTHERN)}
    told = await ask_unguarded(DOCUMENT, asker, variables)
    assert told.data["explainAccess"]["outcome"] == "NO_ROW"


@pytest.mark.parametrize("viewer", [SALES, *(viewer for viewer in VIEWERS if viewer.principal.scopes)], ids=str)
async def test_for_others_it_does_not_exist(ask_unguarded: Asking, viewer: Viewer) -> None:
    document = '{ explainAccess(coordinate: "Order", as: {roles: ["admin"]}) { outcome } }'
    told = await ask_unguarded(document, viewer.principal)
    assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
    assert told.errors[0]["message"].startswith("Cannot query field 'explainAccess' on type 'Query'.")
    assert (await ask_unguarded(document, ADMIN.principal)).data["explainAccess"] == {"outcome": "SHOWN"}


async def test_an_agent_of_an_administrator_explains_nothing(ask_unguarded: Asking) -> None:
    asker = Principal("somebody", frozenset({Role.ADMIN}), actor=Actor("an agent", frozenset({Role.AGENT})))
    told = await ask_unguarded(DOCUMENT, asker, {"coordinate": "Order", "as": of("admin")})
    assert told.refusal == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("coordinate", "claims", "words"),
    [
        ("Ordr", of("admin"), "There is no Ordr"),
        ("Order.secret", of("admin"), "There is no Order.secret"),
        ("Order", of("king"), "roles names no role"),
        ("Order", {}, "roles names no role"),
        ("Order", [], "holds the claims of a token"),
        ("Order", of("sales", regions="Sul"), "regions is no list"),
    ],
)
async def test_what_can_not_be_explained(ask_unguarded: Asking, coordinate: str, claims: Any, words: str) -> None:
    told = await ask_unguarded(DOCUMENT, ADMIN.principal, {"coordinate": coordinate, "as": claims})
    assert told.refusal == "BAD_USER_INPUT"
    assert words in told.errors[0]["message"]


async def test_an_id_of_another_type_is_none(ask_unguarded: Asking) -> None:
    variables = {"coordinate": "Order", "as": of("admin"), "id": as_id(GRAPH["Customer"], {"id": 1})}
    assert (await ask_unguarded(DOCUMENT, ADMIN.principal, variables)).refusal == "BAD_USER_INPUT"
