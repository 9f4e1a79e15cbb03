"""What other sites take from the page: a preview, and a frame to put into an article."""

from __future__ import annotations

from collections.abc import Sequence

from satdesk.release.content import Artifact, Content
from satdesk.release.page_html import Html, el, join

__all__ = ["EMBED_ID", "address_of_page", "embed_snippet", "page_address", "social"]

EMBED_ID = "embed-snippet"
_UNKNOWN = "ADDRESS-OF-THIS-PAGE"


def page_address(content: Content) -> str | None:
    """The address of ``index.html`` on the web; None where the recipe states none."""
    return None if content.address is None else address_of_page(content.address)


def address_of_page(address: str) -> str:
    """Where the page stands below the `address` of a release's folder."""
    return f"{address.rstrip('/')}/index.html"


def social(content: Content, title: str, description: str, artifacts: Sequence[Artifact]) -> Html:
    """Open Graph's and the others' tags: a card with a picture where the address is known.

    Networks take a picture by its full address only, so without one the card is of words.
    """
    picture = _preview(artifacts)
    facts = [
        ("og:type", "article"),
        ("og:title", title),
        ("og:description", description),
        ("og:site_name", content.publisher),
        ("og:locale", content.language.replace("-", "_")),
    ]
    if content.address is not None and picture is not None:
        at = f"{content.address.rstrip('/')}/{picture.path}"
        facts += [("og:url", page_address(content) or ""), ("og:image", at)]
        facts += [("og:image:type", picture.media_type), ("og:image:alt", description)]
    card = "summary_large_image" if "og:image" in dict(facts) else "summary"
    tags = [el("meta", property=name, content=text) for name, text in facts]
    return join([*tags, el("meta", name="twitter:card", content=card)])


def embed_snippet(content: Content, title: str) -> Html:
    """Markup to copy into an article; the page's script puts the address in where it is open."""
    frame = el(
        "iframe",
        src=page_address(content) or _UNKNOWN,
        title=title,
        width="100%",
        height="640",
        loading="lazy",
        allow="fullscreen",
    )
    return el("code", str(frame), id=EMBED_ID, data_unknown=_UNKNOWN)


def _preview(artifacts: Sequence[Artifact]) -> Artifact | None:
    """The wide press picture with its dates on it; that of all dates before that of one."""
    wide = [one for one in artifacts if one.role == "press" and "-16x9-annotated" in one.path]
    return min(wide, key=lambda one: (one.date_id is not None, one.path), default=None)
