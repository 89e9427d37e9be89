"""Explaining access: what of the graph somebody else is told, and which rule decides.

Nothing here decides anything. The schema of that principal, its row predicates and the capabilities behind them are
asked as they are when it asks for itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from resolvers.database import Snapshot, Statement
from resolvers.sql.scope import Scope, all_hold
from schema.global_id import key_of
from schema.model import Graph, Model
from security.claims import MalformedClaims, principal_of
from security.errors import BadUserInput
from security.principal import Principal
from security.trail import Decider, Outcome, Step, trail_of


@dataclass
class Explanation:
    """What is told of a coordinate to somebody, with the decisions on the way there."""

    coordinate: str
    principal: Principal
    outcome: Outcome
    is_comparable: bool = False
    steps: list[Step] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it by the fields of `AccessExplanation`."""
        return {
            "coordinate": self.coordinate,
            "outcome": self.outcome.name,
            "reason": self.outcome.value,
            "isComparable": self.is_comparable,
            "capabilities": list(self.principal.capabilities),
            "steps": [{"by": step.by.name, "rule": step.rule, "holds": step.holds} for step in self.steps],
        }


def principal_described(claims: Any, *, is_restricted: bool) -> Principal:
    """Return the principal of a token with these claims."""
    if not isinstance(claims, dict):
        raise BadUserInput('`as` holds the claims of a token, such as {roles: ["sales"], regions: ["Sul"]}.')
    try:
        principal = principal_of({"sub": "somebody", "roles": [], **claims})
    except MalformedClaims as error:
        raise BadUserInput(f"`as`: a token whose {error} is refused.") from None
    return principal.restricted if is_restricted else principal


async def explained(
    everything: Graph, viewer: Scope, snapshot: Snapshot, coordinate: str, row: str | None, principal: Principal
) -> Explanation:
    """Return what a principal is told of a type or field and, with the global id of one, of its row.

    Rows that the viewer does not see itself are none for it.
    """
    model, name = _found(everything, coordinate)
    explanation = _explained(everything, model, name, coordinate, principal)
    if row is not None and explanation.outcome in (Outcome.SHOWN, Outcome.MASKED):
        theirs = Scope(everything, everything.seen_by(principal.capabilities), principal)
        await _explain_row(explanation, model, key_of(model.name, row), theirs, viewer, snapshot)
    return explanation


def _found(everything: Graph, coordinate: str) -> tuple[Model, str]:
    type_name, _, name = coordinate.partition(".")
    model = everything.models.get(type_name)
    if model is None or (name and name != "id" and name not in model.fields and name not in model.links):
        raise BadUserInput(f"There is no {coordinate}: name a type or one of its fields, as `Order` or `Order.total`.")
    return model, name


def _explained(everything: Graph, model: Model, name: str, coordinate: str, principal: Principal) -> Explanation:
    seen = everything.seen_by(principal.capabilities).models.get(model.name)
    explanation = Explanation(
        coordinate,
        principal,
        _outcome(seen, name),
        is_comparable=seen is not None and (name in seen.comparable or name in seen.links),
        steps=list(_steps(everything, model, seen, name, principal)),
    )
    if principal.is_restricted and explanation.outcome is not Outcome.SHOWN:
        usual = _explained(everything, model, name, coordinate, principal.unrestricted)
        if usual.outcome is not explanation.outcome:
            explanation.outcome = Outcome.WITHHELD
    return explanation


def _outcome(seen: Model | None, name: str) -> Outcome:
    if seen is None or not (name in ("", "id") or name in seen.fields or name in seen.links):
        return Outcome.HIDDEN
    if not seen.readable:
        return Outcome.COUNTED
    is_masked = name in seen.fields and seen.fields[name].is_masked
    return Outcome.MASKED if is_masked else Outcome.SHOWN


def _steps(everything: Graph, model: Model, seen: Model | None, name: str, principal: Principal) -> Iterator[Step]:
    yield from trail_of(principal, model.rows.capability)
    yield Step(Decider.CAPABILITY, f"{model.name} needs {model.rows.capability}", seen is not None)
    if name in model.links:
        target = everything.target(model.links[name])
        yield from trail_of(principal, target.rows.capability)
        rule = f"{model.name}.{name} leads to {target.name}, which needs {target.rows.capability}"
        yield Step(Decider.LINK, rule, seen is not None and name in seen.links)
    elif name in model.fields and (needed := model.fields[name].read):
        yield from trail_of(principal, needed)
        shown = None if seen is None else seen.fields.get(name)
        yield Step(Decider.CAPABILITY, f"{model.name}.{name} needs {needed}", shown is not None)
        if shown is not None and shown.is_masked and shown.mask is not None:
            yield Step(Decider.MASK, f"Masked: {shown.mask.value}", holds=True)


async def _explain_row(
    explanation: Explanation, model: Model, key: int, theirs: Scope, viewer: Scope, snapshot: Snapshot
) -> None:
    """Ask the database which words of the row rule hold for a row, and whether it is seen."""
    rows = model.table.alias()
    words = model.rows.words(theirs.principal.capabilities)
    asked = [theirs.visible(model, rows), *(theirs.predicate(word.condition, rows) for word in words)]
    columns: list[Any] = [sa.func.coalesce(part, sa.false()).label(f"part_{at}") for at, part in enumerate(asked)]
    statement: Statement = sa.select(*columns).where(
        all_hold(rows.c[model.key.key] == key, viewer.visible(model, rows))
    )
    found = await snapshot.fetch(statement)
    if not found:
        explanation.outcome = Outcome.NO_ROW
        return
    is_seen, *held = (bool(found[0][f"part_{at}"]) for at in range(len(asked)))
    explanation.steps += [Step(Decider.ROW_RULE, word.text, holds) for word, holds in zip(words, held, strict=True)]
    explanation.steps.append(Step(Decider.ROW_RULE, f"Together: {model.rows}", is_seen))
    if not is_seen:
        explanation.outcome = Outcome.ROW_HIDDEN
