"""What glibc's malloc is told, so that the process stays small. Where there is another one, nothing is."""

import ctypes

_M_ARENA_MAX = -8
"""Of mallopt(3)."""


def share_memory() -> None:
    """Let all threads allocate from one pool: what one has freed, the others use again.

    They hold Python's lock most of the time anyway.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return to the system what is free: some of it lies below what isn't, where free() leaves it."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
