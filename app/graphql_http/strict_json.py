"""JSON that means the same to every reader: what parsers disagree on is refused."""

import json
from typing import Any, Final

import orjson

from app.graphql_http.errors import BadRequest

MAX_DEPTH: Final = 64


def parse(text: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, or raise `BadRequest`.

    orjson refuses NaN and Infinity, half surrogate pairs, other encodings and a byte order mark; it takes a key that
    stands twice and turns integers beyond 64 bits into floats. Where it would not write the same text again, as
    browsers write it, Python's own parser reads the text after it.
    """
    try:
        value = orjson.loads(text)
        if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
            _check_depth(value)
        if orjson.dumps(value) != text:
            value = _DECODER.decode(text.decode())
    except orjson.JSONDecodeError as error:
        # The reason without orjson's quote of the text.
        raise BadRequest(f"The JSON cannot be read: {error.msg.partition(':')[0]}.") from None
    except (ValueError, RecursionError):
        raise BadRequest("The JSON cannot be read: a number has too many digits.") from None
    if b"\\u0000" in text:
        _check_no_nul(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest("The JSON has an object with the same key twice.")
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [part for item in level for part in _parts(item) if isinstance(part, dict | list)]
        if not level:
            return
    raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")


def _check_no_nul(value: Any) -> None:
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str) and "\0" in item:
            raise BadRequest("The JSON has a text with the character U+0000, which no text here can have.")
        rest += _parts(item)
        if isinstance(item, dict):
            rest += item


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
