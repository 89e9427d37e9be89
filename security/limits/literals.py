"""Limits of the values that stand in a document."""

from graphql import DocumentNode, FloatValueNode, IntValueNode, ListValueNode, Node

from security.errors import TooExpensive
from security.limits.bounds import DocumentLimits


def check_literals(document: DocumentNode, limits: DocumentLimits) -> None:
    """Raise `TooExpensive` for a list with too many items or a number with too many digits."""
    rest: list[Node] = [document]
    while rest:
        node = rest.pop()
        if isinstance(node, ListValueNode) and len(node.values) > limits.items:
            raise TooExpensive(f"A list of the document has more than {limits.items:,} items: ask in parts.")
        if isinstance(node, IntValueNode | FloatValueNode) and len(node.value) > limits.digits:
            raise TooExpensive(f"A number of the document has more than {limits.digits} digits.")
        for key in node.keys:
            part = getattr(node, key, None)
            if isinstance(part, Node):
                rest.append(part)
            elif isinstance(part, list | tuple):
                rest += part
