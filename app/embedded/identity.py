"""As whom the servers run: PostgreSQL refuses root, so root's servers need another identity."""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.embedded.binaries import Binaries
from app.embedded.process import spawn
from app.errors import StartError

_PATIENCE = 30.0


@dataclass(frozen=True)
class Identity:
    """What `launch.py` has to do before it executes a server, and who owns the server's files."""

    description: str
    switch: str
    binaries: Binaries
    uid: int
    gid: int
    # Whether the server must be given its folder as an open descriptor, because it cannot reach it by name.
    by_descriptor: bool = False

    def take_over(self, folder: Path) -> None:
        """Make the folder, and give it and all in it to the servers' user."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid == self.uid:
            return
        # The folder itself comes last: until then the next start sees that this was not finished.
        for place, folders, files in os.walk(folder, topdown=False):
            for name in (*folders, *files):
                os.chown(Path(place) / name, self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)

    @contextlib.contextmanager
    def reaching(self, folder: Path) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Yield the name by which a server finds the folder, and the descriptors that it has to inherit."""
        if not self.by_descriptor:
            yield folder, ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield Path(f"/proc/self/fd/{descriptor}"), (descriptor,)
        finally:
            os.close(descriptor)


def choose_identity(folder: Path, binaries: Binaries) -> Identity:
    """Return the first identity that is able to run the programs on the data folder.

    For an ordinary user that is this user. For root these are, in this order: `nobody`; root's own files in a
    user namespace in which this is no root, where `nobody` cannot reach the data folder or the programs;
    `nobody` with a copy of the programs and the data folder as an open descriptor, where namespaces are
    forbidden (as in most containers). Modes and owners of folders above the data folder are never changed.
    """
    refusals = []
    for name, make in _candidates(folder, binaries):
        try:
            identity = make()
            # Tried before anything is changed, except by the one that has to copy for it.
            with identity.reaching(folder / "postgres" if identity.by_descriptor else folder) as (reach, descriptors):
                _try(identity, reach, descriptors)
            identity.take_over(folder / "postgres")
        except OSError as error:
            refusals.append(f"{name}: {error.strerror or error}")
        else:
            return identity
    tried = "; ".join(refusals)
    if os.geteuid() != 0:
        raise StartError(
            f"PostgreSQL does not run as the user with id {os.geteuid()} ({tried}): its programs must be allowed"
            " to run where they are installed, and /etc/passwd must know the user"
        )
    raise StartError(
        f"PostgreSQL does not run as root and no other identity works here ({tried}): run the gateway as an"
        " ordinary user who owns its data folder"
    )


def _candidates(folder: Path, binaries: Binaries) -> Iterator[tuple[str, Callable[[], Identity]]]:
    own = os.geteuid(), os.getegid()
    if own[0] != 0:
        yield "this user", lambda: Identity("this user", _this_user(), binaries, *own)
        yield "user namespace", lambda: Identity("user namespace", f"namespace:{_inside()}", binaries, *own)
        return
    yield "nobody", lambda: _as_nobody("nobody", binaries)
    yield "user namespace", lambda: Identity("user namespace", f"namespace:{_inside()}", binaries, *own)
    for place in dict.fromkeys((tempfile.gettempdir(), "/var/tmp", "/run")):  # noqa: S108 - checked by _copy
        name = f"nobody with programs copied to {place}"
        yield name, partial(_with_copies, name, binaries, folder, Path(place))


def _as_nobody(name: str, binaries: Binaries) -> Identity:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise FileNotFoundError(2, "no entry in /etc/passwd") from None
    return Identity(name, f"user:{entry.pw_uid}:{entry.pw_gid}", binaries, entry.pw_uid, entry.pw_gid)


def _with_copies(name: str, binaries: Binaries, folder: Path, place: Path) -> Identity:
    identity = _as_nobody(name, binaries)
    # The cheap step that fails where no other user exists comes first.
    identity.take_over(folder / "postgres")
    return replace(identity, binaries=_copy(binaries, place), by_descriptor=True)


def _this_user() -> str:
    # initdb looks its user up, and users of containers may have no entry.
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise FileNotFoundError(2, "no entry in /etc/passwd") from None
    return "self"


def _inside() -> int:
    """Return whom the process in the namespace takes itself for: anybody who has an entry, but not root."""
    known = sorted(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0)
    if not known:
        raise FileNotFoundError(2, "/etc/passwd has no user but root")
    return known[0]


def _try(identity: Identity, folder: Path, descriptors: tuple[int, ...] = ()) -> None:
    """Run each program with this identity from within the folder."""
    for program in (identity.binaries.initdb, identity.binaries.postgres, identity.binaries.valkey):
        child = spawn(
            [program, "--version"],
            switch=identity.switch,
            death_signal=signal.SIGKILL,
            output=subprocess.PIPE,
            folder=folder,
            descriptors=descriptors,
        )
        try:
            said, _ = child.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            raise TimeoutError(f"{program.name} gave no answer") from error
        if child.returncode != 0:
            reason = said.decode(errors="replace").strip().rpartition("\n")[2].removeprefix("launch: ")
            raise PermissionError(reason or f"{program.name} ended with status {child.returncode}")


def _copy(binaries: Binaries, place: Path) -> Binaries:
    """Copy the programs to where every user can read them; what an earlier start copied is used again."""
    stamp = binaries.postgres.stat()
    digest = hashlib.sha256(f"{binaries.postgres} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()
    target = place / f"gateway-programs-{digest[:16]}"
    _open_folder(target)
    status = target.lstat()
    # Somebody else's folder of this name could hold anything.
    if target.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(f"{target} is not a folder of this user alone")
    for source, relative in binaries.needed_files().items():
        file = target / relative
        # Compared each time, because temporary folders are swept.
        if not file.exists() or file.stat().st_size != source.stat().st_size:
            for parent in reversed(relative.parents):
                _open_folder(target / parent)
            scratch = file.with_name(f"{file.name}.{os.getpid()}.tmp")
            shutil.copyfile(source, scratch)
            scratch.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
            scratch.replace(file)
    return binaries.moved(target)


def _open_folder(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        path.mkdir()
        # Whatever the umask says.
        path.chmod(0o755)
