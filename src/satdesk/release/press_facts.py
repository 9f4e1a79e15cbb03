"""What a press picture says about itself: one value, which every block of metadata is made from.

Names follow the IPTC Photo Metadata Standard 2023.2.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

from satdesk.core.scene import Acquisition
from satdesk.release.captions import (
    alt_text,
    caption,
    comparison_alt_text,
    comparison_caption,
)
from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.dates import format_acquisition, format_day
from satdesk.release.language import Language, language
from satdesk.release.press_places import ShownPlace, shown_places
from satdesk.release.wording import Number, Phrase, Words

__all__ = ["PictureFacts", "Worded", "licence_words", "source_type"]

_ENLARGED = 1.05
"""From here on a picture says that it was enlarged."""
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """What is said in one language.

    Attributes:
        tag: BCP 47.
        title: Headline; begins with the marks that the picture bears.
        description: The caption.
        alt_text: For readers who do not see the picture.
        usage_terms: What may be done with it.
    """

    tag: str
    title: str
    description: str
    alt_text: str
    usage_terms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What is written into a picture file.

    Attributes:
        worded: Title, caption, alt text and usage terms in each language, the release's first.
        credit: The line that must stand beside it.
        copyright: The notice.
        instructions: What an editor has to know before printing it.
        publisher: Who issues it.
        contact: Where corrections go; None = not stated.
        acquired: The earliest acquisition shown; the standard's DateCreated is this, not the
            moment at which the file was written.
        places: What it shows, the district first.
        names: All names of the district.
        keywords: Each once.
        country: ISO 3166-1 alpha-2; None = not stated.
        source_type: IPTC's term for how the picture came to be, as an address.
        simulated: No camera took it.
        draft: Not for publication.
        release: Id of the release.
        revision: Of the release.
        document: The same in every revision of this picture (``uuid:…``).
        instance: Of this revision alone (``uuid:…``).
        language: BCP 47 tag of the words.
        software: Name and version.
    """

    worded: tuple[Worded, ...]
    credit: str
    copyright: str
    instructions: str
    publisher: str
    contact: str | None
    acquired: Acquisition
    places: tuple[ShownPlace, ...]
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    country: str | None
    source_type: str
    simulated: bool
    draft: bool
    release: str
    revision: int
    document: str
    instance: str
    language: str
    software: str

    @classmethod
    def of(
        cls,
        content: Content,
        images: tuple[DatedImage, ...],
        *,
        path: str,
        enlarged: float = 1.0,
    ) -> PictureFacts:
        """The facts of the picture at `path` (POSIX, in the release) that shows `images`.

        `enlarged` is how many times larger than its own pixels it is shown.
        """
        simulated = any(image.simulated for image in images)
        draft = content.status is Status.DRAFT
        credit = "; ".join(dict.fromkeys(image.credit for image in images))
        return cls(
            worded=tuple(_worded(content, images, language(tag), enlarged) for tag in content.tags),
            credit=credit,
            copyright=content.copyright or credit,
            instructions=_instructions(content, draft=draft, simulated=simulated),
            publisher=content.publisher,
            contact=content.contact,
            acquired=min((i.acquisition for i in images), key=lambda a: a.day),
            places=shown_places(content),
            names=tuple(dict.fromkeys(n.text for n in content.district.names)),
            keywords=_keywords(content, images, draft=draft, simulated=simulated),
            country=content.district.country,
            source_type=source_type(images),
            simulated=simulated,
            draft=draft,
            release=content.id,
            revision=content.revision,
            document=_identifier(content, path),
            instance=_identifier(content, f"{path}#{content.revision}"),
            language=content.language,
            software=f"satdesk {content.version}",
        )

    @property
    def title(self) -> str:
        """Headline, in the release's language."""
        return self.worded[0].title

    @property
    def description(self) -> str:
        """The caption, in the release's language."""
        return self.worded[0].description

    @property
    def alt_text(self) -> str:
        """For readers who do not see the picture, in the release's language."""
        return self.worded[0].alt_text

    @property
    def usage_terms(self) -> str:
        """What may be done with it, in the release's language or the publisher's own words."""
        return self.worded[0].usage_terms

    @property
    def date_created(self) -> str:
        """ISO 8601: an instant in UTC, or the day alone where no more is known."""
        instant = self.acquired.instant
        if instant is None:
            return self.acquired.day.isoformat()
        return f"{instant:%Y-%m-%dT%H:%M:%S}+00:00"


