"""Groups by links are compiled however far their keys are."""

from resolvers.ways import COMPILED
from tests.graph import Asking


async def test_keys_whose_names_are_longer_than_the_databases(ask_compiled: Asking, ask_reference: Asking) -> None:
    def parents(field: str) -> str:
        return "{category: " + "{parent: " * 12 + f"{{field: {field}}}" + "}" * 13

    document = f"{{ productsAggregate(groupBy: [{parents('NAME')}, {parents('ID')}, {{field: STATUS}}]) {{ count }} }}"
    told = await ask_compiled(document)
    assert told.answer.way == COMPILED
    assert told.response == (await ask_reference(document)).response
    assert told.data["productsAggregate"]
