"""The PostgreSQL cluster on disk: made whole or not at all, with its roles, its database and its settings."""

import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from app.embedded.files import new_password, replace_file, sync_folder
from app.embedded.folder import DataFolder
from app.embedded.identity import Identity
from app.embedded.postgres_settings import SYNC_METHOD, PostgresTuning
from app.embedded.process import spawn
from app.errors import StartError

OWNER_ROLE = "cienty"
SERVING_ROLE = "gateway"
DATABASE = "cienty"
# The files that hold the two roles' passwords.
OWNER_SECRET = "postgres-owner"  # noqa: S105 - a file's name
SERVING_SECRET = "postgres-gateway"  # noqa: S105 - a file's name
_PATIENCE = 120.0
_LEFTOVER_SECONDS = 5.0
_PAUSE = 0.05
_FAULT = re.compile("rror:|FATAL:|PANIC:|could not|launch:")

# macOS knows no C.UTF-8.
_LIBRARY_LOCALE = ["--locale=C", "--lc-ctype=UTF-8"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]


class Cluster:
    """The cluster of one data folder."""

    def __init__(self, folder: DataFolder, identity: Identity, tuning: PostgresTuning) -> None:
        self.data = folder.postgres / "data"
        self._folder = folder
        self._identity = identity
        self._tuning = tuning

    def prepare(self, report: Callable[[str], None]) -> None:
        """Make the cluster unless it is there, and passwords that were lost; safe to be killed anywhere."""
        self._remove_unfinished()
        passwords = {name: self._folder.secret(name) for name in (OWNER_SECRET, SERVING_SECRET)}
        if not self.data.exists():
            report("creating the PostgreSQL cluster")
            self._create({name: found or new_password() for name, found in passwords.items()})
        elif None in passwords.values():
            report("setting new passwords in PostgreSQL, because the files with the old ones are gone")
            fresh = {name: new_password() for name in passwords}
            self._single_user(self.data, _password_statements(fresh))
            self._keep(fresh)

    def _remove_unfinished(self) -> None:
        deadline = time.monotonic() + _LEFTOVER_SECONDS
        while unfinished := list(self._folder.postgres.glob("new-*")):
            for folder in unfinished:
                shutil.rmtree(folder, ignore_errors=True)
            # Processes of an initdb that was killed may go on writing for a moment.
            if time.monotonic() > deadline:
                break
            time.sleep(_PAUSE)

    def _create(self, passwords: dict[str, str]) -> None:
        scratch = self._folder.postgres / f"new-{secrets.token_hex(4)}"
        self._identity.take_over(scratch)
        options: list[str] = ["-U", OWNER_ROLE, "--auth-host=scram-sha-256", "--auth-local=reject"]
        # What is made is brought to disk at the end, at once.
        options += ["--encoding=UTF8", "--no-instructions", "--no-sync"]
        # The built-in provider sorts and folds alike on every system; full-text search still asks the C
        # library what a letter is, and under plain C a dash between two words would be one.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *_LIBRARY_LOCALE]
        if not self._tuning.durable:
            options.append("--wal-segsize=4")
        self._run(scratch, [self._identity.binaries.initdb, *options])
        statements = _creation_statements() + _password_statements(passwords)
        self._single_user(scratch, statements, "-c", "fsync=off")
        if self._tuning.durable:
            self._run(scratch, [self._identity.binaries.initdb, "--sync-only", f"--sync-method={SYNC_METHOD}"])
        # Before the cluster counts as made, or its passwords would be lost with a kill between the two.
        self._keep(passwords)
        scratch.rename(self.data)
        sync_folder(self._folder.postgres)

    def _keep(self, passwords: dict[str, str]) -> None:
        for name, password in passwords.items():
            replace_file(self._folder.secrets / name, password + "\n")

    def _single_user(self, data: Path, statements: list[str], *settings: str) -> None:
        """Run statements in a process of PostgreSQL that listens nowhere; it reads one from each line."""
        options = ["--single", "-c", "exit_on_error=true", *settings]
        self._run(data, [self._identity.binaries.postgres, *options], ["postgres"], "\n".join(statements) + "\n")

    def _run(self, data: Path, command: Sequence[str | Path], rest: Sequence[str] = (), source: str = "") -> None:
        program = Path(command[0]).name
        with ExitStack() as stack:
            reach, descriptors = stack.enter_context(self._identity.reaching(data))
            child = spawn(
                [*command, "-D", reach, *rest],
                switch=self._identity.switch,
                death_signal=signal.SIGKILL,
                output=subprocess.PIPE,
                source=subprocess.PIPE,
                descriptors=descriptors,
            )
            stack.callback(child.kill)
            try:
                said, _ = child.communicate(source.encode(), timeout=_PATIENCE)
            except subprocess.TimeoutExpired as error:
                raise StartError(f"{program} did not end within {_PATIENCE:.0f} s; is the disk too slow?") from error
        if child.returncode != 0:
            lines = said.decode(errors="replace").strip().splitlines()
            faults = [line for line in lines if _FAULT.search(line)] or lines[-1:]
            reason = faults[-1] if faults else f"{program} ended with status {child.returncode}"
            raise StartError(f"the PostgreSQL cluster in {self._folder.postgres} could not be made: {reason}")


def _creation_statements() -> list[str]:
    return [
        f"create role {SERVING_ROLE} login nosuperuser nobypassrls nocreatedb nocreaterole noreplication",
        f"create database {DATABASE} owner {OWNER_ROLE}",
        f"revoke all on database {DATABASE}, postgres, template1 from public",
        f"grant connect on database {DATABASE} to {SERVING_ROLE}",
    ]


def _password_statements(passwords: dict[str, str]) -> list[str]:
    roles = {OWNER_SECRET: OWNER_ROLE, SERVING_SECRET: SERVING_ROLE}
    return [f"alter role {roles[name]} password '{password}'" for name, password in passwords.items()]
