"""The compiled path against the reference path: any operation of anybody must give the same response on both.

Operations that take cursors are asked a second time, with cursors that the first answer gave.
"""

import json
from collections.abc import Iterator, Mapping
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


def cursors(told: Any, key: str) -> Iterator[str]:
    """Yield the cursors of all connections in a response that stand under a key."""
    if isinstance(told, list):
        for item in told:
            yield from cursors(item, key)
    elif isinstance(told, dict):
        for name, value in told.items():
            # A key means something else elsewhere in the response.
            if name == key and isinstance(value, dict):
                yield from every_cursor(value)
            yield from cursors(value, key)


def every_cursor(connection: Mapping[str, Any]) -> Iterator[str]:
    """Yield a connection's own cursors; those of connections within are others'."""
    for edge in connection.get("edges", ()):
        yield from (edge[name] for name in ("cursor", "place") if name in edge)
    for info in ("pageInfo", "more"):
        ends = connection.get(info, {})
        yield from (ends[name] for name in ("startCursor", "endCursor") if ends.get(name))


def placed(data: st.DataObject, document: Document, told: Told) -> dict[str, Any]:
    """Return the variables of a document with cursors in them that its own answer gave."""
    given = dict(document.variables)
    for name, key in document.places.items():
        found = list(cursors(told.response.get("data"), key))
        given[name] = data.draw(st.sampled_from(found)) if found else None
    return given


@settings(examples(300), suppress_health_check=list(HealthCheck))
@given(data=st.data(), viewer=st.sampled_from(SEEING))
async def test_both_paths_give_the_same_response(
    ask_compiled: Asking, ask_reference: Asking, viewer: Viewer, data: st.DataObject
) -> None:
    document = data.draw(documents_of(viewer))

    async def both(variables: Mapping[str, Any]) -> Told:
        compiled = await ask_compiled(document.text, viewer.principal, variables)
        reference = await ask_reference(document.text, viewer.principal, variables)
        assume("GRAPHQL_VALIDATION_FAILED" not in reference.answer.body.decode())
        assert (compiled.status, response(compiled)) == (reference.status, response(reference))
        assert len(compiled.statements) <= document.statements or compiled.status != 200, "more statements than fields"
        return compiled

    told = await both(document.variables)
    if document.places:
        await both(placed(data, document, told))
