"""Personal data: every field of it is behind a right that is withheld when in doubt."""

from security.roles import SENSITIVE, is_sensitive
from tests.model.world import GRAPH


def test_all_personal_data_is_behind_sensitive_rights() -> None:
    needed = {
        (model.name, field.read or model.rows.capability)
        for model in GRAPH
        for field in model.fields.values()
        if field.pii
    }
    assert ("Customer", "customers.pii:read") in needed
    assert {capability for _, capability in needed} <= set(SENSITIVE)
    assert all(is_sensitive(capability) for _, capability in needed)
