"""Ctrl-C ends a command with 130, at whatever moment it comes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "interruptible", "postponed"]


class Interrupted(KeyboardInterrupt):
    """SIGINT reached us.

    A class of our own: where a plain `KeyboardInterrupt` passes through ``exec`` of a string (as in
    the making of a named tuple or a dataclass), CPython 3.11 remembers it as unhandled and kills
    ``python -m satdesk`` by the signal at its end, although it was handled. CPython compares by
    identity, so a subclass is not remembered.
    """


def interruptible(command: Callable[[], int], *, as_json: bool) -> int:
    """The exit code of `command`; 130 where SIGINT came before `command` could handle it."""
    if _takes_interrupts():
        signal.signal(signal.SIGINT, _interrupt)
    try:
        return command()
    except KeyboardInterrupt as error:
        from satdesk.cli.failure import report_failure  # noqa: PLC0415 - needs click

        return report_failure(error, as_json=as_json)


@contextmanager
def postponed() -> Iterator[None]:
    """Let SIGINT wait until the end of the block: a half-imported module cannot even report it."""
    before = signal.getsignal(signal.SIGINT)
    if before is not _interrupt:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _interrupt)
    if came:
        raise Interrupted


def _takes_interrupts() -> bool:
    """Whether Python's own handler is in place: not where a shell has SIGINT ignored."""
    here = threading.current_thread() is threading.main_thread()
    return here and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted
