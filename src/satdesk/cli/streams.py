"""The standard streams, where whoever started us closed them, or stops reading, or has no room."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

__all__ = ["fill_closed", "flush_answer", "say"]


def fill_closed() -> None:
    """Open the null device for each standard stream that is closed (``2>&-``).

    The first file that a command opens would get its number else, and whatever a library says on
    stdout or stderr would be written into that file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one


def say(text: str) -> None:
    """Print on stderr, if anybody is there: a terminal that has hung up takes nothing any more."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command line's own voice


def flush_answer() -> None:
    """Write out what was printed; a reader that has gone wants no more of it, and that is no error.

    Raises:
        OSError: There is no room for the answer.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer would be flushed, and complained of, once more at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
