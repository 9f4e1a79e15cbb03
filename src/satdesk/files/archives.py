"""Zip archives that a stranger packed, unpacked to disk with limits.

Images stay on disk as files of their own: nothing is held in memory, whatever their size.
"""

from __future__ import annotations

import atexit
import errno
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from satdesk.errors import (
    MachineError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
)

__all__ = ["is_archive", "opened", "unpack", "unpacked_for_process"]

MAX_FILES = 20_000
MAX_TOTAL_BYTES = 200 * 1024**3
MAX_RATIO = 200
"""Deflate reaches 1032; metadata some 30, an image of nodata alone some hundreds but not alone."""

_RATIO_FROM_BYTES = 64 * 1024**2
_CHUNK = 1024 * 1024


def is_archive(path: Path) -> bool:
    """Whether the file starts as a zip archive does."""
    try:
        with path.open("rb") as file:
            return file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Unpack into a temporary folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="satdesk-") as folder:
        yield unpack(path, Path(folder))


def unpacked_for_process(path: Path) -> Path:
    """Unpack into a temporary folder that lives until the process ends.

    A scene only describes its images, which are opened later; they must not vanish before.
    """
    folder = Path(tempfile.mkdtemp(prefix="satdesk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return unpack(path, folder)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack the zip `path` into `folder`.

    Returns:
        `folder`, or the single folder at the archive's top if it holds nothing else.

    Raises:
        MissingInputError: No such archive.
        UnreadableInputError: Not a zip, damaged, or encrypted.
        UnsafeInputError: A name that leaves the folder, a link, or a bomb.
        MachineError: The disk is full.
    """
    if not path.is_file():
        raise MissingInputError("the archive does not exist", subject=path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries, folder)
            for entry in entries:
                _extract(path, archive, entry, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableInputError(
            "the archive is damaged, encrypted or of an unknown kind",
            subject=path,
            found=str(error)[:200],
            expected="a plain zip",
            remedy="copy it again from its source or unpack it yourself",
        ) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
            raise MachineError("the disk failed", subject=path, found=str(error)) from error
        if isinstance(error, PermissionError):
            raise UnreadableInputError("no permission", subject=path, found=str(error)) from error
        # Two entries of one name, a file where a folder is needed, a name too long.
        raise _unsafe(path, str(error)[:200], "names that can lie side by side") from error
    return _single_top(folder)


def _check(path: Path, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    if len(entries) > MAX_FILES:
        raise _unsafe(path, f"{len(entries)} files", f"at most {MAX_FILES}")
    for entry in entries:
        _check_name(path, entry)
    total = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if total > MAX_TOTAL_BYTES:
        raise _unsafe(path, f"{total} bytes unpacked", f"at most {MAX_TOTAL_BYTES}")
    if total > _RATIO_FROM_BYTES and total / packed > MAX_RATIO:
        raise _unsafe(path, f"{total / packed:.0f} times its size", f"at most {MAX_RATIO} times")
    free = shutil.disk_usage(folder).free
    if total > free:
        raise MachineError(
            "the disk has no room for the unpacked archive",
            subject=path,
            found=f"{free} bytes free",
            expected=f"{total} bytes",
            remedy="free some room, or point TMPDIR at a larger disk",
        )


def _check_name(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or ".." in parts or "\0" in name or ":" in name.split("/", 1)[0]
    if not parts or outside:
        raise _unsafe(path, f"an entry named {entry.filename[:120]!r}", "names inside the archive")
    if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _unsafe(path, f"a link or device {entry.filename[:120]!r}", "files and folders")


def _extract(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, target.open("xb") as sink:
        while piece := source.read(_CHUNK):
            written += len(piece)
            # The directory of a zip may lie about sizes; what counts is what comes out.
            if written > entry.file_size:
                raise _unsafe(path, f"{entry.filename[:120]!r} is larger than it says", "its size")
            sink.write(piece)


def _single_top(folder: Path) -> Path:
    # macOS puts a folder and hidden files of its own beside what was packed.
    shown = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
    entries = [entry for entry in shown if entry.name != "__MACOSX"]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _unsafe(path: Path, found: str, expected: str) -> UnsafeInputError:
    return UnsafeInputError(
        "the archive cannot be unpacked safely",
        subject=path,
        found=found,
        expected=expected,
        remedy="do not trust this archive; ask the provider for the original",
    )
