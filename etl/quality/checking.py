"""All checks of a warehouse, one after the other."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from etl.changes import table_shapes
from etl.quality.anomalies import check_anomalies
from etl.quality.check import Check, Finding, Kind, failed, tolerating
from etl.quality.keeping import keep_findings, prepare_results
from etl.quality.reconciliation import check_reconciliation
from etl.quality.relations import check_duplicates, check_references, check_shape
from etl.quality.rows import check_rows
from etl.quality.state import check_counts, check_dead_letters, check_freshness, check_gaps
from etl.quality.tolerances import names_model_test
from etl.worker.source import Source
from schema.entities import ENTITIES
from schema.entity import Entity

_LAYERS = ("core", "marts")


@dataclass(frozen=True)
class Checking:
    """What is checked: an open DuckDB, the source it is fed from, and by what tests its models are.

    `position` tells up to where the warehouse has what the source committed, `tolerances` how many violations of a
    check are known, by its name.
    """

    connection: duckdb.DuckDBPyConnection
    source: Source | None = None
    position: Callable[[], int | None] = lambda: None
    test_models: Callable[[], Iterable[Finding]] = tuple
    tolerances: Mapping[str, int] = field(default_factory=dict)

    def run(self, heard: Callable[[Finding], None] = lambda _: None) -> list[Finding]:
        """Run all checks, and keep what they find. A check that can't look is a finding too; none stops the others."""
        cursor, at = self.connection.cursor(), dt.datetime.now(dt.UTC)
        prepare_results(cursor)
        findings = []
        for found in self._findings(cursor, at):
            finding = tolerating(found, self.tolerances.get(found.check.name, 0))
            heard(finding)
            findings.append(finding)
        keep_findings(cursor, findings, at)
        return findings

    def _findings(self, cursor: duckdb.DuckDBPyConnection, at: dt.datetime) -> Iterator[Finding]:
        landing = [entity for entity in ENTITIES if entity.__declaration__.warehouse is not None]
        tables = [entity.__tablename__ for entity in landing]
        for entity in landing:
            yield from _of_table(cursor, entity)
        built = _built(cursor)
        yield from _guarded(Kind.ROW_COUNT, "raw", lambda: check_counts(cursor, [f"raw.{table}" for table in tables]))
        yield from _guarded(Kind.ROW_COUNT, "marts", lambda: check_counts(cursor, built))
        yield from _guarded(Kind.DEAD_LETTERS, "raw", lambda: check_dead_letters(cursor, tables))
        yield from _guarded(Kind.FRESHNESS, "raw", lambda: check_freshness(cursor, tables, at))
        yield from _guarded(Kind.GAP, "raw", lambda: check_gaps(cursor, tables))
        if built:
            yield from _guarded(Kind.ANOMALY, "core", lambda: check_anomalies(cursor))
            yield from self._tested()
        if self.source is not None:
            yield from self._reconciled(self.source)

    def _tested(self) -> Iterator[Finding]:
        """Give what the models' tests find, and which tests are tolerated that there are not."""
        names = set()
        for finding in self.test_models():
            names.add(finding.check.name)
            yield finding
        if names:
            unknown = [name for name in self.tolerances if names_model_test(name) and name not in names]
            for name in unknown:
                test = name.removeprefix(f"{Kind.MODEL_TEST} ")
                yield failed(Check(Kind.MODEL_TEST, test), "its violations are tolerated, but there is no such test")

    def _reconciled(self, source: Source) -> Iterator[Finding]:
        shapes = table_shapes(ENTITIES)
        return _guarded(
            Kind.RECONCILIATION,
            "raw",
            lambda: check_reconciliation(source, self.connection, shapes, self.position),
        )


def _of_table(cursor: duckdb.DuckDBPyConnection, entity: type[Entity]) -> Iterator[Finding]:
    table = f"raw.{entity.__tablename__}"
    yield from _guarded(Kind.SCHEMA, table, lambda: [check_shape(cursor, entity)])
    yield from _guarded(Kind.NOT_NULL, table, lambda: check_rows(cursor, entity))
    yield from _guarded(Kind.DUPLICATES, table, lambda: check_duplicates(cursor, entity))
    yield from _guarded(Kind.REFERENCES, table, lambda: check_references(cursor, entity))


def _guarded(kind: Kind, table: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Give what is found; where looking fails, that is what is found."""
    try:
        yield from look()
    except duckdb.Error as error:
        # The text of a DuckDB error may quote values of rows.
        yield failed(Check(kind, table), f"the warehouse: {type(error).__name__}")


def _built(cursor: duckdb.DuckDBPyConnection) -> Sequence[str]:
    found = cursor.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in (select unnest($1)) order by all",
        [list(_LAYERS)],
    )
    return [name for (name,) in found.fetchall()]
