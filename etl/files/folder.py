"""Which files of a folder are to be loaded, and in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from etl.files.faults import Fault, LoadRefused, nearest

SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True)
class TableFile:
    """A file with rows of one table."""

    path: Path
    table: sa.Table

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.path.name


@dataclass(frozen=True)
class FolderContent:
    """The files to load, rows that others point to first, and the names of those that are no tables."""

    files: tuple[TableFile, ...]
    ignored: tuple[str, ...]


def read_folder(folder: Path, tables: Sequence[sa.Table]) -> FolderContent:
    """Find the file of each table; `tables` are in the order in which they can be loaded.

    Folders, hidden files and files of other kinds are left alone, but not those that look like a table's.
    """
    paths = sorted(path for path in _listed(folder) if not path.name.startswith(".") and not path.is_dir())
    names = [table.name for table in tables]
    found: dict[str, Path] = {}
    ignored: list[str] = []
    for path in paths:
        name = _table_name(path, names)
        if name is None:
            ignored.append(path.name)
        elif name in found:
            raise LoadRefused(Fault(path.name, f"{found[name].name} is there as well: keep one of the two"))
        elif path.exists() and not path.is_file():
            # A pipe or a device would be read for ever.
            raise LoadRefused(Fault(path.name, "is neither a file nor a link to one"))
        else:
            found[name] = path
    if not found:
        raise LoadRefused(
            Fault(str(folder), f"has no file to load: files are named after tables, such as {names[0]}.csv.gz")
        )
    return FolderContent(
        tuple(TableFile(found[table.name], table) for table in tables if table.name in found), tuple(ignored)
    )


def _listed(folder: Path) -> list[Path]:
    """List the folder."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        raise LoadRefused(Fault(str(folder), "there is no such folder")) from None
    except NotADirectoryError:
        raise LoadRefused(Fault(str(folder), "is a file: name the folder that it lies in")) from None
    except OSError as error:
        raise LoadRefused(Fault(str(folder), f"cannot be read: {error.strerror}")) from None


def _table_name(path: Path, names: Iterable[str]) -> str | None:
    """Return the table that a file is named after, None for a file that has nothing to do with tables."""
    names = list(names)
    suffix = next((suffix for suffix in reversed(SUFFIXES) if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        if path.name.partition(".")[0].lower() in names:
            raise LoadRefused(Fault(path.name, f"only files that end in {' or '.join(SUFFIXES)} can be loaded"))
        return None
    name = path.name[: -len(suffix)]
    if name not in names:
        raise LoadRefused(
            Fault(path.name, f"there is no table {name}{nearest(name, names)} (tables: {', '.join(sorted(names))})")
        )
    return name
