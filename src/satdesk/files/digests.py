"""SHA-256 of files and of whole folders, in the form that ``sha256sum -c`` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from satdesk.errors import (
    MissingInputError,
    UnsafeInputError,
    UsageError,
    VerificationError,
)
from satdesk.files.store import machine_errors

__all__ = [
    "SUMS_NAME",
    "folder_digests",
    "read_sha256sums",
    "sha256",
    "verify_sha256sums",
    "write_sha256sums",
]

SUMS_NAME = "SHA256SUMS"
_MAX_LIST_BYTES = 50_000_000
_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-f]{64}) [ *](?P<name>.+)")


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces; MissingInputError if it is not there."""
    if not path.is_file():
        raise MissingInputError("no such file", subject=path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path, *, exclude: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
    """``(path, SHA-256)`` of every file below `folder`, sorted by path.

    Args:
        folder: The folder.
        exclude: Paths to leave out, as they would appear in the answer.

    Returns:
        Paths are POSIX and relative to `folder`; sorted by their bytes, so in every locale alike.

    Raises:
        UsageError: A link lies in the folder: what it points to is no part of it.
    """
    paths = sorted(_files(folder), key=lambda path: path.encode())
    return tuple((path, sha256(folder / path)) for path in paths if path not in exclude)


def write_sha256sums(folder: Path, *, apart: Collection[str] = ()) -> Path:
    """Write ``SHA256SUMS`` over every other file of `folder`; ``sha256sum -c`` passes on it.

    Args:
        folder: The folder.
        apart: Paths of files that are written or changed later (the list's own signature).

    Returns:
        The path of the file written.
    """
    target = folder / SUMS_NAME
    listed = folder_digests(folder, exclude={SUMS_NAME, *apart})
    lines = [_line(path, digest) for path, digest in listed]
    with machine_errors(target):
        target.write_text("".join(lines), encoding="utf-8", newline="\n")
    return target


def verify_sha256sums(folder: Path) -> None:
    """Hold `folder` against its ``SHA256SUMS``.

    Raises:
        MissingInputError: There is no ``SHA256SUMS``.
        VerificationError: A file differs, is missing, or is not listed; the first is named.
    """
    listed = dict(read_sha256sums(folder / SUMS_NAME))
    actual = dict(folder_digests(folder, exclude={SUMS_NAME}))
    for path in sorted(listed.keys() | actual.keys()):
        if listed.get(path) != actual.get(path):
            raise VerificationError(
                "a file is not what SHA256SUMS says",
                subject=folder / path,
                found=actual.get(path, "no such file"),
                expected=listed.get(path, "no such entry"),
            )


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise UsageError("a release holds files, not links", subject=path)
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _line(path: str, digest: str) -> str:
    # coreutils marks an escaped name by a backslash at the start of the line.
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else chr(92)}{digest}  {escaped}\n"


def read_sha256sums(path: Path) -> tuple[tuple[str, str], ...]:
    """``(path, SHA-256)`` of each line of a list that a stranger may have written.

    Raises:
        MissingInputError: There is no such list.
        VerificationError: A line that is none, or a path that is listed twice.
        UnsafeInputError: The list is larger than any of ours, or a path in it leads out of its
            folder.
    """
    if not path.is_file():
        raise MissingInputError("no list of checksums", subject=path)
    if path.stat().st_size > _MAX_LIST_BYTES:
        raise UnsafeInputError(
            "too large for a list of checksums",
            subject=path,
            found=f"{path.stat().st_size} bytes",
            expected=f"at most {_MAX_LIST_BYTES}",
        )
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError(
            "not a list of checksums", subject=path, found="no UTF-8"
        ) from error
    entries = tuple(_entry(line, path) for line in text.split("\n") if line)
    if len(dict(entries)) != len(entries):
        raise VerificationError("a path is listed twice", subject=path)
    return entries


def _entry(line: str, path: Path) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise VerificationError("not a line of checksums", subject=path, found=line[:100])
    name = _unescaped(match["name"]) if match["escaped"] else match["name"]
    parts = name.split("/")
    if "\x00" in name or not all(parts) or {".", ".."} & set(parts):
        raise UnsafeInputError(
            "a path in the list leads out of its folder", subject=path, found=repr(name[:100])
        )
    return name, match["digest"]


def _unescaped(name: str) -> str:
    plain = {"n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\([nr\\])", lambda match: plain[match[1]], name)