def source_type(images: tuple[DatedImage, ...]) -> str:
    """IPTC's DigitalSourceType of a picture that shows `images`.

    ``digitalCapture`` for one scene, ``compositeCapture`` for several, ``algorithmicMedia`` where
    no camera took any of them (``trainedAlgorithmicMedia`` would say that a trained model did),
    ``compositeSynthetic`` where both kinds stand side by side.
    """
    simulated = {image.simulated for image in images}
    if simulated == {True}:
        return f"{_SOURCE_TYPES}algorithmicMedia"
    if len(simulated) > 1:
        return f"{_SOURCE_TYPES}compositeSynthetic"
    scenes = {scene for image in images for scene in image.scene_ids}
    return f"{_SOURCE_TYPES}{'compositeCapture' if len(scenes) > 1 else 'digitalCapture'}"


def _marks(*, draft: bool, simulated: bool) -> tuple[str, ...]:
    return tuple(word for word, on in (("DRAFT", draft), ("SIMULATED", simulated)) if on)


def _worded(
    content: Content, images: tuple[DatedImage, ...], said: Language, enlarged: float
) -> Worded:
    single = len(images) == 1
    when = format_day(images[0].acquisition.day, said) if single else said.say("two_dates")
    words = (
        caption(content, images[0], said) if single else comparison_caption(content, images, said)
    )
    if enlarged > _ENLARGED:
        factor = Number(Decimal(f"{enlarged:.1f}"))
        words = f"{words} {said.say('enlarged', factor=factor)}"
    draft = content.status is Status.DRAFT
    marks = _marks(draft=draft, simulated=any(image.simulated for image in images))
    return Worded(
        tag=said.tag,
        title=": ".join([*marks, said.show(Words(content.title)), when]),
        description=words,
        alt_text=alt_text(content, images[0], said)
        if single
        else comparison_alt_text(content, images, said),
        usage_terms=content.usage_terms or licence_words(images, said),
    )


def licence_words(images: tuple[DatedImage, ...], said: Language) -> str:
    """The names of the scenes' licences, in a sentence."""
    names = dict.fromkeys(image.licence.name or "not stated" for image in images)
    return said.say("licence_words", licences=Words("; ".join(names)))


def _instructions(content: Content, *, draft: bool, simulated: bool) -> str:
    """In the release's language; the review of its words last but for the publisher's own."""
    said = language(content.language)
    parts = [said.say("instruction_draft")] if draft else []
    parts += [said.say("instruction_simulated")] if simulated else []
    if content.embargo is not None:
        when = format_acquisition(Acquisition.at(content.embargo), content.time_zone, said)
        parts.append(said.say("instruction_embargo", when=Phrase(when.prose)))
    parts.append(said.say("instruction_publish"))
    if content.contact:
        parts.append(said.say("instruction_corrections", contact=Words(content.contact)))
    parts += [language(tag).review for tag in content.tags]
    parts += [content.instructions] if content.instructions else []
    return " ".join(parts)


def _keywords(
    content: Content, images: tuple[DatedImage, ...], *, draft: bool, simulated: bool
) -> tuple[str, ...]:
    words = (
        *_marks(draft=draft, simulated=simulated),
        *(name.text for name in content.district.names),
        *(place.name for place in shown_places(content)),
        *(image.mission for image in images if image.mission is not None),
        "satellite image",
        *content.keywords,
    )
    return tuple(dict.fromkeys(words))


def _identifier(content: Content, what: str) -> str:
    """A name-based UUID (RFC 9562, version 5): the same work has the same name on every machine."""
    name = f"satdesk:{content.publisher}/{content.id}/{what}"
    return f"uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
