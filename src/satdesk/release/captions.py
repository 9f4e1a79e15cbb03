"""Captions and descriptions: typed facts in fixed sentences of a language.

A caption says what the picture shows, where, when, by which satellite, how it was processed, what
cloud hides and how exactly its places lie. No sentence of ours says who did something: the
publisher's own words are quoted, attributed and kept apart from what was observed.
"""

from __future__ import annotations

from dataclasses import dataclass

from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.dates import format_acquisition, format_day
from satdesk.release.descriptions import (
    accuracy_words,
    cloud_words,
    pixel_words,
    processing_words,
    relation_sentence,
    satellite_words,
)
from satdesk.release.direction import isolated
from satdesk.release.language import Language, language
from satdesk.release.wording import Day, Phrase, Words

__all__ = [
    "Caption",
    "alt_text",
    "caption",
    "caption_parts",
    "comparison_alt_text",
    "comparison_caption",
    "names_of_place",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The sentences of a caption, apart from each other.

    Attributes:
        observation: What, where, when, by which satellite, with which pixels.
        relation: Where it stands to the event; None without one.
        processing: What was done to the pixels.
        cloud: What hides the ground, or that nobody measured it.
        positions: How exactly its places lie, or that nobody checked.
        marks: ``SIMULATED …`` and ``DRAFT …``; None where neither holds.
        assertion: The publisher's words, quoted and attributed; None without any.
        credit: The line that must stand beside the picture, as a sentence.
    """

    observation: str
    relation: str | None
    processing: str
    cloud: str
    positions: str
    marks: str | None
    assertion: str | None
    credit: str

    @property
    def text(self) -> str:
        """All sentences; marks first, the assertion after the observation, credit last."""
        parts = (
            self.marks,
            self.observation,
            self.relation,
            self.processing,
            self.cloud,
            self.positions,
            self.assertion,
            self.credit,
        )
        return " ".join(part for part in parts if part)


def caption(content: Content, image: DatedImage, words: Language | None = None) -> str:
    """The caption of one date, as one paragraph; `words` None = in the release's language."""
    return caption_parts(content, image, words).text


def caption_parts(content: Content, image: DatedImage, words: Language | None = None) -> Caption:
    """The caption of one date, sentence by sentence."""
    said = _language(content, words)
    return Caption(
        observation=_observation(content, image, said),
        relation=relation_sentence(content, image, said),
        processing=said.say("processing", steps=Phrase(processing_words(image, said))),
        cloud=said.say("cloud", cloud=Phrase(cloud_words(image, said))),
        positions=said.say("positions", accuracy=Phrase(accuracy_words(image, said))),
        marks=_marks(content, said, simulated=image.simulated),
        assertion=_assertion(content, said),
        credit=said.say("credit", credit=Words(image.credit)),
    )


def comparison_caption(
    content: Content, images: tuple[DatedImage, ...], words: Language | None = None
) -> str:
    """The caption of several dates side by side, as one paragraph."""
    said = _language(content, words)
    simulated = any(image.simulated for image in images)
    sentences: list[str | None] = [_marks(content, said, simulated=simulated)]
    for image in images:
        sentences.append(_observation(content, image, said))
        sentences.append(relation_sentence(content, image, said))
        sentences.append(said.say("cloud", cloud=Phrase(cloud_words(image, said))))
    sentences += [said.say("comparison"), *_positions(images, said), _assertion(content, said)]
    credit = "; ".join(dict.fromkeys(image.credit for image in images))
    sentences.append(said.say("credit", credit=Words(credit)))
    return " ".join(sentence for sentence in sentences if sentence)


def _positions(images: tuple[DatedImage, ...], said: Language) -> list[str]:
    """One sentence for all dates where the same holds for them, else one each."""
    facts = [accuracy_words(image, said) for image in images]
    if len(set(facts)) == 1:
        return [said.say("positions", accuracy=Phrase(facts[0]))]
    days = [Day(image.acquisition.day) for image in images]
    return [
        said.say("positions_of", day=day, accuracy=Phrase(each))
        for day, each in zip(days, facts, strict=True)
    ]


def alt_text(content: Content, image: DatedImage, words: Language | None = None) -> str:
    """For readers who do not see the picture: what kind of picture of what, from when."""
    said = _language(content, words)
    place = Words(said.title_of(content.district.names))
    key = "alt_simulated" if image.simulated else "alt"
    what = said.say(key, place=place, day=Day(image.acquisition.day))
    sites = said.say("comma").join(
        isolated(said.title_of(site.names), said.direction) for site in content.sites
    )
    return f"{what} {said.say('alt_places', sites=Phrase(sites))}" if sites else what


def comparison_alt_text(
    content: Content, images: tuple[DatedImage, ...], words: Language | None = None
) -> str:
    """The same for several dates side by side."""
    said = _language(content, words)
    days = said.listed(format_day(image.acquisition.day, said) for image in images)
    key = "alt_comparison_simulated" if content.simulated else "alt_comparison"
    place = Words(said.title_of(content.district.names))
    return said.say(key, place=place, days=Phrase(days))


def names_of_place(content: Content, said: Language) -> str:
    """The district by its name in the language, all its other names behind it."""
    names = content.district.names
    title = said.title_of(names)
    others = dict.fromkeys(name.text for name in names if name.text != title)
    if not others:
        return said.show(Words(title))
    listed = said.say("comma").join(isolated(text, said.direction) for text in others)
    return said.say("place_with_names", title=Words(title), names=Phrase(listed))


def _language(content: Content, words: Language | None) -> Language:
    return language(content.language) if words is None else words


def _observation(content: Content, image: DatedImage, said: Language) -> str:
    return said.say(
        "observation",
        place=Phrase(names_of_place(content, said)),
        when=Phrase(format_acquisition(image.acquisition, content.time_zone, said).prose),
        satellite=Phrase(satellite_words(image, said)),
        pixels=Phrase(pixel_words(image, said)),
    )


def _marks(content: Content, said: Language, *, simulated: bool) -> str | None:
    marks = [said.say("mark_simulated")] if simulated else []
    marks += [said.say("mark_draft")] if content.status is Status.DRAFT else []
    return " ".join(marks) or None


def _assertion(content: Content, said: Language) -> str | None:
    """The publisher's words in quotation marks of ours, theirs (if any) taken off."""
    if content.assertion is None:
        return None
    quoted = content.assertion.strip().strip('“”«»„"')
    return said.say("assertion", publisher=Words(content.publisher), words=Words(quoted))
