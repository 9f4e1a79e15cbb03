"""What callers hand over: paths as text too, and values of another kind refused by their name.

People write paths as text in notebooks, and give a list where an array is meant. What can only mean
one thing is taken; all else is refused at the door, where its name is known, and not by whichever
line first stumbles over it.
"""

from __future__ import annotations

import inspect
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = [
    "door",
    "keep_paths",
    "path_of",
    "points_of",
    "require_able",
    "require_count",
    "require_one_of",
    "require_size",
]

P = ParamSpec("P")
R = TypeVar("R")

_PAGE = "see docs/reference/python.md"
_OURS = re.compile(r"(\w+(?:Choice|Wish|Signing|Desk))( \| None)?")


def door(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, its arguments looked at by their annotations first.

    A ``Path`` may be text; a choice, an executor, paths and bounds must be what they are called.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def entered(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            kind = str(signature.parameters[name].annotation)
            given.arguments[name] = _looked_at(value, kind, f"{function.__name__}({name})")
        return function(*given.args, **given.kwargs)

    return entered


def path_of(value: object, name: str) -> Path:
    """A path from a path or its text.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(value, str | os.PathLike) and not isinstance(os.fspath(value), bytes):
        return Path(os.fspath(value))
    raise _other(value, name, "a path, or its text")


def keep_paths(value: object, *names: str) -> None:
    """Make paths of the fields `names` of a frozen value, in its ``__post_init__``.

    A field may hold None, one path, or several (a tuple by its default).
    """
    for name in names:
        found = getattr(value, name)
        several = isinstance(found, list | tuple)
        if found is not None:
            made = tuple(path_of(one, name) for one in found) if several else path_of(found, name)
            object.__setattr__(value, name, made)


def points_of(points: object, name: str) -> FloatArray:
    """``(n, 3)`` numbers.

    Raises:
        UsageError: They are no numbers, or of another shape.
    """
    try:
        found = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name} are no numbers", found=str(error)[:100], expected="an array (n, 3)"
        ) from error
    if found.ndim != 2 or found.shape[1] != 3:
        raise UsageError(
            f"{name} have another shape",
            found=str(found.shape),
            expected="(n, 3): one row a point, its height last",
        )
    return found


def require_one_of(value: object, name: str, known: Sequence[str]) -> None:
    """Refuse a word that is not among `known`; None passes."""
    if value is not None and value not in known:
        raise UsageError(f"unknown {name}", found=repr(value), expected=", ".join(known))


def require_size(value: object, name: str) -> None:
    """Refuse what is no length above 0; None passes."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if value is not None and not 0 < number < math.inf:
        raise UsageError(f"{name} must be a size", found=repr(value), expected="a number above 0")


def require_count(value: object, name: str) -> None:
    """Refuse what is no whole number; how large it must be is its owner's matter."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise _other(value, name, "a whole number")


def require_able(value: object, name: str, expected: str, *verbs: str) -> None:
    """Refuse what lacks one of the methods `verbs`, and a class in the place of its instance."""
    able = all(callable(getattr(value, verb, None)) for verb in verbs)
    if isinstance(value, type) or not able:
        raise _other(value, name, expected)


def _looked_at(value: Any, kind: str, name: str) -> Any:  # noqa: ANN401 - any argument
    if kind in {"Path", "Path | None"}:
        return None if value is None and "None" in kind else path_of(value, name)
    if kind == "str" and not isinstance(value, str):
        raise _other(value, name, "a text")
    if kind == "Sequence[Path]":
        return _paths(value, name)
    if kind == "Executor | None" and value is not None and not _works(value):
        raise _other(value, name, "an executor, such as Serial() or Threads(2)")
    if kind.startswith("tuple[float, float, float, float]"):
        _require_bounds(value, name)
    ours = _OURS.fullmatch(kind)
    if ours and not (value is None and ours[2]) and not _is(value, ours[1]):
        raise _other(value, name, f"a {ours[1]}")
    return value


def _paths(value: object, name: str) -> tuple[Path, ...]:
    if isinstance(value, str | os.PathLike | Mapping) or not hasattr(value, "__iter__"):
        raise _other(value, name, "a list of paths")
    return tuple(path_of(one, name) for one in value)


def _works(value: object) -> bool:
    return callable(getattr(value, "map", None)) and not isinstance(value, type)


def _require_bounds(value: object, name: str) -> None:
    if value is None:
        return
    four = isinstance(value, list | tuple | np.ndarray) and np.shape(value)[:1] == (4,)
    if not four or not all(isinstance(edge, Real) for edge in value):  # type: ignore[attr-defined]
        raise _other(value, name, "four numbers: xmin, ymin, xmax, ymax")


def _is(value: object, kind: str) -> bool:
    """By the class's name: the classes themselves lie above this module."""
    return any(base.__name__ == kind for base in type(value).__mro__)


def _other(value: object, name: str, expected: str) -> UsageError:
    return UsageError(
        "an argument is of another kind",
        subject=name,
        found=f"{type(value).__name__}: {str(value)[:60]}",
        expected=expected,
        remedy=_PAGE,
    )
