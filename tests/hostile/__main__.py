"""Measures, with `python -m tests.hostile`, what tests must not assert: how long refusals take, and others meanwhile.

It starts a gateway of its own. Documents of every shape go one after the other; another client asks for a row all the
time. Then names that are hidden and names that don't exist are asked for in turn, and rows likewise.
"""

import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from app.identity import DevelopmentKey
from resolvers.documents import Documents
from resolvers.pages import Limits
from resolvers.schemas import Schemas
from security.limits import USUAL as USUAL_LIMITS
from security.principal import Principal
from security.roles import ROLES, Role
from tests.app.serving import Gateway, gateway_process
from tests.hostile.shapes import hostile_documents
from tests.model.world import GRAPH, as_id

DOCUMENTS = 500
TURNS = 1_000
USUAL = "{ products(first: 1) { nodes { name manufacturer { name } } } }"


def main() -> None:
    """Print what was measured, in milliseconds."""
    _print("refusals, processor time", _processor_time())
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway_process(Path(folder), "--demo") as gateway,
        gateway.client() as hostile,
        gateway.client() as usual,
        gateway.client(Role.SUPPORT) as support,
    ):
        _ask(hostile, USUAL)
        _print("alone", _while(lambda: time.sleep(3), usual))
        taken: list[float] = []
        others = _while(lambda: taken.extend(_ask(hostile, text) for _, text in hostile_documents(DOCUMENTS)), usual)
        _print("hostile documents", taken)
        _print("another client meanwhile", others)
        _in_turn("a hidden name", "paymentTerms", "a name that does not exist", "paymentTermz", support, _named)
        hidden, absent = (as_id(GRAPH["Customer"], {"id": key}) for key in (1, 10**9))
        with httpx.Client(base_url=gateway.url, headers=_customer(gateway), timeout=30) as customer:
            _in_turn("a hidden row", hidden, "a row that does not exist", absent, customer, _row)


def _customer(gateway: Gateway) -> dict[str, str]:
    """Return the header by which a pharmacy signs in."""
    key = DevelopmentKey.of(gateway.settings)
    return {"Authorization": f"Bearer {key.sign(Principal('somebody', frozenset({Role.CUSTOMER}), customer_id=2))}"}


def _processor_time() -> list[float]:
    """Return how long the processor works on each refusal, whatever else the machine does."""
    capabilities = ROLES[Role.ADMIN]
    seen = asyncio.run(Schemas(GRAPH, Limits(50, 1000)).seen_by(capabilities))
    documents, taken = Documents(USUAL_LIMITS), []
    for _, text in hostile_documents(DOCUMENTS):
        begin = time.thread_time()
        documents.prepare(text, None, seen, may_write=True)
        taken.append(1000 * (time.thread_time() - begin))
    return taken


def _named(name: str, turn: int) -> str:
    return f"{{ a{turn}: customers(first: 1) {{ nodes {{ {name} }} }} }}"


def _row(id_: str, _turn: int) -> str:
    return f'{{ customer(id: "{id_}") {{ name }} }}'


def _ask(client: httpx.Client, document: str) -> float:
    begin = time.perf_counter()
    client.post("/graphql", json={"query": document})
    return 1000 * (time.perf_counter() - begin)


def _while(work: Callable[[], object], client: httpx.Client) -> list[float]:
    """Do something, and return how long a usual request takes meanwhile, asked every 10 ms."""
    over, taken = threading.Event(), list[float]()

    def ask() -> None:
        while not over.wait(0.01):
            taken.append(_ask(client, USUAL))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        work()
    finally:
        over.set()
        asking.join()
    return taken


def _in_turn(
    one: str, first: str, other: str, second: str, client: httpx.Client, make: Callable[[str, int], str]
) -> None:
    """Ask for both in turn, and print how often the one took longer than the other: half of the times, if alike."""
    pairs = [(_ask(client, make(first, turn)), _ask(client, make(second, turn))) for turn in range(TURNS)]
    _print(one, (pair[0] for pair in pairs))
    _print(other, (pair[1] for pair in pairs))
    longer = sum(hidden > absent for hidden, absent in pairs) / TURNS
    sys.stdout.write(f"{one} took longer than {other} in {longer:.0%} of {TURNS:,} pairs\n")


def _print(what: str, taken: Iterable[float]) -> None:
    times = sorted(taken)
    p99 = times[int(0.99 * (len(times) - 1))]
    told = f"median {statistics.median(times):.1f}, p99 {p99:.1f}, most {times[-1]:.1f}"
    sys.stdout.write(f"{what:<28}{len(times):>6,} requests: {told}\n")


if __name__ == "__main__":
    main()
