"""An error becomes a message, a JSON document and an exit code."""

from __future__ import annotations

import errno
import json
import signal
import traceback
from contextlib import suppress

import click

from satdesk.cli.interrupt import deaf, signal_of
from satdesk.cli.streams import say
from satdesk.errors import MachineError, SatdeskError, UsageError, exit_code

__all__ = ["report_failure"]

_MACHINE_ERRNOS = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM, errno.EACCES, errno.EPERM,
    errno.EMFILE, errno.ENFILE, errno.EFBIG,
}  # fmt: skip


def report_failure(error: BaseException, *, as_json: bool) -> int:
    """Print `error` for people on stderr, with `as_json` also on stdout, and return its code."""
    told = _told(error)
    if told is None:
        say("".join(traceback.format_exception(error)).rstrip("\n"))
        say("satdesk: this is a bug of ours; please report the lines above")
        told = SatdeskError(f"{type(error).__name__}: {error}")
        code = 1
    elif _interrupted(error):
        deaf()
        code = 128 + signal_of(error)
        say(f"satdesk: {told}")
    else:
        code = exit_code(told)
        say(f"satdesk: {told}")
    if as_json:
        with suppress(OSError):  # stderr has said it
            print(json.dumps(_document(told, code), ensure_ascii=False), flush=True)  # noqa: T201
    return code


def _interrupted(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt | click.exceptions.Abort)


def _told(error: BaseException) -> SatdeskError | None:
    """`error` in our own tree; None for a bug."""
    if isinstance(error, SatdeskError):
        return error
    if isinstance(error, click.ClickException):
        return _wrong_call(error)
    if _interrupted(error):
        number = signal_of(error)
        how = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
        return SatdeskError(f"{how}; nothing was left half-written")
    if isinstance(error, MemoryError):
        return MachineError("out of memory", remedy="use a smaller area or a coarser pixel")
    if isinstance(error, OSError) and error.errno in _MACHINE_ERRNOS:
        return MachineError(error.strerror or "the machine failed", subject=error.filename)
    return None


def _wrong_call(error: click.ClickException) -> UsageError:
    """What click says of a call, in our own form: no stop before the next clause, one line."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "satdesk"
    what = " ".join(error.format_message().split()).removesuffix(".")
    subject = path.removeprefix("satdesk").strip() or None
    return UsageError(what, subject=subject, remedy=f"see {path} --help")


def _document(error: SatdeskError, code: int) -> dict[str, object]:
    facts = {
        key: getattr(error, key, None)
        for key in ("subject", "found", "expected", "remedy", "rule", "measured", "limit", "unit")
    }
    kind = "Interrupted" if code > 128 else type(error).__name__
    return {"error": {"kind": kind, "message": str(error), **facts, "exit_code": code}}
