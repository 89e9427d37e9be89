"""The job that checks the warehouse: `checks`; and what it found last, as metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from etl.batch.history import History, Kind
from etl.batch.jobs import Tell, Words
from etl.quality.check import Check, Finding, Severity, Status
from etl.quality.check import Kind as Subject
from etl.quality.checking import Checking
from etl.warehouses.owned import OwnedWarehouse
from etl.worker.source import Source

if TYPE_CHECKING:
    from etl.models.results import NodeResult, RunResult

_NAMED: Final = 5
_STATUS: Final = {"pass": Status.PASS, "warn": Status.WARN, "fail": Status.FAIL}


class ChecksJob:
    """Checks a warehouse: its rows, its models by their tests, and against the source where one is given."""

    def __init__(
        self,
        warehouse: OwnedWarehouse,
        source: Source | None,
        history: History,
        test_models: "Callable[[], RunResult]",
        tolerances: Mapping[str, int] | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._source = source
        self._history = history
        self._test_models = test_models
        self._tolerances = tolerances or {}
        self.last = LastFindings()

    def __call__(self, arguments: Words, tell: Tell) -> Words:
        """Check; the outcome has every finding."""
        checking = Checking(
            self._warehouse.connection,
            self._source if arguments.get("source", True) else None,
            self._warehouse.position,
            lambda: _of_tests(self._test_models()) if arguments.get("models", True) else (),
            self._tolerances,
        )
        with self._history.noted(Kind.CHECKS, str(arguments.get("origin") or "command")) as note:
            findings = checking.run(lambda finding: tell(_told(finding)))
            bad = [finding.check.name for finding in findings if not finding.is_good]
            more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
            note.ended(good=not bad, rows=len(findings), detail=f"{', '.join(bad[:_NAMED])}{more}" if bad else None)
        self.last.findings = findings
        return {"good": not bad, "findings": [_told(finding) for finding in findings]}


class LastFindings(Collector):
    """What the last checks of this process found, in Prometheus' form."""

    def __init__(self) -> None:
        self.findings: Sequence[Finding] = ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give how many checks ended in each way, and what each of them found."""
        statuses = GaugeMetricFamily("gateway_etl_checks", "Checks by how they ended last.", labels=["status"])
        violations = GaugeMetricFamily("gateway_etl_check_violations", "What a check found last.", labels=["check"])
        for status in Status:
            statuses.add_metric([status], sum(finding.status is status for finding in self.findings))
        for finding in self.findings:
            if finding.violations is not None:
                violations.add_metric([finding.check.name], finding.violations)
        yield statuses
        yield violations


def _of_tests(result: "RunResult") -> Iterable[Finding]:
    """Return what the tests of the models found, each as a finding of its own."""
    return [_of_test(node) for node in result.nodes] or [
        Finding(Check(Subject.MODEL_TEST, "models"), Status.ERROR, detail=result.problem or "no test was run")
    ]


def _of_test(node: "NodeResult") -> Finding:
    severity = Severity.WARN if node.status == "warn" else Severity.FAIL
    status = _STATUS.get(node.status, Status.ERROR)
    return Finding(Check(Subject.MODEL_TEST, node.name, severity=severity), status, None, node.failures, node.fault)


def _told(finding: Finding) -> dict[str, Any]:
    check = finding.check
    return {
        "check": check.name,
        "kind": check.kind,
        "table": check.table,
        "column": check.column,
        "severity": check.severity,
        "status": finding.status,
        "examined": finding.examined,
        "violations": finding.violations,
        "tolerated": finding.tolerated,
        "detail": finding.detail,
    }
