"""The real command line, run within the process, and what every failure of it must keep to."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from satdesk.cli.app import run
from satdesk.release.schema import check


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error on stdout, checked against its schema."""
        check(self.answer, "error")
        return self.answer["error"]


def satdesk(*arguments: object) -> Ended:
    """``satdesk ARGUMENTS``, as a shell would call it."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


def tree(folder: Path) -> set[str]:
    """Every file and folder below `folder`, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def refused(*arguments: object, code: int, says: tuple[str, ...] = (), around: Path) -> str:
    """Run a command that must fail; return its message.

    Args:
        arguments: Without ``--json``, which is added.
        code: Exit code that the failure must have.
        says: Texts that the message must contain.
        around: Folder in which the failure must leave nothing behind.
    """
    before = tree(around)
    ended = satdesk(*arguments, "--json")
    assert ended.code == code, ended.err
    message = ended.error["message"]
    assert ended.error["exit_code"] == code
    assert "Traceback" not in ended.err
    assert message in ended.err
    for text in says:
        assert text in message, message
    assert tree(around) == before, "a failure leaves nothing behind"
    return message


def told(ended: Ended, schema: str) -> Any:
    """The answer of a command that must have succeeded, checked against its schema."""
    assert ended.code == 0, ended.err
    check(ended.answer, schema)
    return ended.answer
