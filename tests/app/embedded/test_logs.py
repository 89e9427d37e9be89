"""Log files of servers stay small, and tell why a server ended."""

import os
from pathlib import Path

from app.embedded.logs import ServerLog


def write(log: ServerLog, text: str) -> None:
    descriptor = log.open()
    os.write(descriptor, text.encode())
    os.close(descriptor)


def test_a_small_file_is_continued(tmp_path: Path) -> None:
    log = ServerLog(tmp_path, "server")
    write(log, "one\n")
    write(log, "two\n")
    assert log.path.read_text() == "one\ntwo\n"
    assert log.since_start() == "two"


def test_large_files_are_moved_aside_and_forgotten(tmp_path: Path) -> None:
    for number in range(7):
        write(ServerLog(tmp_path, "server"), str(number) * 1_100_000)
    kept = {file.name: file.read_text()[0] for file in tmp_path.iterdir()}
    assert kept == {"server.log": "6", "server.log.1": "5", "server.log.2": "4", "server.log.3": "3"}


def test_others_cannot_read_it(tmp_path: Path) -> None:
    log = ServerLog(tmp_path, "server")
    write(log, "one\n")
    assert log.path.stat().st_mode & 0o077 == 0


def test_the_gravest_line_is_the_reason(tmp_path: Path) -> None:
    log = ServerLog(tmp_path, "server")
    write(log, "LOG:  starting\nFATAL:  disk full\nLOG:  shut down\n")
    assert log.reason() == "FATAL:  disk full"
    write(log, "PANIC:  disk full\nFATAL:  the database system is starting up\nLOG:  shut down\n")
    assert log.reason() == "PANIC:  disk full"
    write(log, "LOG:  starting\nLOG:  killed\n")
    assert log.reason() == "LOG:  killed"
    write(log, "")
    assert log.reason() == "it left no message"
