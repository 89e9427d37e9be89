"""Counting the rows that a response has, by the types of its objects."""

from typing import Any

from graphql import FieldNode, NameNode, SelectionSetNode, Visitor, parse, print_ast, visit

_TYPE = "type_of_object"


class _WithTypes(Visitor):
    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        named = FieldNode(name=NameNode(value="__typename"), alias=NameNode(value=_TYPE))
        return SelectionSetNode(selections=(*node.selections, named))


def with_types(document: str) -> str:
    """Return a document that asks for the type of each object too."""
    return print_ast(visit(parse(document), _WithTypes()))


def rows_in(value: Any, entities: set[str]) -> int:
    """Return how many rows of entities there are in the data of a document made by `with_types`."""
    if isinstance(value, list):
        return sum(rows_in(item, entities) for item in value)
    if isinstance(value, dict):
        return (value.get(_TYPE) in entities) + sum(rows_in(item, entities) for item in value.values())
    return 0
