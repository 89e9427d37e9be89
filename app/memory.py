"""Memory: what a large answer took, or copied rows, is kept for the next one, and garbage is looked for seldom.

By default glibc gives a free block of over 128 kB back to the system, which clears each page when it hands it out
again: to put an answer of 330 kB between braces took 1 ms so, and takes 15 µs where the block is kept.
"""

import ctypes
import gc
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_YOUNG_OBJECTS: Final = 10_000
"""More new objects than the requests that are answered at a time have; with 700, CPython's default, they alone have it
look for garbage, of which they leave none."""
_COLLECTIONS: Final = 3
_KEPT_BYTES: Final = 32 << 20
"""What may be free and is not given back; the most that glibc takes for the second of the two."""


def keep_freed() -> None:
    """Keep freed blocks in the process, where its C library is glibc; elsewhere nothing is changed."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def settle() -> None:
    """Have the collector leave out what is there now, and look at what comes only when much of it stays.

    A collection that goes through all objects of a gateway would stop its requests for a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _COLLECTIONS, _COLLECTIONS)
