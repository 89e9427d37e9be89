"""Sets of public keys as key servers publish them (JWK Sets, RFC 7517)."""

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from security.keys import PublicKey, UnusableKey, fits, usable

MAX_KEYS: Final = 50
MAX_KEY_ID_LENGTH: Final = 200

# RFC 9864 names the one curve that RFC 8037's name stands for here.
_ALIASES: Final = {"Ed25519": "EdDSA"}
_SIGNATURE: Final = re.compile(r"(RS|PS|ES)(256|384|512)|EdDSA")
_PUBLIC_KINDS: Final = ("EC", "OKP", "RSA")
_PRIVATE: Final = frozenset({"d", "k", "p", "q"})


@dataclass(frozen=True)
class PublishedKey:
    """A key of a set: its name, and the algorithm that its publisher binds it to, if it says one."""

    key: PublicKey
    key_id: str | None
    algorithm: str | None

    def signs(self, algorithm: str) -> bool:
        """Tell whether signatures of the algorithm may be verified with the key."""
        return self.algorithm in {None, algorithm} and fits(self.key, algorithm)


def read_key_set(content: bytes) -> tuple[PublishedKey, ...]:
    """Return the keys of a JWK Set that tokens can be verified with; `UnusableKey` where there is none.

    As RFC 7517, section 5, asks, keys of unknown kinds are passed over: a set may hold keys for other purposes.
    """
    try:
        listed = orjson.loads(content)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise UnusableKey("is no JWK Set") from None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise UnusableKey(f"is no JWK Set of up to {MAX_KEYS} keys")
    keys = tuple(key for entry in listed if (key := _read(entry)) is not None)
    if not keys:
        raise UnusableKey("has no key that tokens can be verified with")
    return keys


def _read(entry: Any) -> PublishedKey | None:
    if not isinstance(entry, dict) or not _is_for_signatures(entry):
        return None
    key_id, algorithm = entry.get("kid"), entry.get("alg")
    if algorithm is not None:
        algorithm = _ALIASES.get(str(algorithm), str(algorithm))
        if not _SIGNATURE.fullmatch(algorithm):
            return None
    try:
        key = usable(PyJWK({name: value for name, value in entry.items() if name != "alg"}, algorithm).key)
    except (PyJWTError, UnusableKey, ValueError, TypeError):
        return None
    return PublishedKey(key, key_id if isinstance(key_id, str) else None, algorithm)


def _is_for_signatures(entry: dict[str, Any]) -> bool:
    """Tell whether a key is public and meant for signatures; one whose private half is published signs for anybody."""
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("kty") in _PUBLIC_KINDS
        and _PRIVATE.isdisjoint(entry)
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )
