"""Row rules: which rows of an entity a principal sees, declared once as an expression.

A rule is written with the entity::

    rows=granted("orders:read") | owner("customer_id") | territory("customer.region")

`granted` names the entity's capability: whoever has it in full sees every row. The other words each belong to a
reach of that capability (`orders:read:own` for `owner`) and compare a column with a claim of the principal.
`&` narrows: `granted("inventory:read") & assigned("warehouse_id")`.

For a set of capabilities a rule becomes a `Condition`, which has no principal in it: its claims are bound later,
so one compiled statement serves every principal of the same capabilities.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

from security.capabilities import Capabilities, Reach


class Claim(StrEnum):
    """What a condition may compare a column with."""

    CUSTOMER_ID = "customer_id"
    CUSTOMER_TIER = "customer_tier"
    REGIONS = "regions"
    WAREHOUSE_IDS = "warehouse_ids"


class Comparison(Enum):
    """How a condition compares a column with a claim; an absent claim never matches, unless the word says so."""

    EQUALS = "="
    AMONG = "in"
    ABSENT_OR_EQUALS = "is null or ="
    AMONG_IF_NAMED = "in, where the token names any,"


@dataclass(frozen=True)
class Always:
    """Every row."""


@dataclass(frozen=True)
class Never:
    """No row."""


@dataclass(frozen=True)
class Compare:
    """Rows whose column compares with the claim; `path` may lead through to-one links: `customer.region`."""

    path: str
    comparison: Comparison
    claim: Claim


@dataclass(frozen=True)
class AllOf:
    """Rows for which every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """Rows for which some part holds."""

    parts: tuple["Condition", ...]


Condition = Always | Never | Compare | AllOf | AnyOf


@dataclass(frozen=True)
class RuleWord:
    """A word of a rule: what it says, and which rows it shows to somebody by itself."""

    text: str
    condition: Condition


class RowRule:
    """An expression over the words of this module; `|` widens, `&` narrows."""

    def __or__(self, other: "RowRule") -> "RowRule":
        return _Either(self, other)

    def __and__(self, other: "RowRule") -> "RowRule":
        return _Both(self, other)

    @property
    def capability(self) -> str:
        """The capability that the rule's `granted` names."""
        names = {word.capability for word in _words(self) if isinstance(word, _Granted)}
        if len(names) != 1:
            raise TypeError(f"a row rule names one capability with granted(…), this one names {sorted(names)}")
        return names.pop()

    @property
    def hides_rows(self) -> bool:
        """Tell whether the rule may leave out rows for somebody who may read the entity."""
        return any(not isinstance(word, _Granted) for word in _words(self))

    @property
    def owner(self) -> str | None:
        """The path to the pharmacy that a row belongs to; None where rows belong to none."""
        words = (word for word in _words(self) if isinstance(word, _Reaching) and word.reach is Reach.OWN)
        return next((word.compare.path for word in words), None)

    def words(self, capabilities: Capabilities) -> tuple["RuleWord", ...]:
        """Return the words of the rule, each with the rows that it shows by itself."""
        base = self.capability
        return tuple(RuleWord(_text(word, base), _condition(word, base, capabilities)) for word in _words(self))

    @property
    def comparisons(self) -> tuple[Compare, ...]:
        """Every comparison that the rule makes for somebody."""
        return tuple(word.compare for word in _words(self) if isinstance(word, _Reaching | _Narrowing))

    @property
    def conditions(self) -> dict[str, Condition]:
        """Which rows each capability that the rule knows shows by itself, or lets count and sum up."""
        return self._by_capability(self.total)

    @property
    def conditions_of_writing(self) -> dict[str, Condition]:
        """Which rows each capability lets write, where the rule is one of writing: what counts rows writes none."""
        return self._by_capability(self.condition)

    def _by_capability(self, condition_of: Callable[[Capabilities], Condition]) -> dict[str, Condition]:
        base = self.capability
        names = [base, *(f"{base}:{reach}" for reach in Reach)]
        found = {name: condition_of(Capabilities.of({name})) for name in names}
        return {name: condition for name, condition in found.items() if not isinstance(condition, Never)}

    def condition(self, capabilities: Capabilities) -> Condition:
        """Return which rows the capabilities show."""
        return _condition(self, self.capability, capabilities)

    def counts_unseen(self, capabilities: Capabilities) -> bool:
        """Tell whether the capabilities let rows be counted and summed up that they don't show."""
        return f"{self.capability}:{Reach.AGGREGATE}" in capabilities.granted

    def total(self, capabilities: Capabilities) -> Condition:
        """Return which rows the capabilities let count and sum up."""
        if self.counts_unseen(capabilities):
            return _condition(self, self.capability, Capabilities.of({self.capability}))
        return self.condition(capabilities)


