"""The compiled path against the reference path: any operation of anybody must give the same response on both."""

import json
from functools import cache
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from tests.documents import Document, documents
from tests.graph import Asking, Told
from tests.model.viewers import VIEWERS, Viewer
from tests.model.world import GRAPH
from tests.operations import Choices
from tests.profiles import examples

SEEING = [viewer for viewer in VIEWERS if list(GRAPH.seen_by(viewer.principal.capabilities))]


@cache
def documents_of(viewer: Viewer) -> st.SearchStrategy[Document]:
    """Return random operations over what a viewer sees."""
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    schema = build(seen, ReferenceResolvers())._schema
    return documents(schema, Choices(seen))


def response(told: Told) -> Any:
    """Return a response with its members in their order, which is part of the specification."""
    return json.loads(told.answer.body, object_pairs_hook=list)


@settings(examples(300), suppress_health_check=list(HealthCheck))
@given(data=st.data(), viewer=st.sampled_from(SEEING))
async def test_both_paths_give_the_same_response(
    ask_compiled: Asking, ask_reference: Asking, viewer: Viewer, data: st.DataObject
) -> None:
    document = data.draw(documents_of(viewer))
    compiled = await ask_compiled(document.text, viewer.principal, document.variables)
    reference = await ask_reference(document.text, viewer.principal, document.variables)
    assume("GRAPHQL_VALIDATION_FAILED" not in reference.answer.body.decode())
    assert (compiled.status, response(compiled)) == (reference.status, response(reference))
    assert len(compiled.statements) <= document.statements or compiled.status != 200, "more statements than fields"
