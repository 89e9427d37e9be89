"""Runs of the fuzz: case after case on one data set, until one differs from what the model says."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from security.principal import Principal
from tests.fuzz.answer import Answering
from tests.fuzz.chance import ANYTHING, Chance, Focus
from tests.fuzz.gateway import Gateway, Response, Way
from tests.fuzz.operation import Asked, Place
from tests.fuzz.people import random_people
from tests.rows import Data

REFUSALS = {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
_MOST_PLACES = 200
_WAYS = (*(Way.COMPILED,) * 6, Way.REFERENCE, *(Way.PREDICATES,) * 5, Way.REFERENCE_PREDICATES, *(Way.POLICIES,) * 4)


class Differs(AssertionError):
    """The gateway told somebody something else than the model says."""


@dataclass
class Run:
    """Cases on one data set: `people` ask in turn, and now and then one asks what another has just asked."""

    gateway: Gateway
    data: Data
    people: list[Principal]
    chance: random.Random
    focus: Focus = ANYTHING
    ways: tuple[Way, ...] = _WAYS
    told: Counter[str] = field(default_factory=Counter)
    cases: int = 0

    def __post_init__(self) -> None:
        self._answering = [Answering(self.data, principal) for principal in self.people]
        self._places: list[Place] = []

    @classmethod
    def of(
        cls,
        gateway: Gateway,
        data: Data,
        seed: int,
        *,
        people: int = 24,
        roles: tuple[str, ...] = (),
        scopes: tuple[str, ...] = (),
        focus: Focus = ANYTHING,
        ways: tuple[Way, ...] = _WAYS,
    ) -> "Run":
        """Return a run, the same for the same seed."""
        chance = random.Random(seed)
        return cls(gateway, data, random_people(chance, data, people, roles, scopes), chance, focus, ways)

    async def go(self, cases: int) -> None:
        """Try so many cases; raise `Differs` at the first that differs."""
        last = self.cases + cases
        while self.cases < last:
            asker = self._asker()
            asked = Chance(self.chance, self.data, asker.rights, self._places, self.focus).operation()
            await self._case(asker, asked)
            if self.chance.random() < 0.5 and self.cases < last:
                # Whatever is kept of an operation must not serve somebody else's answer.
                await self._case(self._asker(), asked)

    def _asker(self) -> Answering:
        """Return who asks next; those who have a right to nothing are all refused alike, and come rarely."""
        asker = self.chance.choice(self._answering)
        return asker if asker.rights.reaches else self.chance.choice(self._answering)

    async def _case(self, asker: Answering, asked: Asked) -> None:
        self.cases += 1
        way = self.chance.choice(self.ways)
        if way is Way.POLICIES and asker.rights.counts_more_than_it_reads:
            # The policies let whoever may count a row read it: only the first fence tells the two apart.
            way = Way.PREDICATES if Way.PREDICATES in self.ways else way
        response = await self.gateway.ask(way, asked.document, asked.variables, asker.principal)
        outcome = self._judged(asker, asked, response)
        if outcome is None:
            raise Differs(_report(way, asker, asked, response))
        self.told[outcome] += 1

    def _judged(self, asker: Answering, asked: Asked, response: Response) -> str | None:
        """Return what came of a case, None where that must not be."""
        if response.by_fault:
            return None
        codes = {error["extensions"]["code"] for error in response.body.get("errors", ())}
        is_refused = "data" not in response.body and bool(codes) and codes <= REFUSALS
        if not asker.may_ask(asked):
            return "refused" if is_refused else None
        if is_refused:
            foreign = any(place.principal != asker.principal for place in asked.places)
            return "cursor of another refused" if foreign else None
        if response.body != {"data": asker.answer(asked)}:
            return None
        self._places += [mark.place(asker.principal) for mark in asker.marks[:3] if mark.text]
        self._places = self._places[-_MOST_PLACES:]
        return "answered" if _has_rows(response.body["data"]) else "empty"


def _has_rows(told: Any) -> bool:
    """Tell whether an answer has anything in it that is of a row."""
    if isinstance(told, dict):
        return any(_has_rows(value) for name, value in told.items() if name != "__typename")
    if isinstance(told, list):
        return any(map(_has_rows, told))
    return told not in (None, False, 0)


def _report(way: Way, asker: Answering, asked: Asked, response: Response) -> str:
    expected = asker.answer(asked) if asker.may_ask(asked) else "refused"
    return "\n".join(
        [
            f"{way.value}: {asker.principal}",
            asked.document,
            json.dumps(asked.variables, ensure_ascii=False),
            f"told:     {response.text[:4000]}{' by a fault of the compiler' * response.by_fault}",
            f"expected: {json.dumps(expected, ensure_ascii=False, default=str)[:4000]}",
        ]
    )
