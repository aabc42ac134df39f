"""What a child process owes its parent."""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def signal_on_parents_death(sig: int) -> None:
    """Have this process take `sig` when its parent dies, even by kill -9 (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)


def leave_the_terminal(sig: int) -> None:
    """For a child, before exec: the same, and its terminal's Ctrl-C is left to the parent."""
    os.setpgid(0, 0)
    signal_on_parents_death(sig)
