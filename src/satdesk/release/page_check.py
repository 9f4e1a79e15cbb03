"""How a reader checks the release: which commands tell, and what they cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

from satdesk.release.content import Artifact, Content
from satdesk.release.page_html import Html, el, join

__all__ = ["check_words"]

_SIGNED = (
    "The checksums of this release are signed, and its pictures carry Content Credentials. This "
    "page cannot tell by whom: anybody can write a name. Let the command below tell, with "
    "certificates that you trust."
)
_UNSIGNED = (
    "Nothing in this release is signed. The checksums tell whether a file is unchanged since they "
    "were written, and not who wrote them: compare them with a copy from the publisher."
)
_LIMITS = (
    "A signature says who released a file and that it is unchanged. It does not say that what is "
    "written about the picture is true."
)


def check_words(content: Content, artifacts: Sequence[Artifact]) -> Html:
    """What stands under "Check this release".

    Args:
        content: The release.
        artifacts: All that the page offers; with one of role ``signature`` the release is signed.
    """
    signed = any(artifact.role == "signature" for artifact in artifacts)
    made_again = any(artifact.role == "recipe" for artifact in artifacts)
    steps = [
        ("Whether all files are unchanged", "sha256sum -c SHA256SUMS"),
        (
            "Who released it" if signed else "Whether anything was added, altered or left out",
            _VERIFY,
        ),
        ("Where a copy of a picture comes from", "satdesk identify PICTURE --catalogue CATALOGUE"),
    ]
    if made_again:
        steps.append(("Make it again from the scenes", "satdesk reproduce . --scenes DIR"))
    return join(
        (
            el("p", _SIGNED if signed else _UNSIGNED),
            el(
                "dl", *(el("div", el("dt", what), el("dd", el("code", how))) for what, how in steps)
            ),
            el("p", _LIMITS),
            el(
                "p",
                f"Revision {content.revision} of “{content.id}”.",
            ),
        )
    )


_VERIFY = "satdesk verify ."
