"""Points for ``locate`` and ``project``: from options, or many from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError, MissingInputError, UsageError

__all__ = ["chosen_points", "read_points"]

_MAX_BYTES = 1 << 30


def chosen_points(
    pair: tuple[float, float] | None,
    height: float | None,
    points: Path | None,
    *,
    names: tuple[str, str],
) -> FloatArray:
    """``(n, 3)`` points from ``--colrow``/``--lonlat`` with ``--height``, or from ``--points``.

    Raises:
        UsageError: Neither or both ways are used, or the height is missing.
    """
    if (pair is None) == (points is None):
        raise UsageError(
            "points come from one place",
            found="none" if pair is None else "both",
            expected=f"--{''.join(names)} with --height, or --points FILE",
        )
    if points is not None:
        return read_points(points, (*names, "height"))
    if pair is None or height is None:
        raise UsageError(
            "a ray needs a height", expected="--height in metres above the WGS 84 ellipsoid"
        )
    return np.array([[*pair, height]], dtype=np.float64)


def read_points(path: Path, names: tuple[str, str, str]) -> FloatArray:
    """``(n, 3)`` from a CSV file whose header has `names`, in any order, among other columns.

    Capitals and spaces around a name do not matter.

    Raises:
        MissingInputError: There is no such file.
        BrokenInputError: A column is missing or a field is not a number; the line is named.
    """
    if not path.is_file():
        raise MissingInputError("there is no such file of points", subject=path)
    if path.stat().st_size > _MAX_BYTES:
        raise BrokenInputError("too large to be a file of points", subject=path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, skipinitialspace=True)
            reader.fieldnames = _columns(path, reader.fieldnames, names)
            rows = [_numbers(path, reader.line_num, row, names) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BrokenInputError("not a CSV file", subject=path, found=str(error)) from error
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _columns(path: Path, found: Sequence[str] | None, names: tuple[str, str, str]) -> list[str]:
    """The header's names as `names` writes them; BrokenInputError where one is not there once."""
    header = [name.strip().lower() for name in found or ()]
    if any(header.count(name) != 1 for name in names):
        raise BrokenInputError(
            "the points' header must name each column once",
            subject=path,
            found=",".join(found or ()) or "no header",
            expected=",".join(names),
            remedy="write a header line, with commas between the columns",
        )
    return header


def _numbers(path: Path, line: int, row: dict[str, str], names: tuple[str, ...]) -> list[float]:
    try:
        return [float(row[name]) for name in names]
    except (TypeError, ValueError, KeyError) as error:
        raise BrokenInputError(
            f"line {line} has a field that is not a number", subject=path, found=str(error)
        ) from error
