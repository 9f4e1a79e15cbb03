"""What verifying found: values, and the words for them.

The words say who released a file and that it is unchanged. They never say that a picture is true.
A name that no trust anchor vouches for is shown as what its holder claims to be, and nothing more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Any

from satdesk.provenance.manifest import Credentials, Found, State

__all__ = [
    "LIMITS",
    "Checked",
    "SignerFound",
    "StampFound",
    "Verdict",
    "Verification",
    "printable",
]

LIMITS = (
    "It says who released the files and that they are unchanged; not that what they show is true.",
    "A copy knows of a correction or withdrawal only if its status is as new: ask the publisher.",
)
LIMITS_OF_A_FILE = (
    "Away from its release a file is checked by its own credentials, which have unused bytes.",
    "A change in those is not seen; the signed checksums of the release show every change.",
)


_IDENTIFY = (
    "satdesk identify FILE --catalogue CATALOGUE tells by the pixels from which release it comes"
)


class Verdict(Enum):
    """Of one file, or of a whole release; the worst comes first."""

    ALTERED = "altered"
    MISSING = "missing"
    EXTRA = "extra"
    STRIPPED = "stripped"
    UNKNOWN_SIGNER = "unknown-signer"
    UNSIGNED = "unsigned"
    TRUSTED = "trusted"


_WORDS = {
    Verdict.ALTERED: "ALTERED",
    Verdict.MISSING: "MISSING",
    Verdict.EXTRA: "EXTRA FILE",
    Verdict.STRIPPED: "STRIPPED of its credentials",
    Verdict.UNKNOWN_SIGNER: "UNKNOWN SIGNER",
    Verdict.UNSIGNED: "NOT SIGNED",
    Verdict.TRUSTED: "TRUSTED",
}
_ADVICE = {
    Verdict.ALTERED: "Something in it was changed after it was signed: its picture, or its "
    f"metadata alone. Take the file from the publisher; {_IDENTIFY}.",
    Verdict.STRIPPED: f"Its credentials are gone; {_IDENTIFY}.",
    Verdict.UNSIGNED: f"Nothing in it says who made it; {_IDENTIFY}.",
    Verdict.UNKNOWN_SIGNER: "Ask the publisher for the root certificate, and name it with --trust.",
}
_INGREDIENTS = {
    State.NONE: "named by the signer; it has no credentials of its own",
    State.TRUSTED: "trusted by its own credentials",
    State.UNKNOWN_SIGNER: "its own signer is unknown",
    State.ALTERED: "altered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFound:
    """Who signed.

    Attributes:
        name: In the certificate.
        refusal: Why it is not trusted; None = it is.
        certificate_sha256: Hex; None where only the name is known.
    """

    name: str
    refusal: str | None
    certificate_sha256: str | None = None

    @property
    def words(self) -> str:
        """The name where it is vouched for; else what it is worth."""
        if self.refusal is None:
            return f"“{printable(self.name)}”"
        return f"an unknown signer who claims to be “{printable(self.name)}” ({self.refusal})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFound:
    """The time stamp of the signature over the checksums.

    Attributes:
        time: ``2026-12-01T06:00:00Z``, as the server states it.
        server: Name in its certificate.
        refusal: Why the server is not trusted; None = it is.
        signer_held: Whether the signer's certificate led to an anchor at that time; False where the
            server is not trusted.
    """

    time: str
    server: str
    refusal: str | None
    signer_held: bool

    @property
    def words(self) -> str:
        """When, and by whom; nothing of a time that nobody vouches for."""
        if self.refusal is None:
            return f"time-stamped {self.time} by “{printable(self.server)}”"
        named = f"a server that claims to be “{printable(self.server)}”"
        return f"a time stamp by {named}, which nobody vouches for ({printable(self.refusal)})"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "time": self.time,
            "claims_to_be": self.server,
            "trusted": self.refusal is None,
            "reason": self.refusal,
            "signer_held": self.signer_held,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file.

    Attributes:
        path: POSIX, relative to what was verified.
        verdict: See `Verdict`.
        reason: In words.
        credentials: Its own; None where it carries none or they were not looked at.
    """

    path: str
    verdict: Verdict
    reason: str
    credentials: Credentials | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        own = self.credentials or Credentials(state=State.NONE)
        return {
            "path": self.path,
            "verdict": self.verdict.value,
            "words": self.reason,
            "claims_to_be": own.signer,
            "time_stamp": own.time,
            "actions": list(own.actions),
            "ingredients": [_ingredient(each) for each in own.ingredients],
        }

    @property
    def line(self) -> str:
        """For people."""
        return f"{_WORDS[self.verdict]}: {printable(self.path)}: {printable(self.reason)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The whole answer.

    Attributes:
        subject: What was verified, as it was named.
        kind: ``release`` or ``file``.
        signer: Of the checksums, or of the file; None = nobody.
        anchors: Names of the trust anchors that the reader named.
        files: Sorted by path.
        release: What it says of itself (id, revision, title, status, simulated); None = nothing.
        status: What its ``status.json`` says today; None = there is none, or it cannot be read.
        status_words: What nobody may overlook of that.
        stamp: The time stamp of the signature over the checksums; None = there is none.
    """

    subject: str
    kind: str
    signer: SignerFound | None
    anchors: tuple[str, ...]
    files: tuple[Checked, ...]
    release: dict[str, Any] | None
    status: str | None = None
    status_words: str = ""
    stamp: StampFound | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of all files."""
        order = list(Verdict)
        worst = (each.verdict for each in self.files)
        return min(worst, key=order.index, default=Verdict.UNSIGNED)

    @property
    def trusted(self) -> bool:
        """Whether every file is."""
        return self.verdict is Verdict.TRUSTED

    @property
    def withdrawn(self) -> bool:
        """Whether its status, where that is signed by whoever released it, takes it back."""
        return self.status == "withdrawn"

    @property
    def stands(self) -> bool:
        """Whether every file is trusted and nobody took the release back."""
        return self.trusted and not self.withdrawn

    @property
    def advice(self) -> str | None:
        """What to do next with a file that does not speak for itself; None = nothing."""
        if self.kind != "file" or self.trusted:
            return None
        return _ADVICE.get(self.verdict)

    @property
    def limits(self) -> tuple[str, ...]:
        """What the answer does not say."""
        return LIMITS if self.kind == "release" else (*LIMITS, *LIMITS_OF_A_FILE)

    @property
    def words(self) -> str:
        """One sentence."""
        what = f"the {self.kind} {printable(self.subject)}"
        by = "nobody" if self.signer is None else self.signer.words
        marks = self._marks()
        if self.trusted and self.withdrawn:
            return f"WITHDRAWN: do not publish {what}. Its files are as {by} released them.{marks}"
        if self.trusted:
            anchors = ", ".join(f"“{printable(name)}”" for name in self.anchors)
            return f"TRUSTED: {what} is as {by} released it (trust anchors: {anchors}).{marks}"
        counted = Counter(each.verdict for each in self.files)
        found = ", ".join(f"{counted[v]} {v.value}" for v in Verdict if counted[v])
        return f"NOT TRUSTED: {what}; files: {found}; signed by {by}.{marks}"

    def _marks(self) -> str:
        """What it says of itself and nobody may overlook."""
        stated = self.release or {}
        simulated = " It is SIMULATED: no camera took it." if stated.get("simulated") else ""
        draft = " It is a DRAFT: not for publication." if stated.get("status") == "draft" else ""
        told = f" {printable(self.status_words)}" if self.status_words else ""
        return simulated + draft + told + self._stamped()

    def _stamped(self) -> str:
        """When it was signed at the latest, where a server that is trusted says so."""
        if self.stamp is None or self.stamp.refusal is not None:
            return ""
        over = self.signer is not None and self.signer.refusal is not None
        held = " The signer's certificate was good then." if over and self.stamp.signer_held else ""
        return f" Its checksums were signed and {self.stamp.words}.{held}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; follows ``verify.schema.json``."""
        signer = self.signer
        return {
            "format": "satdesk-verification/1",
            "subject": self.subject,
            "kind": self.kind,
            "trusted": self.trusted,
            "stands": self.stands,
            "verdict": self.verdict.value,
            "words": self.words,
            "signer": None
            if signer is None
            else {
                "claims_to_be": signer.name,
                "trusted": signer.refusal is None,
                "reason": signer.refusal,
                "certificate_sha256": signer.certificate_sha256,
            },
            "time_stamp": None if self.stamp is None else self.stamp.to_dict(),
            "anchors": list(self.anchors),
            "release": self.release,
            "status": self.status,
            "files": [each.to_dict() for each in self.files],
            "advice": self.advice,
            "limits": list(self.limits),
        }


def printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _ingredient(found: Found) -> dict[str, Any]:
    return {
        "title": found.title,
        "state": found.state.value,
        "words": found.reason or _INGREDIENTS[found.state],
    }
