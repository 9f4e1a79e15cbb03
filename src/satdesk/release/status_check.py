"""What ``status.json`` of a release is worth: whose signature it bears, and what it says today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from satdesk.errors import MissingInputError, SatdeskError, VerificationError
from satdesk.provenance.signature import MAX_SIGNATURE_BYTES, read_detached
from satdesk.provenance.trust import Trust, fingerprint, holder
from satdesk.release.status_file import (
    STATUS_FILES,
    STATUS_NAME,
    STATUS_SCRIPT,
    STATUS_SIGNATURE,
    effective,
    read_status,
    script_of,
    status_bytes,
)
from satdesk.release.verification import Checked, SignerFound, Verdict

__all__ = ["StatusFound", "check_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFound:
    """The status of a release.

    Attributes:
        files: Its files, judged.
        effective: ``draft``, ``issued`` …; None where it cannot be read.
        words: What nobody may overlook; empty where there is nothing.
        verdict: Of ``status.json``.
        stamp_sha256: Of the time stamp that it vouches for; None = of none.
    """

    files: tuple[Checked, ...] = ()
    effective: str | None = None
    words: str = ""
    verdict: Verdict = Verdict.UNSIGNED
    stamp_sha256: str | None = None


def check_status(
    folder: Path, present: Mapping[str, bool], trust: Trust, *, at: datetime, expected: bool
) -> StatusFound:
    """Judge the status of a release.

    Args:
        folder: The release.
        present: Every file in it, and whether it is a plain one.
        trust: The anchors.
        at: Now.
        expected: Whether a release of this kind has one.
    """
    if not any(name in present for name in STATUS_FILES):
        if not expected:
            return StatusFound()
        gone = Checked(path=STATUS_NAME, verdict=Verdict.MISSING, reason="the status is gone")
        return StatusFound(files=(gone,))
    try:
        if not all(present.get(name, True) for name in STATUS_FILES):
            raise VerificationError("a link or no plain file")
        status = read_status(folder)
        data = (folder / STATUS_NAME).read_bytes()
        if data != status_bytes(status):
            raise VerificationError("it is not written as we write it")
    except MissingInputError as error:
        there = present.get(STATUS_NAME, False)
        verdict = Verdict.UNSIGNED if there else Verdict.MISSING
        gone = Checked(path=STATUS_NAME, verdict=verdict, reason=error.what)
        return StatusFound(files=(gone,))
    except SatdeskError as error:
        bad = Checked(path=STATUS_NAME, verdict=Verdict.ALTERED, reason=error.what)
        return StatusFound(files=(bad,))
    files = tuple(_judged(folder, data, present, trust, at))
    return StatusFound(
        files=files,
        effective=effective(status, at),
        words=_words(status, at),
        verdict=files[0].verdict,
        stamp_sha256=status.get("time_stamp_sha256"),
    )


def _judged(
    folder: Path, data: bytes, present: Mapping[str, bool], trust: Trust, at: datetime
) -> Iterator[Checked]:
    verdict, reason = _signature(folder, data, present, trust, at)
    yield Checked(path=STATUS_NAME, verdict=verdict, reason=reason)
    if STATUS_SIGNATURE in present:
        yield Checked(path=STATUS_SIGNATURE, verdict=verdict, reason=reason)
    if STATUS_SCRIPT not in present:
        yield Checked(path=STATUS_SCRIPT, verdict=Verdict.MISSING, reason="the page reads it")
    elif (folder / STATUS_SCRIPT).read_bytes() != script_of(data):
        words = "it does not say what status.json says"
        yield Checked(path=STATUS_SCRIPT, verdict=Verdict.ALTERED, reason=words)
    else:
        yield Checked(path=STATUS_SCRIPT, verdict=verdict, reason="as status.json says")


def _signature(
    folder: Path, data: bytes, present: Mapping[str, bool], trust: Trust, at: datetime
) -> tuple[Verdict, str]:
    if STATUS_SIGNATURE not in present:
        return Verdict.UNSIGNED, "nobody signed the status"
    with (folder / STATUS_SIGNATURE).open("rb") as file:
        signature = file.read(MAX_SIGNATURE_BYTES + 1)
    try:
        found = read_detached(signature, data)
    except VerificationError as error:
        return Verdict.ALTERED, f"{error.what}: {error.found}"
    refusal = trust.refusal(found.chain, at)
    signer = SignerFound(
        name=holder(found.chain[0]),
        refusal=refusal,
        certificate_sha256=fingerprint(found.chain[0]),
    )
    verdict = Verdict.TRUSTED if refusal is None else Verdict.UNKNOWN_SIGNER
    return verdict, f"signed by {signer.words}"


def _words(status: Mapping[str, Any], at: datetime) -> str:
    now = effective(status, at)
    if now == "withdrawn":
        return f"It is WITHDRAWN since {status['since']}: {status['reason']}"
    if now == "corrected":
        later = status["replaced_by"]["revision"]
        return f"It is CORRECTED: revision {later} takes its place: {status['reason']}"
    if now == "embargoed":
        return f"It is EMBARGOED until {status['embargo_until']}."
    return ""
