"""Revocation: tokens that end before their time, named by their `jti` or by their subject and time of issue.

The list is kept in Redis (`security.revocation_list`); each process knows it whole and asks its own copy, so that a
request pays nothing for it. What is revoked is named by digests: a subject may be a person's address.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from time import monotonic, time
from typing import Any, Self

from security.claims import token_id_of
from security.principal import Principal


@dataclass(frozen=True)
class Revocation:
    """One entry: what it ends, and when it may be forgotten because nothing that it ends can live any more.

    `issued_before` is None for a single token. Times are Unix seconds.
    """

    digest: str
    issued_before: int | None
    until: int

    @classmethod
    def of_token(cls, token_id: str, *, until: int) -> Self:
        """Return what ends the token of this `jti`."""
        return cls(_digest("jti", token_id), None, until)

    @classmethod
    def of_subject(cls, subject: str, *, issued_before: int, until: int) -> Self:
        """Return what ends every token issued before that moment whose subject, or whose actor, this is."""
        return cls(_digest("sub", subject), issued_before, until)


@dataclass(frozen=True)
class TokenMarks:
    """What of a token a revocation can name."""

    token: str | None
    subjects: tuple[str, ...]
    issued_at: int


def marks_of(claims: Mapping[str, Any], principal: Principal) -> TokenMarks:
    """Return the marks of a verified token; `MalformedClaims` for a `jti` that is no name."""
    named = [principal.subject] if principal.actor is None else [principal.subject, principal.actor.subject]
    return TokenMarks(
        token=_digest("jti", token_id_of(claims["jti"])) if "jti" in claims else None,
        subjects=tuple(_digest("sub", subject) for subject in named),
        issued_at=claims["iat"],
    )


class Revocations:
    """The list as this process knows it.

    `version` changes with the list: what was found unrevoked at a version need not be looked up again at it. A list
    that nobody keeps in step (there is none to keep it in step with) is always current.
    """

    def __init__(self) -> None:
        self.version = 0
        self._tokens: dict[str, Revocation] = {}
        self._subjects: dict[str, Revocation] = {}
        self._current_until = math.inf

    @property
    def is_current(self) -> bool:
        """Whether what others revoked a moment ago is known here."""
        return monotonic() < self._current_until

    def has_revoked(self, marks: TokenMarks) -> bool:
        """Tell whether the token was revoked."""
        if marks.token in self._tokens:
            return True
        found = (self._subjects.get(subject) for subject in marks.subjects)
        return any(entry is not None and marks.issued_at < (entry.issued_before or 0) for entry in found)

    def learn(self, entries: Iterable[Revocation]) -> None:
        """Add entries, and forget what is not among them and whose time is over.

        A clock that is ahead for a while thus loses nothing that the list still has.
        """
        told: set[str] = set()
        for entry in entries:
            known = self._of_kind(entry)
            known[entry.digest] = _joined(entry, known.get(entry.digest))
            told.add(entry.digest)
        now = time()
        self._tokens = {name: one for name, one in self._tokens.items() if name in told or one.until > now}
        self._subjects = {name: one for name, one in self._subjects.items() if name in told or one.until > now}
        self.version += 1

    def missing_from(self, entries: Iterable[Revocation]) -> list[Revocation]:
        """Return what is known here and not among the entries: a list that was lost is told again by who knows it."""
        listed = set(entries)
        return [entry for known in (self._tokens, self._subjects) for entry in known.values() if entry not in listed]

    def confirm(self, seconds: float) -> None:
        """Note that the list was just seen; for so many seconds what is known here counts as current."""
        self._current_until = monotonic() + seconds

    def doubt(self) -> None:
        """Note that the list can't be seen now."""
        self._current_until = -math.inf

    def _of_kind(self, entry: Revocation) -> dict[str, Revocation]:
        return self._tokens if entry.issued_before is None else self._subjects


def _joined(entry: Revocation, known: Revocation | None) -> Revocation:
    """Return what ends all that two entries of one name end, for as long as either does."""
    if known is None:
        return entry
    until = max(entry.until, known.until)
    if entry.issued_before is None or known.issued_before is None:
        return replace(entry, until=until)
    return replace(entry, issued_before=max(entry.issued_before, known.issued_before), until=until)


def _digest(kind: str, name: str) -> str:
    return sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).hexdigest()
