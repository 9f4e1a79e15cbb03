"""Ctrl-C, SIGTERM and SIGHUP end a command with 128 + the signal, at whatever moment they come.

All three unwind the command as an error does, so that whatever it was writing is removed. What was
started with a signal ignored (``nohup``, a job in a shell's background) goes on ignoring it.
"""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "deaf", "interruptible", "postponed", "signal_of"]

_DEFAULTS = {
    "SIGINT": signal.default_int_handler,
    "SIGTERM": signal.SIG_DFL,
    "SIGHUP": signal.SIG_DFL,  # Windows has none
}
"""The signals that end a command, and what handles them where nobody has said otherwise."""


class Interrupted(KeyboardInterrupt):
    """A signal reached us that ends the command.

    A class of our own: where a plain `KeyboardInterrupt` passes through ``exec`` of a string (as in
    the making of a named tuple or a dataclass), CPython 3.11 remembers it as unhandled and kills
    ``python -m satdesk`` by the signal at its end, although it was handled. CPython compares by
    identity, so a subclass is not remembered.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def interruptible(command: Callable[[], int], *, as_json: bool) -> int:
    """The exit code of `command`; 128 + the signal where it came before `command` could tell."""
    handler = _Handler()
    for number in _untouched():
        signal.signal(number, handler)
    try:
        return command()
    except KeyboardInterrupt as error:
        from satdesk.cli.failure import report_failure  # noqa: PLC0415 - needs click

        return report_failure(error, as_json=as_json)


@contextmanager
def postponed() -> Iterator[None]:
    """Let signals wait until the end of the block: a half-imported module cannot report them."""
    ours = {number: signal.getsignal(number) for number in _ours()}
    came: list[int] = []
    for number in ours:
        signal.signal(number, lambda given, _frame: came.append(given))
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
    if came:
        raise Interrupted(came[0])


def deaf() -> None:
    """Ignore from now on the signals that would end the command: it has ended already."""
    for number in _ours():
        signal.signal(number, signal.SIG_IGN)


def signal_of(error: BaseException | None) -> signal.Signals:
    """The signal that `error` tells of, itself or by its cause; SIGINT where nothing says."""
    while error is not None:
        if isinstance(error, Interrupted):
            return error.number
        error = error.__cause__
    return signal.SIGINT


class _Handler:
    """Raises `Interrupted`, once: a second signal would stop the clearing up after the first.

    Where the first one was lost (Python drops what is raised in a callback from C), the next is
    raised again.
    """

    def __init__(self) -> None:
        self._raised: Callable[[], Interrupted | None] = lambda: None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self._on_its_way():
            return
        error = Interrupted(number)
        self._raised = weakref.ref(error)
        try:
            raise error
        finally:
            del error  # else it would live on in the frame that it holds

    def _on_its_way(self) -> bool:
        if self._raised() is not None:
            gc.collect()  # what was dropped may be held by frames that it holds itself
        return self._raised() is not None


def _untouched() -> list[int]:
    """The signals that nobody handles or ignores yet; only a main thread may handle any."""
    if threading.current_thread() is not threading.main_thread():
        return []
    known = {name: getattr(signal, name, None) for name in _DEFAULTS}
    return [
        number
        for name, number in known.items()
        if number is not None and signal.getsignal(number) is _DEFAULTS[name]
    ]


def _ours() -> list[int]:
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [getattr(signal, name, None) for name in _DEFAULTS]
    return [n for n in known if n is not None and isinstance(signal.getsignal(n), _Handler)]
