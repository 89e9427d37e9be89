"""Of two workers one writes; the other stands by, takes over, and nothing is there twice."""

from tests.etl.matrix.pair import Pair
from tests.etl.worker.working import Work
from tests.servers import wait_until


def test_the_second_takes_over_and_goes_on_where_the_first_was(pair: Pair) -> None:
    first = pair.work
    assert first is not None
    second = Work(pair.source, pair.path, pair.shapes)
    second.start()
    wait_until("the second stands by", lambda: second.pipeline.standing.phase == "standby")
    pair.run(*(f"update things set n = {number} where id = 1" for number in range(30)))
    terminate = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gateway etl'"
    pair.run(f"{terminate} and pid in (select pid from pg_locks where locktype = 'advisory' and granted)")
    pair.run(*(f"update things set n = {number} where id = 2" for number in range(30)))
    wait_until("one of them streams", lambda: _streaming(first, second) == 1)
    pair.in_step()
    log = pair.query("select _key, n from raw.things__log where _op = 2 order by _commit_lsn, _seq")
    assert log == [(1, number) for number in range(30)] + [(2, number) for number in range(30)]
    second.stop()


def _streaming(*works: Work) -> int:
    return sum(work.pipeline.standing.phase == "streaming" for work in works)
