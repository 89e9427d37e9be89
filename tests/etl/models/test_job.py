"""The job that builds the models, on the warehouse of the models' tests."""

from pathlib import Path

import pytest

from etl.batch.history import History, Kind
from etl.batch.jobs import JobRefused, Words
from etl.batch.models import ModelsJob
from tests.etl.models.conftest import Built


@pytest.fixture(scope="module")
def job(built: Built, tmp_path_factory: pytest.TempPathFactory) -> ModelsJob:
    connection = built.raw.connection
    return ModelsJob(connection, tmp_path_factory.mktemp("job"), History(connection))


def test_a_run_tells_of_each_model_and_is_noted(built: Built, job: ModelsJob) -> None:
    told: list[Words] = []
    outcome = job({"select": ["customer_rfm"], "origin": "schedule"}, told.append)
    assert outcome["good"]
    assert ("customer_rfm", "success") in {(node["node"], node["status"]) for node in told}
    noted = built.query("select kind, origin, result, detail from pipeline.run order by started_at desc limit 1")
    assert noted == [("selected models", "schedule", "good", "customer_rfm")]
    # The worker's schedule and the checks ask when all of them were brought up to date.
    assert History(built.raw.connection).last_start(Kind.MODELS) is None


def test_a_selection_of_nothing_is_refused(built: Built, job: ModelsJob) -> None:
    with pytest.raises(JobRefused, match="no model is selected by no_such_model"):
        job({"select": ["no_such_model"]}, print)
    assert built.query("select result from pipeline.run order by started_at desc limit 1") == [("failed",)]


def test_a_model_that_fails_is_named(built: Built, job: ModelsJob) -> None:
    built.query("alter view raw.suppliers rename to suppliers_away")
    try:
        outcome = job({"select": ["dim_products", "dim_customers"]}, print)
    finally:
        built.query("alter view raw.suppliers_away rename to suppliers")
    assert not outcome["good"]
    assert [node["node"] for node in outcome["nodes"] if node["fault"]] == ["dim_products"]
    assert built.query("select detail from pipeline.run order by started_at desc limit 1") == [
        ("not built: dim_products",)
    ]


def test_the_documentation_is_one_page(job: ModelsJob, tmp_path: Path) -> None:
    outcome = job.document({"to": str(tmp_path / "models.html")}, print)
    page = Path(outcome["to"]).read_text()
    assert "customer_lifetime_value" in page
    assert "Revenue and gross margin, a row for each month" in page
    assert [path.name for path in tmp_path.iterdir()] == ["models.html"]
    with pytest.raises(JobRefused, match="there is no folder"):
        job.document({"to": str(tmp_path / "none" / "models.html")}, print)
