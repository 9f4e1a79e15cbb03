"""Folders and files that appear whole, by rename, or not at all.

Work goes to a hidden sibling (``.name.1a2b3c4d.partial``), so that the last step is a rename within
one file system. Whatever interrupts the work, an error, a full disk, Ctrl-C, the sibling is removed
and what lay at the target before lies there still.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from satdesk.errors import MachineError, UsageError

__all__ = ["check_target", "machine_errors", "new_file", "new_folder", "scratch_beside"]

_MACHINE = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES,
        errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENAMETOOLONG, errno.ESTALE,
    }
)  # fmt: skip


_OVERTAKEN = frozenset({errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST})
"""A rename fails so where another process moved the target, or put its own there, just before."""

_ROUNDS = 8

_LONGEST_FOLDER = 1500
"""Bytes; GDAL's paths end at 2048."""

_LONGEST_BEGINNING = 160
"""Bytes. A name may have 255 on most disks, and a sibling may need a sibling of its own."""


@contextmanager
def new_folder(
    out: Path,
    overwrite: bool = False,  # noqa: FBT001, FBT002 - new_folder(out, overwrite) is the agreed call
    *,
    inputs: Iterable[Path] = (),
) -> Iterator[Path]:
    """A folder to write into that becomes `out` when the block ends well.

    Args:
        out: Where the folder shall be; its parent must exist.
        overwrite: Replace a folder that is there. It stays untouched until the new one is whole,
            is moved aside while the new one takes its place, and is then removed.
        inputs: What the work reads: `out` may neither contain nor lie inside any of it.

    Yields:
        The hidden sibling to write into.

    Raises:
        UsageError: Before any work: `out` is there without `overwrite`, is a link or a file, its
            parent is missing, or it overlaps an input.
        MachineError: Disk full, no permission and the like, naming the path; nothing is left.
    """
    target = check_target(out, overwrite=overwrite, inputs=inputs, folder=True)
    partial = _sibling(target, "partial")
    with machine_errors(target):
        try:
            _make(partial)
            with _still_there(partial):
                yield partial
                _settle_folder(partial, target, overwrite=overwrite)
        finally:
            _remove(partial)


