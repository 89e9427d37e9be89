"""Choice of TCP ports on the loopback address."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below what Linux, macOS and Windows hand out to outgoing connections, so that none of those takes the port
# in the moment in which a server restarts.
_RANGE = range(20_000, 32_000)
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Tell whether something accepts connections on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def choose_port(remembered: int) -> int:
    """Return the remembered port when it is still free, else another free one; 0 remembers none."""
    if remembered and is_free(remembered):
        return remembered
    dice = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = dice.choice(_RANGE)
        if is_free(port):
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop} on {LOOPBACK}")
