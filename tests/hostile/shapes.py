"""Hostile documents by shape, each of a size that is drawn: what the catalogue of attacks names, and relatives."""

import random
from collections.abc import Callable, Iterator

Shape = Callable[[int], str]


def _nested(levels: int) -> str:
    return "{ categories { nodes " + "{ parent " * levels + "{ id } " + "} " * levels + "} }"


def _nested_connections(levels: int) -> str:
    return "{ categories { " + "nodes { children { " * levels + "totalCount " + "} } " * levels + "} }"


def _aliases(number: int) -> str:
    return "{ " + " ".join(f"a{at}: categories {{ totalCount }}" for at in range(number)) + " }"


def _repeated(number: int) -> str:
    return "{ categories { nodes { " + "id " * number + "} } }"


def _repeated_deeply(number: int) -> str:
    return "{ " + "categories { nodes { parent { id } } } " * number + "}"


def _directives(number: int) -> str:
    return "{ categories { totalCount " + "@include(if: true) " * number + "} }"


def _unknown_directives(number: int) -> str:
    return "{ categories { totalCount " + " ".join(f"@unknown{at}" for at in range(number)) + " } }"


def _fan_out(levels: int) -> str:
    last = f"fragment F{levels} on Category {{ id }}"
    spreads = [f"fragment F{at} on Category {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
    return "\n".join(["{ categories { nodes { ...F0 } } }", *spreads, last])


def _fan_out_of_nothing(levels: int) -> str:
    last = f"fragment F{levels} on Category {{ ...Absent }}"
    spreads = [f"fragment F{at} on Category {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
    return "\n".join(["{ categories { nodes { ...F0 } } }", *spreads, last])


def _fan_out_nested(levels: int) -> str:
    last = f"fragment F{levels} on Category {{ id }}"
    spreads = [
        f"fragment F{at} on Category {{ a: parent {{ ...F{at + 1} }} b: parent {{ ...F{at + 1} }} }}"
        for at in range(levels)
    ]
    return "\n".join(["{ categories { nodes { ...F0 } } }", *spreads, last])


def _fan_out_unused(levels: int) -> str:
    fields = " ".join(f"a{at}: id" for at in range(80))
    last = f"fragment F{levels} on Category {{ id }}"
    spreads = [f"fragment F{at} on Category {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
    return "\n".join([f"{{ categories {{ nodes {{ {fields} }} }} }}", *spreads, last])


def _circle(number: int) -> str:
    spreads = [f"fragment F{at} on Category {{ id ...F{(at + 1) % number} }}" for at in range(number)]
    return "\n".join(["{ categories { nodes { ...F0 } } }", *spreads])


def _circle_through_fields(number: int) -> str:
    spreads = [f"fragment F{at} on Category {{ parent {{ ...F{(at + 1) % number} }} }}" for at in range(number)]
    return "\n".join(["{ categories { nodes { ...F0 } } }", *spreads])


def _inline(number: int) -> str:
    inner = "... on Category { " + "id " * 100 + "} "
    return "{ categories { nodes { " + inner * number + "} } }"


def _inline_nested(levels: int) -> str:
    return "{ categories { nodes { " + "... { " * levels + "id " + "} " * levels + "} } }"


def _operations(number: int) -> str:
    return "\n".join(f"query Q{at} {{ categories {{ totalCount }} }}" for at in range(number))


def _fragments(number: int) -> str:
    spreads = " ".join(f"...F{at}" for at in range(number))
    return "\n".join(
        [
            f"{{ categories {{ nodes {{ {spreads} }} }} }}",
            *(f"fragment F{at} on Category {{ id name parent {{ id name }} }}" for at in range(number)),
        ]
    )


def _literal_list(number: int) -> str:
    items = ", ".join(['"x"'] * number)
    return f"{{ nodes(ids: [{items}]) {{ id }} }}"


def _literal_depth(levels: int) -> str:
    return "{ categories(where: " + "{not: " * levels + "{}" + "}" * levels + ") { totalCount } }"


def _list_depth(levels: int) -> str:
    return "{ categories(where: " + "[" * levels + "]" * levels + ") { totalCount } }"


def _digits(number: int) -> str:
    return f"{{ categories(first: {'9' * number}) {{ totalCount }} }}"


def _strings(number: int) -> str:
    return '{ categories(where: {name: {eq: "' + '\\"' * number + "}}) { totalCount } }"


def _comments(number: int) -> str:
    return "{ categories { totalCount } }" + "#{\n" * number


def _block_strings(number: int) -> str:
    return '{ categories(where: {name: {eq: """' + '\\""" "" ' * number + "}}) { totalCount } }"


def _variables(number: int) -> str:
    return f"query ({', '.join(f'$v{at}: Int' for at in range(number))}) {{ categories {{ totalCount }} }}"


def _unknown_fields(number: int) -> str:
    return "{ " + " ".join(f"categoris{at}" for at in range(number)) + " }"


def _incremental(number: int) -> str:
    return "{ categories { nodes { " + "... @defer { id } " * number + "} } }"


def _introspection(levels: int) -> str:
    return "{ __schema { types { " + "fields { type { " * levels + "name " + "} } " * levels + "} } }"


def _types(levels: int) -> str:
    return f"query ($v: {'[' * levels}Int{']' * levels}) {{ categories {{ totalCount }} }}"


SHAPES: dict[str, tuple[Shape, int, int]] = {
    "nested": (_nested, 14, 5_000),
    "nested connections": (_nested_connections, 8, 5_000),
    "aliases": (_aliases, 201, 1_000),
    "repeated": (_repeated, 80, 20_000),
    "repeated deeply": (_repeated_deeply, 72, 2_000),
    "directives": (_directives, 101, 10_000),
    "unknown directives": (_unknown_directives, 1, 10_000),
    "fan-out": (_fan_out, 11, 60),
    "fan-out of nothing": (_fan_out_of_nothing, 10, 60),
    "fan-out, nested": (_fan_out_nested, 10, 60),
    "fan-out that nothing spreads": (_fan_out_unused, 1, 60),
    "circle": (_circle, 1, 60),
    "circle through fields": (_circle_through_fields, 1, 60),
    "inline fragments": (_inline, 5, 200),
    "inline fragments, nested": (_inline_nested, 48, 5_000),
    "operations": (_operations, 21, 1_000),
    "fragments": (_fragments, 65, 1_000),
    "literal list": (_literal_list, 1_001, 10_000),
    "literal depth": (_literal_depth, 50, 5_000),
    "list depth": (_list_depth, 1, 5_000),
    "digits": (_digits, 11, 10_000),
    "unterminated text": (_strings, 1, 30_000),
    "comments": (_comments, 25_000, 300_000),
    "unterminated block": (_block_strings, 1, 8_000),
    "variables": (_variables, 1, 3_000),
    "unknown fields": (_unknown_fields, 1, 3_000),
    "incremental delivery": (_incremental, 1, 2_000),
    "introspection": (_introspection, 7, 1_000),
    "types": (_types, 1, 5_000),
}
"""How each shape is written, and between which sizes it must be refused."""


def hostile_documents(number: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Give so many documents, each with the name of its shape; sizes of all orders of magnitude come."""
    chance = random.Random(seed)
    names = list(SHAPES)
    for at in range(number):
        name = names[at % len(names)]
        write, least, most = SHAPES[name]
        size = int(least * (most / least) ** chance.random())
        yield name, write(max(least, min(size, most)))
