"""Logs: one line an event on standard error, JSON or, on a terminal, for people.

No line has personal data in it. What an exception says may quote a row or an argument, so of an exception its type
and its place in the code are logged, and what it says only under `GATEWAY_LOG_LEVEL=debug`.
"""

import asyncio
import datetime as dt
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.types import EventDict, ExcInfo, Processor, WrappedLogger

from app.settings import Settings
from security.errors import GatewayError

# What the libraries say at their own `info` is not about requests and not for operators.
_QUIETER: Final = ("uvicorn", "asyncio", "alembic", "httpx")
_MAX_FRAMES: Final = 30
_MAX_PARTS: Final = 5
_LINE: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id")
"""The id of the request that is being answered; everything that is logged meanwhile has it."""

_REQUESTS: Final = structlog.stdlib.get_logger("app.request")
_lines: "_Lines | None" = None


class _Lines:
    """Writes lines to a stream, those of one turn of the event loop at once: each write is a system call."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[bytes] = []

    def add(self, line: bytes) -> None:
        """Write a line before the event loop waits again; outside of a loop now."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        text, self._waiting = b"".join(self._waiting), []
        # A stream of text may stand in for the real one.
        buffer = getattr(self._stream, "buffer", None)
        if buffer is None:
            self._stream.write(text.decode())
        else:
            self._stream.flush()
            buffer.write(text)
        self._stream.flush()


def configure(settings: Settings) -> None:
    """Send what the gateway and its libraries log to standard error, in one form."""
    global _lines  # noqa: PLW0603  # a process has one log
    with_messages = settings.log_level == "debug"
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    _lines = _Lines(sys.stderr) if not console and settings.log_level in ("debug", "info") else None
    shared: list[Processor] = [
        _with_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions(with_messages, as_text=console),
    ]
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else _json
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), _plain, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIETER:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def note_request(line: dict[str, Any]) -> None:
    """Log that a request was answered; in JSON without structlog, which takes ten times as long for the same line."""
    if _lines is None:
        _REQUESTS.info("request", **line)
        return
    line["event"] = "request"
    line["request_id"] = REQUEST_ID.get(None)
    line["level"] = "info"
    line["timestamp"] = dt.datetime.now(dt.UTC)
    _lines.add(_line(line))


def flush() -> None:
    """Write what waits, where the event loop ends."""
    if _lines is not None:
        _lines.flush()


def describe(error: BaseException, *, with_message: bool, depth: int = 5) -> dict[str, Any]:
    """Return an exception's type, SQLSTATE and frames, those of its causes too, and what it says where asked for."""
    described: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    if isinstance(sqlstate := getattr(error, "sqlstate", None), str):
        described["sqlstate"] = sqlstate
    # What a refusal says was written for its client and has no data in it.
    if with_message or isinstance(error, GatewayError):
        described["message"] = str(error)
    described["frames"] = _frames(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth:
        described["cause"] = describe(cause, with_message=with_message, depth=depth - 1)
    if isinstance(error, BaseExceptionGroup) and depth:
        parts = error.exceptions[:_MAX_PARTS]
        described["parts"] = [describe(part, with_message=with_message, depth=depth - 1) for part in parts]
    return described


def _exceptions(with_messages: bool, *, as_text: bool) -> Processor:
    def replace(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        error = _error(event.pop("exc_info", None))
        if error is not None:
            described = describe(error, with_message=with_messages)
            event["exception"] = _text(described) if as_text else described
        return event

    return replace


def _with_request_id(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    if (request_id := REQUEST_ID.get(None)) is not None:
        event.setdefault("request_id", request_id)
    return event


def _plain(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keep the first line of a library's message: what follows is often the text of an exception."""
    event["event"] = str(event["event"]).strip().partition("\n")[0]
    event.pop("color_message", None)
    return event


def _text(described: Mapping[str, Any]) -> str:
    head = ": ".join(filter(None, (described["type"], described.get("sqlstate"), described.get("message"))))
    related = [described["cause"]] if "cause" in described else described.get("parts", [])
    return "\n".join([head, *(f"  {frame}" for frame in described["frames"]), *map(_text, related)])


def _error(exc_info: ExcInfo | BaseException | bool | None) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_MAX_FRAMES:]
    return [f"{_module_path(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _module_path(filename: str) -> str:
    """Return a file's place without the folders of the machine: from the project or the installed packages on."""
    parts = filename.replace("\\", "/").split("/")
    for anchor in ("site-packages", "lib"):
        if anchor in parts:
            return "/".join(parts[parts.index(anchor) + 1 :])
    return "/".join(parts[-3:])


def _json(_logger: WrappedLogger, _name: str, event: Mapping[str, Any]) -> str:
    return _line(event).decode().removesuffix("\n")


def _line(event: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(event, default=str, option=_LINE)
    except orjson.JSONEncodeError:
        # Half a surrogate pair, a number beyond 64 bits: nothing that was logged is lost for that.
        return json.dumps(event, default=str).encode() + b"\n"
