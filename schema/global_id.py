"""Global object identification, as Relay specifies it: an opaque id that is unique in the whole graph."""

import base64
import binascii
import re

from security.errors import BadUserInput

_DECODED = re.compile(r"([A-Za-z][A-Za-z0-9]*):([1-9]\d{0,18}|0)", re.ASCII)
_MAX_KEY = 2**63 - 1


def global_id(type_name: str, key: int) -> str:
    """Return the global id of a row."""
    return base64.b64encode(f"{type_name}:{key}".encode()).decode()


def parse_global_id(text: str) -> tuple[str, int]:
    """Return the type's name and the key that an id stands for; only what `global_id` writes is taken."""
    try:
        match = _DECODED.fullmatch(base64.b64decode(text, validate=True).decode("ascii"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        match = None
    if match is None or int(match[2]) > _MAX_KEY or global_id(match[1], int(match[2])) != text:
        raise not_an_id()
    return match[1], int(match[2])


def key_of(type_name: str, text: str) -> int:
    """Return the key of a row of one type; an id of another type is refused like one that never was."""
    found, key = parse_global_id(text)
    if found != type_name:
        raise not_an_id(type_name)
    return key


def not_an_id(type_name: str | None = None) -> BadUserInput:
    """Return the refusal of a text that is no id; the text is not repeated, it may be anything."""
    of = f" of {type_name}" if type_name else ""
    return BadUserInput(f"This is not an id{of}: pass one as the field `id` of the graph gave it.")
