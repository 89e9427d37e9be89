"""Personal data: every field of it is behind a right that is withheld when in doubt."""

from security.roles import SENSITIVE, is_sensitive
from tests.model.world import GRAPH


def test_all_personal_data_is_behind_sensitive_rights() -> None:
    marked = [(model.name, field) for model in GRAPH for field in model.fields.values() if field.pii]
    assert {field.read for _, field in marked} <= set(SENSITIVE)
    assert ("Customer", "customers.pii:read") in {(name, field.read) for name, field in marked}
    assert [field.name for _, field in marked if field.read is None or not is_sensitive(field.read)] == []
