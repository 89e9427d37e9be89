"""What a check is, and what it finds."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """What it means when a check finds something: `fail` is a fault of the pipeline or data nobody may build on."""

    FAIL = "fail"
    WARN = "warn"


class Status(StrEnum):
    """How a check ended. `EMPTY` looked at nothing, which is no success; `ERROR` could not look."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    EMPTY = "empty"
    ERROR = "error"


class Kind(StrEnum):
    """What a check is about."""

    SCHEMA = "schema"
    ROW_COUNT = "row count"
    NOT_NULL = "not null"
    ACCEPTED = "accepted values"
    RANGE = "range"
    DUPLICATES = "duplicates"
    REFERENCES = "references"
    FRESHNESS = "freshness"
    DEAD_LETTERS = "dead letters"
    RECONCILIATION = "reconciliation"
    GAP = "gap"
    ANOMALY = "anomaly"
    MODEL_TEST = "model test"


@dataclass(frozen=True)
class Check:
    """Something that has to hold for a table, or for columns of it.

    Violations are no finding up to `tolerated`, or up to `tolerated_share` of what was examined, from 0 to 1.
    """

    kind: Kind
    table: str
    column: str = ""
    severity: Severity = Severity.FAIL
    tolerated: int = 0
    tolerated_share: float = 0.0

    @property
    def name(self) -> str:
        """What results and metrics call it: `not null raw.orders.total`."""
        return f"{self.kind} {self.table}" + (f".{self.column}" if self.column else "")


@dataclass(frozen=True)
class Finding:
    """What a check saw: `examined` rows or values, `violations` among them; `detail` quotes no value of a row.

    `tolerated` is how many violations were none of its concern.
    """

    check: Check
    status: Status
    examined: int | None = None
    violations: int | None = None
    detail: str | None = None
    tolerated: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nobody has to look at it: it passed, or its check only warns."""
        return self.status in (Status.PASS, Status.WARN) or (
            self.status is Status.EMPTY and self.check.severity is Severity.WARN
        )


def judged(check: Check, examined: int, violations: int, detail: str | None = None) -> Finding:
    """Return what a check found: nothing examined is never a success."""
    if not examined and not violations:
        return Finding(check, Status.EMPTY, 0, 0, detail or "there was nothing to look at")
    tolerated = max(check.tolerated, int(examined * check.tolerated_share))
    found = Status(check.severity) if violations > tolerated else Status.PASS
    return Finding(check, found, examined, violations, detail, tolerated)


def tolerating(finding: Finding, tolerated: int) -> Finding:
    """Return a finding as it is where more violations are tolerated than its check does by itself."""
    more = replace(finding, tolerated=max(tolerated, finding.tolerated))
    if finding.status in (Status.WARN, Status.FAIL) and (finding.violations or 0) <= more.tolerated:
        # Without a count nobody can say that it is not more than what is known.
        return more if finding.violations is None else replace(more, status=Status.PASS)
    return more


def failed(check: Check, reason: str) -> Finding:
    """Return that a check could not look, and why."""
    return Finding(check, Status.ERROR, detail=reason)
