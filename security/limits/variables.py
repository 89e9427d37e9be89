"""Limits of the values that come beside a document."""

from collections.abc import Mapping
from typing import Any

from security.errors import BadUserInput
from security.limits.bounds import DocumentLimits

_DEPTH = 64


def check_variables(variables: Mapping[str, Any], limits: DocumentLimits) -> None:
    """Raise `BadUserInput` for a list with too many items, a number with too many digits, or too deep a nesting.

    Texts are left to the types, which know what they may be.
    """
    most = limits.least_too_long
    level = list(variables.values())
    for _ in range(_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                if len(value) > limits.items:
                    raise BadUserInput(f"A list of the variables has more than {limits.items:,} items: send parts.")
                below += value
            elif isinstance(value, int) and not -most < value < most:
                raise BadUserInput(f"A number of the variables has more than {limits.digits} digits.")
        if not below:
            return
        level = below
    raise BadUserInput(f"The variables are nested deeper than {_DEPTH} levels.")
