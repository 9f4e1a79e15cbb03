"""The standard streams: closed, without a reader, without room, without letters for what we say."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

__all__ = ["fill_closed", "flush_answer", "say", "take_all_letters"]


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


def take_all_letters(*, as_json: bool) -> None:
    """Let every text be printed, whatever letters the locale has (``LC_ALL=C``, Latin-1).

    What it lacks is written as an escape. JSON is UTF-8 whatever the locale (RFC 8259), and an odd
    byte of a file's name, which Python holds as a lone surrogate, is an escape in it.
    """
    for stream, encoding in ((sys.stdout, "utf-8" if as_json else None), (sys.stderr, None)):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


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
