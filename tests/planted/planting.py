"""What a planted bug is, and the ways to plant one."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from resolvers.sql.scope import Predicate, Scope
from schema.model import Graph, Model
from security.rows import RowRule
from tests.fuzz.chance import ANYTHING, Focus
from tests.fuzz.gateway import Way, without_predicates
from tests.model.world import GRAPH

COMPILED = (Way.PREDICATES,)
REFERENCE = (Way.REFERENCE_PREDICATES,)
POLICIES = (Way.POLICIES,)
BOTH_PATHS = (Way.PREDICATES, Way.REFERENCE_PREDICATES)

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], Graph | None]
"""Breaks the code; returns the graph to serve where that is what is broken."""


@dataclass(frozen=True)
class Bug:
    """A bug: what it is, how it is planted, and where to look for it.

    `sql` breaks the database instead. `roles`, `scopes`, `focus` and how many `people` ask make it quick to find.
    """

    about: str
    plant: Plant = lambda _: None
    ways: tuple[Way, ...] = COMPILED
    roles: tuple[str, ...] = ()
    focus: Focus = ANYTHING
    scopes: tuple[str, ...] = ()
    people: int = 6
    sql: Sequence[str] = ()
    builds_schemas: bool = False

    def __str__(self) -> str:
        return self.about


def rows_of(entity: str, rule: RowRule) -> Plant:
    """Give an entity another row rule."""
    return with_model(entity, lambda model: replace(model, rows=rule))


def ungated(entity: str, name: str) -> Plant:
    """Let a field need nothing beside its entity's capability."""

    def changed(model: Model) -> Model:
        return replace(model, fields={**model.fields, name: replace(model.fields[name], read=None)})

    return with_model(entity, changed)


def with_model(entity: str, change: Callable[[Model], Model]) -> Plant:
    """Serve a graph in which one entity is declared otherwise."""
    return lambda _: Graph({**GRAPH.models, entity: change(GRAPH[entity])})


def predicate_of(entity: str, make: Callable[[Predicate], Predicate]) -> Plant:
    """Change what the first fence shows of one entity."""

    def plant(patch: Patch) -> None:
        visible = Scope.visible

        def broken(self: Scope, model: Model, source: sa.FromClause) -> Predicate:
            found = visible(self, model, source)
            return make(found) if model.name == entity else found

        patch.setattr(Scope, "visible", broken)

    return plant


def blind(owner: Any, name: str) -> Plant:
    """Let one function forget the first fence, and everything that it calls."""

    def plant(patch: Patch) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def forgetful(*arguments: Any, **named: Any) -> Any:
            with without_predicates():
                return original(*arguments, **named)

        @functools.wraps(original)
        async def forgetful_later(*arguments: Any, **named: Any) -> Any:
            with without_predicates():
                return await original(*arguments, **named)

        patch.setattr(owner, name, forgetful_later if inspect.iscoroutinefunction(original) else forgetful)

    return plant


def instead(owner: Any, name: str, value: Any) -> Plant:
    """Put something else in the place of a function or constant."""
    return lambda patch: patch.setattr(owner, name, value)


def wrapped(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Plant:
    """Wrap a function."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


def on(*entities: str, kinds: tuple[str, ...] = (), rude: bool = False) -> Focus:
    """Look for it at some entities, by some kinds of root fields, and where the asker should not look."""
    return Focus(entities, kinds, rude)
