"""A column takes larger values: those that its declaration can't hold wait as dead letters until that is widened."""

import pyarrow as pa

from etl.dead_letters import Retried, retry
from tests.etl.matrix.altering import alter, deploy, shaped
from tests.etl.matrix.pair import Pair


def test_larger_values_wait_until_the_declaration_is_wider(pair: Pair) -> None:
    alter(pair, "alter table things alter n type bigint, alter amount type numeric(20,4)")
    pair.run("update things set n = 6000000000 where id = 1", "update things set amount = 0.0001 where id = 2")
    pair.run("update things set n = 3, amount = 3 where id = 3")
    assert pair.work is not None
    pair.work.caught_up()
    assert pair.query("select id, n from raw.things where id in (1, 3) order by id") == [(1, 1), (3, 3)]
    assert len(pair.work.warehouse.letters("things")) == 2
    work = deploy(pair, shaped(n=pa.int64(), amount=pa.decimal128(20, 4)))
    assert retry(work.warehouse, pair.shapes) == Retried(redeemed=2, left=0)
    pair.in_step()
    assert (work.pipeline.standing.losses, dict(work.warehouse.degraded())) == (0, {})
