"""How readers ask the process that owns the embedded warehouse: one query a connection, answered as an Arrow stream.

A frame is a byte that says what it is, four bytes of length (big-endian) and as many bytes of content. A reader sends
`QUERY` and `PARAMETERS`; it gets `DATA` frames, which together are one Arrow IPC stream, then `END`, or at any moment
`ERROR`. Closing the connection earlier gives the query up. The owner listens on a Unix socket beside the database's
file; where there can be none, on a port of the loopback address that a private file tells, together with a token.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, Self

import pyarrow as pa

VERSION: Final = 1
FRAME_LIMIT: Final = 64 * 2**20
"""Bytes that a frame may have; longer content is sent in several `DATA` frames."""

# What the address of a Unix socket can hold on every system that has them, with its end.
_SOCKET_PATH_LIMIT: Final = 103
_HEAD: Final = struct.Struct(">cI")


class Frame(Enum):
    """What a frame is."""

    QUERY = b"Q"
    PARAMETERS = b"P"
    DATA = b"D"
    END = b"Z"
    ERROR = b"E"


class Fault(StrEnum):
    """Why there is no answer, or no whole one."""

    REFUSED = "refused"
    """The statement is not one that may be asked."""
    BAD_QUERY = "bad_query"
    """It is wrong, or fails on the rows that are there."""
    TOO_LARGE = "too_large"
    """The result has more rows or bytes than the query allowed."""
    TIMEOUT = "timeout"
    """The query took longer than it allowed."""
    BUSY = "busy"
    """Too many queries are running or waiting."""
    UNAVAILABLE = "unavailable"
    """The warehouse has a problem of its own, or stops."""


class WireFault(Exception):
    """A query that was not answered. The message may quote what the query or the rows say: for its author only."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message

    def encode(self) -> bytes:
        """Return the content of the `ERROR` frame."""
        return json.dumps({"fault": self.fault, "message": self.message}).encode()

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Return what an `ERROR` frame says."""
        said = json.loads(content)
        return cls(Fault(said["fault"]), said["message"])


@dataclass(frozen=True)
class Query:
    """What a reader asks, with named `parameters` (`$name` in the SQL), and what it takes.

    That is `rows`, the `size` of the result in bytes, and `seconds` from asking to the last byte.
    """

    sql: str
    parameters: pa.RecordBatch
    rows: int
    size: int
    seconds: float

    def encode(self, token: str | None) -> bytes:
        """Return the two frames that ask this."""
        said = {"version": VERSION, "token": token} | {
            name: value for name, value in asdict(self).items() if name != "parameters"
        }
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.parameters.schema) as stream:
            stream.write_batch(self.parameters)
        return encode_frame(Frame.QUERY, json.dumps(said).encode()) + encode_frame(
            Frame.PARAMETERS, sink.getvalue().to_pybytes()
        )

    @classmethod
    def decode(cls, query: bytes, parameters: bytes, token: str | None) -> Self:
        """Return what two frames ask; `WireFault` where they are no query or lack the token."""
        try:
            said = json.loads(query)
            bound = pa.ipc.open_stream(parameters).read_next_batch()
            found = cls(str(said["sql"]), bound, int(said["rows"]), int(said["size"]), float(said["seconds"]))
        except (ValueError, KeyError, TypeError, StopIteration, pa.ArrowException):
            raise WireFault(Fault.REFUSED, "this is no query of the warehouse's protocol") from None
        if said.get("version") != VERSION or said.get("token") != token:
            raise WireFault(Fault.REFUSED, "another version of the gateway owns the warehouse, or the token is wrong")
        return found


def bind(parameters: Mapping[str, Any]) -> pa.RecordBatch:
    """Return values as one row of named columns, each with the Arrow type of its Python type."""
    # A row of no columns has no length: there is always one, which no query names.
    return pa.RecordBatch.from_pylist([{"": None, **parameters}])


def bound(parameters: pa.RecordBatch) -> dict[str, Any]:
    """Return the values that `bind` was given."""
    row: dict[str, Any] = parameters.to_pylist()[0]
    return {name: value for name, value in row.items() if name}


def encode_frame(frame: Frame, content: bytes) -> bytes:
    """Return a frame as it is sent."""
    return _HEAD.pack(frame.value, len(content)) + content


class Source(Protocol):
    """Something that bytes come from, such as `asyncio.StreamReader`."""

    async def readexactly(self, n: int, /) -> bytes:
        """Return as many bytes."""


async def read_frame(source: Source) -> tuple[Frame, bytes]:
    """Return the next frame; `WireFault` when what comes is none."""
    head = await source.readexactly(_HEAD.size)
    kind, length = _HEAD.unpack(head)
    if kind not in {frame.value for frame in Frame} or length > FRAME_LIMIT:
        raise WireFault(Fault.REFUSED, "this is not the warehouse's protocol")
    return Frame(kind), await source.readexactly(length)


def socket_of(database: Path) -> Path:
    """Return where the owner of a database's file listens."""
    return database.with_name(f"{database.name}.sock")


def port_file_of(database: Path) -> Path:
    """Return the file that tells the port and the token, where there can be no socket."""
    return database.with_name(f"{database.name}.port.json")


def can_be_socket(path: Path) -> bool:
    """Tell whether a Unix socket can have this address: it may not be long."""
    return len(str(path).encode()) <= _SOCKET_PATH_LIMIT
