"""Logs: one form for everything, and no data of customers in them."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app import logs
from app.settings import Settings
from security.errors import Unavailable

CPF = "529.982.247-25"
FAULT = (ValueError(f"duplicate key: {CPF}"), KeyError(CPF))


class Written:
    """What the log wrote to standard error in this test."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self._read = ""

    @property
    def text(self) -> str:
        self._read += self._capture.readouterr().err
        return self._read

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Written(capsys)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def configure(**values: Any) -> Any:
    logs.configure(Settings(**values))
    return structlog.stdlib.get_logger("test")


def caught(error: Exception, cause: Exception | None = None) -> Exception:
    """Return the exception as it is after it was raised and caught."""

    def fail_with_data() -> None:
        raise error from cause

    try:
        fail_with_data()
    except type(error) as found:
        return found
    raise AssertionError


def test_an_event_is_one_line_of_json(written: Written) -> None:
    configure().info("loaded", rows=3, note="two\nlines")
    (line,) = written.lines
    assert (line["event"], line["rows"], line["note"], line["level"]) == ("loaded", 3, "two\nlines", "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_form(written: Written) -> None:
    configure()
    logging.getLogger("resolvers.answers").error("internal fault", extra={"fault": "abc", "sqlstate": "23505"})
    logging.getLogger("uvicorn.error").warning("Invalid request", extra={"color_message": "x"})
    fault, warning = written.lines
    assert (fault["event"], fault["fault"], fault["sqlstate"]) == ("internal fault", "abc", "23505")
    assert (warning["logger"], warning["level"]) == ("uvicorn.error", "warning")
    assert "color_message" not in warning


def test_what_libraries_say_of_their_everyday_work_is_left_out(written: Written) -> None:
    configure()
    logging.getLogger("uvicorn.error").info("Started server process [1]")
    assert written.lines == []


def test_the_level_is_a_setting(written: Written) -> None:
    log = configure(log_level="warning")
    log.info("not this")
    logging.getLogger("library").info("nor this")
    log.warning("this")
    assert [line["event"] for line in written.lines] == ["this"]


def test_of_an_exception_type_and_place_are_logged_and_not_what_it_says(written: Written) -> None:
    log = configure()
    log.error("fault", exc_info=caught(*FAULT))
    (line,) = written.lines
    described = line["exception"]
    assert (described["type"], described["cause"]["type"]) == ("builtins.ValueError", "builtins.KeyError")
    assert "fail_with_data" in described["frames"][-1]
    assert CPF not in written.text


def test_neither_do_libraries_tell_what_an_exception_says(written: Written) -> None:
    configure()
    error = caught(*FAULT)
    for name, text in (("asyncio", f"Task exception was never retrieved\n{error!r}"), ("uvicorn.error", "In an app\n")):
        logging.getLogger(name).error(text, exc_info=error)
    assert [line["event"] for line in written.lines] == [
        "Task exception was never retrieved",
        "In an app",
    ]
    assert CPF not in written.text


def test_operators_can_ask_for_what_exceptions_say(written: Written) -> None:
    log = configure(log_level="debug")
    log.error("fault", exc_info=caught(*FAULT))
    assert written.lines[0]["exception"]["message"] == f"duplicate key: {CPF}"


def test_our_own_refusals_are_told_in_full(written: Written) -> None:
    log = configure()
    log.error("fault", exc_info=caught(Unavailable("The database is busy.")))
    assert written.lines[0]["exception"]["message"] == "The database is busy."


def test_the_parts_of_a_group_are_described(written: Written) -> None:
    configure().error("fault", exc_info=ExceptionGroup("several", [ValueError(CPF), TypeError(CPF)]))
    parts = written.lines[0]["exception"]["parts"]
    assert [part["type"] for part in parts] == ["builtins.ValueError", "builtins.TypeError"]
    assert CPF not in written.text


def test_no_folder_of_the_machine_is_told(written: Written) -> None:
    log = configure()
    try:
        json.loads("{")
    except ValueError as error:
        log.error("fault", exc_info=error)  # noqa: TRY400 - structlog's, with the exception given
    frames = written.lines[0]["exception"]["frames"]
    assert frames
    assert not any(frame.startswith("/") for frame in frames)


def test_what_json_cannot_hold_is_logged_all_the_same(written: Written) -> None:
    configure().info("odd", half="\ud800", huge=10**30, thing=object)
    (line,) = written.lines
    assert line["huge"] == 10**30


def test_on_a_terminal_it_is_for_people(written: Written) -> None:
    log = configure(log_format="console")
    log.error("fault", exc_info=caught(*FAULT), rows=3)
    text = written.text
    assert "fault" in text
    assert "rows" in text
    assert "builtins.ValueError" in text
    assert CPF not in text
    assert not text.startswith("{")