@contextmanager
def new_file(
    out: Path,
    overwrite: bool = False,  # noqa: FBT001, FBT002 - as new_folder
    *,
    inputs: Iterable[Path] = (),
) -> Iterator[Path]:
    """A path to write a file to that becomes `out` when the block ends well.

    Args:
        out: Where the file shall be; its parent must exist.
        overwrite: Replace a file that is there, in one step.
        inputs: What the work reads: `out` may be none of it nor lie inside it.

    Yields:
        A path beside `out` with the same suffix, not yet there.

    Raises:
        UsageError: As `new_folder`.
        MachineError: As `new_folder`.
    """
    target = check_target(out, overwrite=overwrite, inputs=inputs, folder=False)
    partial = _sibling(target, "partial" + target.suffix)
    with machine_errors(target):
        try:
            with _still_there(target.parent):
                yield partial
                if not overwrite:
                    _refuse_existing(target)
                partial.replace(target)
        finally:
            _remove(partial)


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path` for intermediate files, removed in any case."""
    folder = _sibling(path, "work")
    try:
        with machine_errors(path):
            _make(folder)
        with _still_there(folder):
            yield folder
    finally:
        _remove(folder)


def check_target(
    out: Path, *, overwrite: bool, inputs: Iterable[Path] = (), folder: bool = True
) -> Path:
    """The absolute path of `out` if a result may be put there; UsageError if not.

    Call it before long work starts; `new_folder` and `new_file` call it themselves.
    """
    target = Path(os.path.abspath(out))  # noqa: PTH100 - links must stay visible, not be resolved
    if target.parent == target:
        raise UsageError("the root of a disk cannot be the output", subject=out)
    if not target.parent.is_dir():
        raise UsageError(
            "the output's parent folder is not there",
            subject=target.parent,
            remedy="create it first",
        )
    _refuse_long(target)
    if folder:
        _refuse_unopenable(target)
    _refuse_overlap(target, inputs)
    if not overwrite:
        _refuse_existing(target)
    elif os.path.lexists(target):
        _refuse_other_kind(target, folder=folder)
    return target


@contextmanager
def machine_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system raises for a failing machine into MachineError.

    Only errors of disk, permission and resources; any other OSError is left as it is, because it
    may be a bug of ours.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _MACHINE:
            raise
        where = error.filename if isinstance(error.filename, str) else path
        raise MachineError(
            f"could not be written: {error.strerror}",
            subject=where,
            remedy="free space or choose another place, then run it again; nothing was left behind",
        ) from error


@contextmanager
def _still_there(folder: Path) -> Iterator[None]:
    """Whatever fails because somebody removed `folder` meanwhile is said to fail for that."""
    try:
        yield
    except Exception as error:
        if folder.is_dir():
            raise
        raise MachineError(
            "the folder was removed while it was being written into",
            subject=folder,
            remedy="run it again, and leave hidden folders beside an output alone until it is done",
        ) from error


def _make(folder: Path) -> None:
    """Make `folder`, whose parent is known to be there: whatever hinders it is the machine's."""
    try:
        folder.mkdir()
    except OSError as error:
        raise MachineError(
            f"no folder can be made there: {error.strerror}",
            subject=folder.parent,
            remedy="choose another place",
        ) from error


def _refuse_long(target: Path) -> None:
    """Refuse before the work what no file could be called after it."""
    try:
        target.lstat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return  # it is not there yet, or what else is wrong is told where it matters
        raise UsageError(
            "the output's name is too long for its disk",
            subject=target.parent,
            found=f"{len(os.fsencode(target.name))} bytes",
            remedy="choose a shorter name",
        ) from error


def _refuse_unopenable(target: Path) -> None:
    """Refuse a folder whose files GDAL, which reads them back, could not open by their names."""
    name = os.fsencode(target)
    if len(name) > _LONGEST_FOLDER:
        raise UsageError(
            "the output's path is too long for a folder of pictures",
            subject=target.name,
            found=f"{len(name)} bytes",
            expected=f"at most {_LONGEST_FOLDER}",
            remedy="choose a place nearer to the root of the disk",
        )
    try:
        name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            "the output's path is no UTF-8, and pictures in it could not be read back",
            subject=target,
            found=repr(name),
            remedy="choose a path in UTF-8",
        ) from error


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise UsageError(
            "the output is already there",
            subject=target,
            remedy="choose another name or pass --overwrite",
        )


def _refuse_other_kind(target: Path, *, folder: bool) -> None:
    if target.is_symlink():
        raise UsageError("the output is a link", subject=target, remedy="name its target instead")
    if not (target.is_dir() or target.is_file()):
        raise UsageError(
            "the output is a device or a pipe, which a rename would take the place of",
            subject=target,
            remedy="name a file",
        )
    if target.is_dir() != folder:
        kinds = {True: "a folder", False: "a file"}
        raise UsageError(
            "the output is of another kind",
            subject=target,
            found=kinds[target.is_dir()],
            expected=kinds[folder],
        )
    if folder and Path.cwd().is_relative_to(target.resolve()):
        raise UsageError(
            "the output holds the working folder and cannot be replaced", subject=target
        )


def _refuse_overlap(target: Path, inputs: Iterable[Path]) -> None:
    real = target.resolve()
    for given in inputs:
        source = Path(given).resolve()
        if source.is_relative_to(real) or (source.is_dir() and real.is_relative_to(source)):
            raise UsageError(
                "the output overlaps an input",
                subject=target,
                found=str(given),
                remedy="write outside the inputs",
            )


def _settle_folder(partial: Path, target: Path, *, overwrite: bool) -> None:
    for _ in range(_ROUNDS):
        if os.path.lexists(target) and not overwrite:
            _refuse_existing(target)
        try:
            _swap(partial, target)
        except OSError as error:
            if error.errno not in _OVERTAKEN or not partial.is_dir():
                raise
        else:
            return
    raise MachineError(
        "others put their own results there all the time", subject=target, remedy="run it again"
    )


def _swap(partial: Path, target: Path) -> None:
    """Put `partial` into the place of `target`; what lay there stays there if that fails."""
    old = _sibling(target, "old")
    try:
        if os.path.lexists(target):
            target.rename(old)
        partial.rename(target)
    except BaseException:
        if old.is_dir() and not os.path.lexists(target):
            old.rename(target)
        raise
    finally:
        if os.path.lexists(target):
            _remove(old)


def _sibling(target: Path, ending: str) -> Path:
    """A hidden name beside `target`; where that is long, it begins as the target's does."""
    begun = target.name
    while len(os.fsencode(begun)) > _LONGEST_BEGINNING:
        begun = begun[:-1]
    return target.with_name(f".{begun}.{secrets.token_hex(4)}.{ending}")


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there; one that a signal interrupts is finished first."""
    if path.is_dir() and not path.is_symlink():
        try:
            shutil.rmtree(path)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
    else:
        path.unlink(missing_ok=True)