@dataclass(frozen=True)
class _Granted(RowRule):
    name: str

    @property
    def capability(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class _Reaching(RowRule):
    """Rows of one reach, whose column compares with a claim."""

    reach: Reach
    compare: Compare

    def __str__(self) -> str:
        return f"{self.compare.path} {self.compare.comparison.value} principal.{self.compare.claim}"


@dataclass(frozen=True)
class _Narrowing(RowRule):
    """Rows whose column compares with a claim, whatever the capability."""

    compare: Compare

    def __str__(self) -> str:
        return f"{self.compare.path} {self.compare.comparison.value} principal.{self.compare.claim}"


@dataclass(frozen=True)
class _Either(RowRule):
    left: RowRule
    right: RowRule

    def __str__(self) -> str:
        return f"{self.left} or {self.right}"


@dataclass(frozen=True)
class _Both(RowRule):
    left: RowRule
    right: RowRule

    def __str__(self) -> str:
        return f"({self.left}) and ({self.right})"


def granted(capability: str) -> RowRule:
    """Every row, for whoever has the capability in full."""
    return _Granted(capability)


def owner(path: str) -> RowRule:
    """The rows of the pharmacy that the token is for."""
    return _Reaching(Reach.OWN, Compare(path, Comparison.EQUALS, Claim.CUSTOMER_ID))


def territory(path: str) -> RowRule:
    """The rows of the regions that the token names; none where it names none."""
    return _Reaching(Reach.TERRITORY, Compare(path, Comparison.AMONG, Claim.REGIONS))


def tier(path: str) -> RowRule:
    """Rows for every tier, and those of the tier of the pharmacy that the token is for."""
    return _Reaching(Reach.TIER, Compare(path, Comparison.ABSENT_OR_EQUALS, Claim.CUSTOMER_TIER))


def assigned(path: str) -> RowRule:
    """The rows of the warehouses that the token names; all where it names none."""
    return _Narrowing(Compare(path, Comparison.AMONG_IF_NAMED, Claim.WAREHOUSE_IDS))


def _text(word: RowRule, base: str) -> str:
    return f"{base}:{word.reach}, for rows where {word}" if isinstance(word, _Reaching) else str(word)


def _words(rule: RowRule) -> list[RowRule]:
    if isinstance(rule, (_Either, _Both)):
        return [*_words(rule.left), *_words(rule.right)]
    return [rule]


def _condition(rule: RowRule, base: str, capabilities: Capabilities) -> Condition:
    match rule:
        case _Granted():
            return Always() if capabilities.has(base) else Never()
        case _Reaching():
            return rule.compare if f"{base}:{rule.reach}" in capabilities.granted else Never()
        case _Narrowing():
            return rule.compare
        case _Either():
            return any_of(_condition(rule.left, base, capabilities), _condition(rule.right, base, capabilities))
        case _Both():
            return all_of(_condition(rule.left, base, capabilities), _condition(rule.right, base, capabilities))
    raise TypeError(f"{rule!r} is no row rule")


def any_of(left: Condition, right: Condition) -> Condition:
    """Return the condition that holds where either does, simplified."""
    if isinstance(left, Always) or isinstance(right, Always):
        return Always()
    parts = tuple(part for part in (left, right) if not isinstance(part, Never))
    return AnyOf(parts) if len(parts) > 1 else (parts[0] if parts else Never())


def all_of(left: Condition, right: Condition) -> Condition:
    """Return the condition that holds where both do, simplified."""
    if isinstance(left, Never) or isinstance(right, Never):
        return Never()
    parts = tuple(part for part in (left, right) if not isinstance(part, Always))
    return AllOf(parts) if len(parts) > 1 else (parts[0] if parts else Always())
