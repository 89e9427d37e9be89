"""Program that runs another one as root of a user namespace, as containers do; it needs root itself.

Usage: container.py USERS NAMESPACES PROGRAM ARGUMENT…: USERS users exist inside, and NAMESPACES further user
namespaces may be made.
"""

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000


def main(users: str, namespaces: str, *command: str) -> None:
    """Become the root of a namespace whose maps a child, still outside, has written; then run the program."""
    parent = os.getpid()
    entered, entering = os.pipe()
    mapped, mapping = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(entered, 1)
        if users == "1":
            Path(f"/proc/{parent}/setgroups").write_text("deny")
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{parent}/{kind}").write_text(f"0 0 {users}")
        os.write(mapping, b".")
        os._exit(0)
    if ctypes.CDLL(None).unshare(_CLONE_NEWUSER) != 0:
        sys.exit("no user namespace can be made")
    os.write(entering, b".")
    os.read(mapped, 1)
    os.waitpid(child, 0)
    Path("/proc/sys/user/max_user_namespaces").write_text(namespaces)
    os.execvp(command[0], command)  # noqa: S606 - the tests name it


if __name__ == "__main__":
    main(*sys.argv[1:])
