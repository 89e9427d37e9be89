"""Global object identification, as Relay specifies it: an opaque id that is unique in the whole graph."""

import binascii
import re

from security.errors import BadUserInput

_DECODED = re.compile(rb"([A-Za-z][A-Za-z0-9]*):([1-9]\d{0,18}|0)")
_MAX_KEY = 2**63 - 1


def global_id(type_name: str, key: int) -> str:
    """Return the global id of a row."""
    return binascii.b2a_base64(b"%b:%d" % (type_name.encode(), key), newline=False).decode()


def parse_global_id(text: str) -> tuple[str, int]:
    """Return the type's name and the key that an id stands for; only what `global_id` writes is taken."""
    try:
        told = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise not_an_id() from None
    match = _DECODED.fullmatch(told)
    # Base64 has several spellings of the same bytes where these end within one of its characters.
    if match is None or binascii.b2a_base64(told, newline=False) != text.encode() or int(match[2]) > _MAX_KEY:
        raise not_an_id()
    return match[1].decode(), int(match[2])


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
