"""Filters give the rows that they give one row at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph import MAX_PAGE_SIZE, Asking
from tests.model.filters import matches
from tests.model.viewers import ADMIN, CUSTOMER, SALES, SUPPORT, Viewer
from tests.model.world import GRAPH, World, row_as_json
from tests.operations import Choices
from tests.profiles import examples

CHOICES = {
    viewer: Choices(GRAPH.seen_by(viewer.principal.capabilities)) for viewer in (ADMIN, SALES, SUPPORT, CUSTOMER)
}


@pytest.mark.parametrize("viewer", CHOICES, ids=str)
@examples(40)
@given(data=st.data())
async def test_rows_and_their_number_are_those_of_the_model(
    ask_unguarded: Asking, viewer: Viewer, data: st.DataObject
) -> None:
    choices = CHOICES[viewer]
    model = choices.graph[data.draw(choices.readable(), label="entity")]
    where = data.draw(choices.filters(model.name), label="where")
    told = await ask_unguarded(
        f"""query($where: {model.name}Filter) {{
            rows: {model.plural}(where: $where, first: {MAX_PAGE_SIZE}) {{
                totalCount nodes {{ id {" ".join(model.fields)} }}
            }}
        }}""",
        viewer.principal,
        {"where": where},
    )
    world = World(viewer.sees)
    expected = [row_as_json(model, row) for row in world.rows(model) if matches(world, model, row, where)]
    assert told.data["rows"] == {"totalCount": len(expected), "nodes": expected}
