"""Violations that somebody knows of: of which checks they can be tolerated, and how that is written."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from etl.quality.check import Check, Kind
from etl.quality.relations import relation_checks
from etl.quality.rows import row_checks
from schema.entities import ENTITIES

_MODEL_TEST: Final = f"{Kind.MODEL_TEST} "


def tolerance(text: str) -> tuple[str, int]:
    """Read `CHECK=NUMBER`; raises ValueError for a check that there is not, or one that counts no violations.

    Tests of models are known to dbt: of one that there is not the checks tell.
    """
    name, has_number, number = (part.strip() for part in text.rpartition("="))
    if not has_number or not number.isascii() or not number.isdigit():
        raise ValueError(f"{text!r} is no CHECK=NUMBER such as range raw.orders.total=12, with a whole number from 0")
    if not names_model_test(name):
        _check_name(name)
    return name, int(number)


def names_model_test(name: str) -> bool:
    """Tell whether a check's name is that of a test of the models."""
    return name.startswith(_MODEL_TEST)


def tolerable_checks() -> Iterator[Check]:
    """Give the checks whose violations can be tolerated, but for the tests of models.

    The others tell whether something holds at all; what they let pass is declared where they are.
    """
    yield Check(Kind.GAP, "raw")
    for entity in ENTITIES:
        if entity.__declaration__.warehouse is not None:
            yield from (one.check for one in row_checks(entity))
            yield from relation_checks(entity)
            for kind in (Kind.DEAD_LETTERS, Kind.RECONCILIATION):
                yield Check(kind, f"raw.{entity.__tablename__}")


def _check_name(name: str) -> None:
    known = [check.name for check in tolerable_checks()]
    if name not in known:
        nearest = get_close_matches(name, known, n=1, cutoff=0)
        raise ValueError(f"{name!r} is no check whose violations can be tolerated: did you mean {nearest[0]!r}?")
