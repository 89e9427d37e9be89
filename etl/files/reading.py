"""CSV as files hold it: records with the lines on which they stand, whatever is quoted in them."""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from etl.files.faults import Fault, LoadRefused

_LONGEST_CELL = 16 * 1024 * 1024
_LONGEST_RECORD = 2 * _LONGEST_CELL
_TOO_LONG = "record too long"
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Record:
    """The cells of one record, and the line on which it begins."""

    line: int
    cells: list[str]

    def line_of(self, position: int) -> int:
        """Return the line on which a cell begins, which is a later one after cells with line breaks."""
        return self.line + sum(len(_LINE_END.findall(cell)) for cell in self.cells[:position])


class CsvFile:
    """An open file: its first record is the header, the others are rows."""

    def __init__(self, name: str, raw: BinaryIO, text: io.TextIOBase) -> None:
        self.name = name
        self._raw = raw
        self._length = 0
        self._reader = csv.reader(self._lines(text), strict=True)
        header = next(self._records(), None)
        if header is None:
            raise LoadRefused(Fault(name, "is empty: the first line names the columns"))
        self.header: Sequence[str] = header.cells

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return os.fstat(self._raw.fileno()).st_size

    @property
    def position(self) -> int:
        """How many bytes of the file were read so far."""
        return self._raw.tell()

    def rows(self) -> Iterator[Record]:
        """Yield the rows in turn; each has as many cells as the header. Lines without anything are no rows."""
        width = len(self.header)
        for record in self._records():
            if len(record.cells) != width:
                raise LoadRefused(
                    Fault(self.name, f"{len(record.cells)} cells, where the header names {width}", line=record.line)
                )
            yield record

    def _lines(self, text: io.TextIOBase) -> Iterator[str]:
        """Yield the lines, as long as the record that they make fits into memory: little unpacks to very much."""
        while line := text.readline(_LONGEST_RECORD + 1 - self._length):
            self._length += len(line)
            if self._length > _LONGEST_RECORD:
                raise csv.Error(_TOO_LONG)
            yield line

    def _records(self) -> Iterator[Record]:
        """Yield what the file holds, faults of the file itself told as such."""
        line = self._reader.line_num + 1
        try:
            for cells in self._reader:
                self._length = 0
                if cells:
                    yield Record(line, cells)
                line = self._reader.line_num + 1
        except csv.Error as error:
            raise LoadRefused(_quoting_fault(self.name, line, str(error))) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = f"is damaged or not complete, copy it again ({error})"
            raise LoadRefused(Fault(self.name, reason, line=line)) from None
        except OSError as error:
            raise LoadRefused(Fault(self.name, f"cannot be read: {error.strerror or error}", line=line)) from None


@contextmanager
def open_csv(path: Path) -> Iterator[CsvFile]:
    """Open a file, compressed when its name ends in `.gz`; a byte order mark at its start is no part of it."""
    csv.field_size_limit(_LONGEST_CELL)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise LoadRefused(Fault(path.name, f"cannot be read: {error.strerror}")) from None
    with raw:
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if path.name.lower().endswith(".gz") else raw
        # Bytes that are not UTF-8 become half characters here, and a fault of their cell where cells are checked.
        with io.TextIOWrapper(plain, "utf-8-sig", errors="surrogateescape", newline="") as text:
            yield CsvFile(path.name, raw, text)


def _quoting_fault(name: str, line: int, error: str) -> Fault:
    """Say what is wrong with the quotes of the record that begins on a line."""
    if error.startswith("unexpected end of data"):
        return Fault(name, "a quote that is opened in this record is never closed", line=line)
    if error.startswith("field larger than field limit"):
        reason = f"a cell of more than {_LONGEST_CELL // 1024**2} MB, or a quote that is never closed"
        return Fault(name, reason, line=line)
    if error == _TOO_LONG:
        reason = f"a record of more than {_LONGEST_RECORD // 1024**2} MB, or a quote that is never closed"
        return Fault(name, reason, line=line)
    return Fault(name, f"not CSV, a quote within a quoted cell is written twice ({error})", line=line)
