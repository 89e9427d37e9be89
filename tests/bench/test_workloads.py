"""What the gateway is asked in the benchmark stays what its graph has."""

import json

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from bench.workloads import GATEWAY, POSTGRAPHILE, WORKLOADS, Wording
from tests.docs.tree import read

KEYS = [workload.key for workload in WORKLOADS]


@pytest.mark.parametrize("workload", KEYS)
def test_documents_fit_the_graph(workload: str) -> None:
    assert validate(build_schema(read("schema/schema.graphql")), parse(GATEWAY.documents[workload])) == []


@pytest.mark.parametrize("wording", [GATEWAY, POSTGRAPHILE], ids=["gateway", "postgraphile"])
@pytest.mark.parametrize("workload", KEYS)
def test_bodies_have_the_variables_that_documents_name(wording: Wording, workload: str) -> None:
    for body in wording.requests(workload, "cursor").bodies:
        asked = json.loads(body)
        [operation] = parse(asked["query"]).definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert {one.variable.name.value for one in operation.variable_definitions or ()} == set(asked["variables"])


def test_points_are_the_same_rows_for_all() -> None:
    mine, theirs = (wording.requests("point").bodies for wording in (GATEWAY, POSTGRAPHILE))
    assert len(set(mine)) > 900
    assert len(mine) == len(theirs)
