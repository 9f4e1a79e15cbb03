"""Every error that satdesk raises on purpose, in one tree.

::

    SatdeskError
    ├── UsageError              2   the call itself is wrong (an option, a recipe key)
    ├── InputError              3   what was given cannot be used; never to be overridden
    │   ├── MissingInputError       a file or folder that must be there is not
    │   ├── UnreadableInputError    it is there, but cannot be decoded (truncated, empty, foreign)
    │   ├── BrokenInputError        it decodes, but contradicts itself or its format
    │   ├── UndeclaredInputError    a fact that nobody stated (a vertical datum, a geoid, a date)
    │   ├── UnsafeInputError        it would reach outside its folder or exhaust the machine
    │   ├── DisjointInputError      scene, district, terrain do not overlap
    │   └── UnknownNameError        a place, a band, a format that nobody knows; nearest names given
    ├── LimitError              4   a measured value breaks a limit; ``--accept RULE=REASON``
    ├── VerificationError       5   a release is not what it claims to be
    └── MachineError            6   disk, network, memory: not the input's fault

The number is the exit code of the command line (`EXIT_CODES`); anything else that escapes is a bug
of ours and exits 1. Every message says what was found, what was expected and what to do.
"""

from __future__ import annotations

from os import PathLike, fspath

__all__ = [
    "EXIT_CODES",
    "BrokenInputError",
    "DisjointInputError",
    "InputError",
    "LimitError",
    "MachineError",
    "MissingInputError",
    "SatdeskError",
    "UndeclaredInputError",
    "UnknownNameError",
    "UnreadableInputError",
    "UnsafeInputError",
    "UsageError",
    "VerificationError",
    "exit_code",
]


class SatdeskError(Exception):
    """Base of every error that satdesk raises on purpose.

    Attributes:
        what: The failure in one clause, without a full stop.
        subject: The file, option or name at fault; None where there is no single one.
        found: What was found, in words.
        expected: What was expected, in words.
        remedy: What the reader can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        subject: str | PathLike[str] | None = None,
        found: str | None = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.subject = None if subject is None else fspath(subject)
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        head = self.what if self.subject is None else f"{self.subject}: {self.what}"
        parts = [
            f"found: {self.found}" if self.found is not None else None,
            f"expected: {self.expected}" if self.expected is not None else None,
            f"do: {self.remedy}" if self.remedy is not None else None,
        ]
        return "; ".join([head, *(part for part in parts if part)])

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by attributes: errors cross process borders in a scaled run."""
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(kind: type[SatdeskError], attributes: dict[str, object]) -> SatdeskError:
    error = kind.__new__(kind)
    error.__dict__.update(attributes)
    Exception.__init__(error, error._message())  # noqa: SLF001 - the class's own rebuild
    return error


class UsageError(SatdeskError):
    """The call is wrong: an option, an argument or a key of the recipe."""


class InputError(SatdeskError):
    """What was given cannot be used. Never to be overridden."""


class MissingInputError(InputError):
    """A file or folder that must be there is not."""


class UnreadableInputError(InputError):
    """The input is there but cannot be decoded: empty, truncated, or of a foreign kind."""


class BrokenInputError(InputError):
    """The input decodes, but contradicts itself, its siblings or its format."""


class UndeclaredInputError(InputError):
    """A fact that the work depends on was stated by nobody (a vertical datum, a date)."""


class UnsafeInputError(InputError):
    """The input would reach outside its own folder or exhaust the machine."""


class DisjointInputError(InputError):
    """Inputs that must overlap do not (scene and district, scene and terrain)."""


class UnknownNameError(InputError):
    """A name that nobody knows.

    Attributes:
        nearest: Known names that resemble it, best first; may be empty.
    """

    def __init__(
        self,
        what: str,
        *,
        subject: str | PathLike[str] | None = None,
        nearest: tuple[str, ...] = (),
        remedy: str | None = None,
    ) -> None:
        self.nearest = nearest
        hint = f"did you mean {', '.join(nearest)}?" if nearest else remedy
        super().__init__(what, subject=subject, remedy=hint)


class LimitError(SatdeskError):
    """A measured value breaks a limit; one rule can be accepted with a reason.

    Attributes:
        rule: The rule's name, as ``--accept`` takes it.
        measured: The measured value, in `unit`; greater than `limit`, finite.
        limit: The limit that it breaks, in `unit`.
        unit: The unit of both.

    `found` and `expected` say the two in words where a number and its unit make no sentence.
    """

    def __init__(  # noqa: PLR0913 - the parts of one message
        self,
        what: str,
        *,
        rule: str,
        measured: float,
        limit: float,
        unit: str,
        remedy: str,
        subject: str | PathLike[str] | None = None,
        found: str | None = None,
        expected: str | None = None,
    ) -> None:
        self.rule = rule
        self.measured = measured
        self.limit = limit
        self.unit = unit
        super().__init__(
            what,
            subject=subject,
            found=found or f"{_above(measured, limit)} {unit}",
            expected=expected or f"at most {limit:g} {unit}",
            remedy=f"{remedy}; or accept it with --accept {rule}=REASON",
        )


def _above(measured: float, limit: float) -> str:
    """`measured` in three digits; in as many as tell it from `limit`."""
    short = f"{measured:.3g}"
    return short if float(short) > limit else f"{measured:g}"


class VerificationError(SatdeskError):
    """A release or a file is not what it claims to be."""


class MachineError(SatdeskError):
    """The machine failed: disk, memory, network. Nothing was left half-written."""


EXIT_CODES: dict[type[SatdeskError], int] = {
    UsageError: 2,
    InputError: 3,
    LimitError: 4,
    VerificationError: 5,
    MachineError: 6,
}
"""Exit code of each branch of the tree; a subclass takes its nearest ancestor's."""


def exit_code(error: BaseException) -> int:
    """Exit code for any exception: 130 for an interrupt, 1 for a bug of ours."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return 1
