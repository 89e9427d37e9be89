"""Program that becomes a server: gives up root, ties the server's life to its parent's, then executes it.

It runs as `python -I -S launch.py PARENT SIGNAL SWITCH FOLDER PROGRAM ARGUMENT…` with the standard library
only. A separate program instead of `preexec_fn`: Python code between fork and exec may deadlock in a process
that has threads.
"""

import ctypes
import os
import signal
import sys

EXIT_CODE = 78
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
# Loaded while the interpreter's own folder can still be read.
_LIBC = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Replace this process by the program; on failure leave one line on standard error and exit with 78."""
    parent, death_signal, switch, folder, *command = arguments
    try:
        _become(switch)
        # After the change of user, which resets it; and before the look at the parent, which may be gone.
        _die_with_parent(int(death_signal))
        if os.getppid() != int(parent):
            sys.exit(EXIT_CODE)
        os.umask(0o077)
        os.chdir(folder)
        _hear_signals()
        os.execv(command[0], command)  # noqa: S606 - found by `binaries.locate`, never the text of a user
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"launch: {error.strerror}{where}\n")
        sys.exit(EXIT_CODE)


def _become(switch: str) -> None:
    """Obey `self`, `user:UID:GID`, or `namespace:ID` (which only renames the user, so that files stay its own)."""
    kind, _, rest = switch.partition(":")
    if kind == "user":
        uid, gid = (int(number) for number in rest.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    elif kind == "namespace":
        uid, gid = os.geteuid(), os.getegid()
        _call("unshare", _CLONE_NEWUSER)
        for file, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{rest} {uid} 1"),
            ("gid_map", f"{rest} {gid} 1"),
        ):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as target:  # noqa: PTH123 - pathlib loads slowly
                target.write(line)


def _hear_signals() -> None:
    # Python ignores the first, a shell the others for what it runs in the background; what is ignored here would stay
    # so in the server, which ends by them.
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def _die_with_parent(death_signal: int) -> None:
    # Elsewhere an orphan is found and stopped at the next start.
    if sys.platform == "linux":
        _call("prctl", _PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def _call(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


if __name__ == "__main__":
    main(sys.argv[1:])
