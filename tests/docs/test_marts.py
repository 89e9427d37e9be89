"""The page of the marts names every table of the star and every mart."""

import re

from etl.models.staging import PROJECT
from tests.docs.tree import ROOT


def test_every_mart_has_a_row_of_its_own() -> None:
    page = (ROOT / "docs/marts.md").read_text()
    of_marts = page.split("## The marts")[1].split("What to be careful with")[0]
    rows = re.findall(r"^\| `(\w+)` \|", of_marts, re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (PROJECT / "models/marts").rglob("*.sql"))


def test_every_table_of_the_star_is_named() -> None:
    star = (ROOT / "docs/marts.md").read_text().split("## The marts")[0]
    assert all(f"`{path.stem}`" in star for path in (PROJECT / "models/core").glob("*.sql"))
