"""How a process that works through millions of short-lived objects holds its memory."""

import ctypes
import gc
from typing import Final

# Every fetched record is a young object, dead before the next chunk: collecting each 700 of them, as Python does by
# default, took more than half of all CPU time.
YOUNG_OBJECTS: Final = 200_000

# What is read from a socket is freed soon, and asked for again. By default glibc gives it back to the kernel each time,
# which then hands out zeroed pages anew: a seventh of all CPU time. Source: mallopt(3).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 256 * 1024 * 1024  # of freed memory; no more than was used at once
_LARGEST_BYTES: Final = 32 * 1024 * 1024  # of one piece that is kept; glibc takes no more


def keep_memory_at_hand() -> None:
    """Let young objects grow old before they are looked at, and freed memory be used again; for the whole process."""
    gc.set_threshold(YOUNG_OBJECTS)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc; others decide for themselves
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
