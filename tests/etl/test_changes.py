"""What lands, as derived from the declarations."""

import pyarrow as pa
import pytest
import sqlalchemy as sa

from etl.changes import META, arrow_type, table_shapes
from schema.entities import ENTITIES

SHAPES = {shape.table: shape for shape in table_shapes(ENTITIES)}


def test_every_entity_that_lands_has_a_shape() -> None:
    assert set(SHAPES) == {entity.__table__.name for entity in ENTITIES if entity.__declaration__.warehouse}


def test_an_orders_columns_are_typed_as_they_land() -> None:
    own = SHAPES["orders"].own
    assert own.field("id").type == pa.int64()
    assert own.field("customer_id").type == pa.int64()
    assert own.field("total").type == pa.decimal128(14, 2)
    assert own.field("order_date").type == pa.timestamp("us", "UTC")
    assert own.field("status").type == pa.string()
    assert SHAPES["suppliers"].own.field("contact_info").type == pa.string()
    assert SHAPES["customer_interactions"].own.field("resolved").type == pa.bool_()


def test_copies_for_row_policies_do_not_land() -> None:
    assert not any(name.startswith("policy_") for shape in SHAPES.values() for name in shape.names)


def test_the_layout_and_personal_data_follow_the_declaration() -> None:
    assert (SHAPES["orders"].partition, SHAPES["orders"].cluster) == ("order_date", ("customer_id",))
    personal = {column.name for column in SHAPES["customers"].columns if column.personal}
    assert personal == {"cnpj", "email", "phone", "address"}


def test_records_have_the_meta_columns_first() -> None:
    assert SHAPES["orders"].records.names[: len(META.names)] == META.names
    assert SHAPES["orders"].records.names[len(META.names)] == "id"


def test_a_type_without_a_counterpart_is_refused() -> None:
    with pytest.raises(TypeError, match="no Arrow type"):
        arrow_type(sa.LargeBinary())
