"""Captions and text alternatives to copy, in every language of the release."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from satdesk.release.captions import alt_text, caption, comparison_caption
from satdesk.release.content import Content, DatedImage
from satdesk.release.language import Language, language
from satdesk.release.page_html import Html, el

__all__ = ["captions"]


def captions(content: Content, title: Callable[[Content, DatedImage], str]) -> tuple[Html, ...]:
    """What can be copied: the release's own language open, each further one to be opened.

    Args:
        content: The release.
        title: Names a date among all dates.
    """
    first, *further = (language(tag) for tag in content.tags)
    return (
        *_blocks(content, first, "", title),
        *(
            el(
                "details",
                el("summary", el("span", words.name, lang=words.tag, dir=words.direction)),
                *_blocks(content, words, f"-{words.tag}", title),
            )
            for words in further
        ),
    )


def _blocks(
    content: Content,
    words: Language,
    suffix: str,
    title: Callable[[Content, DatedImage], str],
) -> Iterator[Html]:
    """Captions, that of all dates, text alternatives; last who reviewed the language."""
    for image in content.dates:
        text = caption(content, image, words)
        yield _copyable(f"caption-{image.id}{suffix}", title(content, image), text, words)
    if len(content.dates) > 1:
        both = comparison_caption(content, content.dates, words)
        yield _copyable(f"caption-comparison{suffix}", "Comparison of all dates", both, words)
    for image in content.dates:
        name = f"Text alternative: {title(content, image)}"
        text = alt_text(content, image, words)
        yield _copyable(f"alt-{image.id}{suffix}", name, text, words)
    yield el("p", words.review, class_="kind", lang=words.tag, dir=words.direction)


def _copyable(key: str, title: str, text: str, words: Language) -> Html:
    name = f"Copy: {title} ({words.tag})"
    return el(
        "div",
        el("h3", title),
        el("p", text, id=key, lang=words.tag, dir=words.direction),
        el("button", "Copy", type="button", data_copy=key, aria_label=name),
        class_="copyable",
    )
