"""Captions and text alternatives to copy, in every language of the release."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from satdesk.release.captions import alt_text, caption, comparison_caption
from satdesk.release.content import Content, DatedImage
from satdesk.release.facts import Phrase
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
        named = title(content, image)
        yield _copyable(f"caption-{image.id}{suffix}", named, text, words, _own(content))
    if len(content.dates) > 1:
        both = comparison_caption(content, content.dates, words)
        shared = _own(content).say("page_comparison")
        yield _copyable(f"caption-comparison{suffix}", shared, both, words, _own(content))
    for image in content.dates:
        name = _own(content).say("page_alt", date=Phrase(title(content, image)))
        text = alt_text(content, image, words)
        yield _copyable(f"alt-{image.id}{suffix}", name, text, words, _own(content))
    yield el("p", words.review, class_="kind", lang=words.tag, dir=words.direction)


def _own(content: Content) -> Language:
    """The language of the page around the captions."""
    return language(content.language)


def _copyable(key: str, title: str, text: str, words: Language, page: Language) -> Html:
    copy = page.say("page_copy")
    name = f"{copy}: {title} ({words.tag})"
    return el(
        "div",
        el("h3", title),
        el("p", text, id=key, lang=words.tag, dir=words.direction),
        el("button", copy, type="button", data_copy=key, aria_label=name),
        class_="copyable",
    )
