"""The worker answers queries of other processes: on a socket beside the file, bounded, read-only."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import duckdb
import pyarrow as pa

from etl.warehouses.duckdb.address import Listening, listening
from etl.warehouses.duckdb.guard import close_off
from etl.warehouses.duckdb.reading import Reading
from schema.warehouse_wire import FRAME_LIMIT, Fault, Frame, Query, WireFault, encode_frame, read_frame

Result = TypeVar("Result")

# Seconds in which a reader has to say what it asks, and between two tries to interrupt a query.
_ASKING: Final = 5.0
_PAUSE: Final = 0.02


@dataclass(frozen=True)
class ServiceLimits:
    """What all readers may take together, and one at the most.

    `running` queries run at a time and `waiting` more wait for their turn; others are told that the warehouse is busy.
    `seconds` bound a query from its arrival to its last byte, waiting included.
    """

    running: int = 4
    waiting: int = 64
    seconds: float = 300.0


_LIMITS: Final = ServiceLimits()


@contextmanager
def serve_queries(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    limits: ServiceLimits = _LIMITS,
    folders: Sequence[Path] = (),
) -> Iterator[None]:
    """Answer queries on an open DuckDB, beside its file `database`, for the time of the block.

    Runs in a thread of its own. First the database is closed off, for good, from everything outside it but files in
    the `folders` (`close_off`).
    At the end of the block queries that are running are given up.
    """
    close_off(connection, folders)
    with listening(database) as place:
        started: Future[Callable[[], object]] = Future()
        service = _serve(connection, place, limits, started)
        thread = threading.Thread(target=asyncio.run, args=(service,), name="warehouse-service")
        thread.start()
        stop = started.result()
        try:
            yield
        finally:
            stop()
            thread.join()


async def _serve(
    connection: duckdb.DuckDBPyConnection,
    place: Listening,
    limits: ServiceLimits,
    started: Future[Callable[[], object]],
) -> None:
    """Serve until what `started` is given is called."""
    service, stopped = QueryService(connection, place.token, limits), asyncio.Event()
    server = await asyncio.start_server(service.answer, sock=place.socket)
    started.set_result(partial(asyncio.get_running_loop().call_soon_threadsafe, stopped.set))
    await stopped.wait()
    server.close()
    await service.close()


class QueryService:
    """Answers queries on one loop; DuckDB runs them in threads, each on a cursor of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, token: str | None, limits: ServiceLimits) -> None:
        self._connection = connection
        self._token = token
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.running)
        self._present = 0
        self._threads = ThreadPoolExecutor(limits.running, thread_name_prefix="warehouse-query")
        self._connected: set[asyncio.Task[None]] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, whatever comes from it."""
        task = asyncio.ensure_future(self._answer(reader, writer))
        self._connected.add(task)
        try:
            # The task itself says what went wrong; `close` may cancel it.
            await asyncio.wait({task})
        finally:
            self._connected.discard(task)
            writer.close()

    async def close(self) -> None:
        """Give up what is running, and let the threads go."""
        for task in self._connected:
            task.cancel()
        if self._connected:
            await asyncio.wait(self._connected)
        self._threads.shutdown()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            query = await asyncio.wait_for(self._asked(reader), _ASKING)
            await self._while_connected(reader, self._within_time(query, writer))
        except WireFault as fault:
            await _say(writer, Frame.ERROR, fault.encode())
        except (OSError, EOFError, TimeoutError):
            pass  # Whoever asked is gone, or never asked.

    async def _while_connected(self, reader: asyncio.StreamReader, answering: Coroutine[None, None, None]) -> None:
        work = asyncio.ensure_future(answering)
        # Nothing more is to come: a read that ends says that the reader has gone.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.wait({work})
        if not work.cancelled():
            work.result()

    async def _asked(self, reader: asyncio.StreamReader) -> Query:
        frames = [await read_frame(reader), await read_frame(reader)]
        if [kind for kind, _ in frames] != [Frame.QUERY, Frame.PARAMETERS]:
            raise WireFault(Fault.REFUSED, "a query comes before anything else")
        return Query.decode(frames[0][1], frames[1][1], self._token)

    async def _within_time(self, query: Query, writer: asyncio.StreamWriter) -> None:
        seconds = min(query.seconds, self._limits.seconds)
        try:
            async with asyncio.timeout(seconds), self._turn():
                await self._run(query, writer)
        except TimeoutError:
            raise WireFault(
                Fault.TIMEOUT, f"the query was ended after {seconds:g} s: ask for less, or allow more time"
            ) from None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._present >= self._limits.running + self._limits.waiting:
            raise WireFault(Fault.BUSY, "the warehouse has too many queries at the moment: try again")
        self._present += 1
        try:
            async with self._turns:
                yield
        finally:
            self._present -= 1

    async def _run(self, query: Query, writer: asyncio.StreamWriter) -> None:
        reading = Reading(self._connection, query)
        try:
            sent = _Sent()
            schema = await self._in_thread(reading, reading.start)
            fetch = partial(next, reading.batches(), None)
            with pa.ipc.new_stream(sent, schema) as stream:
                await _say(writer, Frame.DATA, sent.take())
                while (batch := await self._in_thread(reading, fetch)) is not None:
                    stream.write_batch(batch)
                    await _say(writer, Frame.DATA, sent.take())
            await _say(writer, Frame.DATA, sent.take())
            await _say(writer, Frame.END, b"")
        finally:
            reading.close()

    async def _in_thread(self, reading: Reading, step: Callable[[], Result]) -> Result:
        """Take a step of a query; when it is given up meanwhile, wait until DuckDB has let go of it."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, step)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                reading.interrupt()
                await asyncio.wait({future}, timeout=_PAUSE)
            future.exception()
            raise


class _Sent:
    """Where Arrow writes its stream, to be taken away in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0
        self.closed = False

    def write(self, piece: bytes) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


async def _say(writer: asyncio.StreamWriter, frame: Frame, content: bytes) -> None:
    """Send content, in several frames where it is long; returns once the reader has taken nearly all of it."""
    for start in range(0, len(content) or 1, FRAME_LIMIT):
        writer.write(encode_frame(frame, content[start : start + FRAME_LIMIT]))
        await writer.drain()
