"""How a reader checks the release: which commands tell, and what they cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from satdesk.release.content import Artifact, Content
from satdesk.release.facts import Number, Words
from satdesk.release.language import language
from satdesk.release.page_html import Html, el, join

__all__ = ["check_words"]


def check_words(content: Content, artifacts: Sequence[Artifact]) -> Html:
    """What stands under "Check this release".

    Args:
        content: The release.
        artifacts: All that the page offers; with one of role ``signature`` the release is signed.
    """
    said = language(content.language)
    signed = any(artifact.role == "signature" for artifact in artifacts)
    made_again = any(artifact.role == "recipe" for artifact in artifacts)
    steps = [
        (said.say("check_unchanged"), "sha256sum -c SHA256SUMS"),
        (
            said.say("check_who" if signed else "check_added"),
            _VERIFY,
        ),
        (said.say("check_source"), "satdesk identify PICTURE --catalogue CATALOGUE"),
    ]
    if made_again:
        steps.append((said.say("check_again"), "satdesk reproduce . --scenes DIR"))
    return join(
        (
            el("p", said.say("check_signed" if signed else "check_unsigned")),
            el(
                "dl", *(el("div", el("dt", what), el("dd", el("code", how))) for what, how in steps)
            ),
            el("p", said.say("check_limits")),
            el(
                "p",
                said.say(
                    "check_revision",
                    number=Number(Decimal(content.revision)),
                    release=Words(f"“{content.id}”"),
                ),
            ),
        )
    )


_VERIFY = "satdesk verify ."
