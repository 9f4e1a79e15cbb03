"""Captions and descriptions: typed facts in fixed sentences.

A caption says what the picture shows, where, when, by which satellite and how it was processed.
No sentence of ours says who did something: the publisher's own words are quoted, attributed and
kept apart from what was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from satdesk.core.lineage import Lineage, plain
from satdesk.core.place import Name
from satdesk.release.content import Content, DatedImage, Event, Relation, Status
from satdesk.release.dates import format_acquisition

__all__ = [
    "NOT_CHECKED",
    "Caption",
    "accuracy_facts",
    "accuracy_words",
    "alt_text",
    "caption",
    "caption_parts",
    "cloud_words",
    "comparison_alt_text",
    "comparison_caption",
    "event_words",
    "names_line",
    "pixel_words",
    "processing_words",
    "relation_words",
    "satellite_words",
    "seen_words",
    "source_line",
    "step_words",
]

_STEPS = {
    "calibrated": "calibrated to top-of-atmosphere reflectance",
    "ortho": "orthorectified",
    "warped": "resampled to the map's grid",
    "sharpened": "pansharpened (colour of the multispectral image on the detail of the "
    "panchromatic one)",
    "mosaic": "mosaicked",
    "seamed": "put together from several scenes along lines where they differ least",
    "balanced": "balanced in brightness between scenes",
    "masked": "masked",
    "clipped": "clipped to the district's boundary",
}
_FURTHER_STEPS = {
    "sighted": "clouds told from ground",
    "blended": "seams feathered",
    "image-layer": "an image of the scene read",
    "selected": "bands put in order",
    "registered": "laid on the other date",
    "relabelled": "bands named",
    "stamped": "SIMULATED written into it",
}
"""Steps that a caption need not speak of."""
_PRODUCTS = {
    "sharpened": "pansharpened colour",
    "ms": "multispectral colour",
    "pan": "panchromatic (grey)",
}


NOT_CHECKED = "not checked; the provider states nothing"
"""What stands where the positional accuracy was not measured: never a number of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The sentences of a caption, apart from each other.

    Attributes:
        observation: What, where, when, by which satellite, with which pixels.
        relation: Where it stands to the event; None without one.
        processing: What was done to the pixels.
        positions: How exactly its places lie, or that nobody checked.
        marks: ``SIMULATED …`` and ``DRAFT …``; None where neither holds.
        assertion: The publisher's words, quoted and attributed; None without any.
        credit: The line that must stand beside the picture.
    """

    observation: str
    relation: str | None
    processing: str
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
            self.positions,
            self.assertion,
            f"Credit: {self.credit}",
        )
        return " ".join(part for part in parts if part)


def caption(content: Content, image: DatedImage) -> str:
    """The caption of one date, as one paragraph."""
    return caption_parts(content, image).text


def caption_parts(content: Content, image: DatedImage) -> Caption:
    """The caption of one date, sentence by sentence."""
    return Caption(
        observation=_observation(content, image),
        relation=_relation_sentence(content, image),
        processing=f"Processing: {processing_words(image)}.",
        positions=f"Positions {accuracy_words(image)}.",
        marks=_marks(content, simulated=image.simulated),
        assertion=_assertion(content),
        credit=image.credit,
    )


def comparison_caption(content: Content, images: tuple[DatedImage, ...]) -> str:
    """The caption of several dates side by side, as one paragraph."""
    sentences: list[str | None] = [_marks(content, simulated=any(i.simulated for i in images))]
    for image in images:
        sentences += [_observation(content, image), _relation_sentence(content, image)]
    sentences.append("Every date has the same area, scale and display tone.")
    sentences += _positions(images)
    credit = "; ".join(dict.fromkeys(image.credit for image in images))
    return " ".join(s for s in (*sentences, _assertion(content), f"Credit: {credit}") if s)


def _positions(images: tuple[DatedImage, ...]) -> list[str]:
    """One sentence for all dates where the same holds for them, else one each."""
    said = [accuracy_words(image) for image in images]
    if len(set(said)) == 1:
        return [f"Positions {said[0]}."]
    days = [format_acquisition(image.acquisition, None).day for image in images]
    return [f"Positions of {day}: {words}." for day, words in zip(days, said, strict=True)]


def alt_text(content: Content, image: DatedImage) -> str:
    """For readers who do not see the picture: what kind of picture of what, from when."""
    when = format_acquisition(image.acquisition, content.time_zone)
    kind = "Simulated satellite picture" if image.simulated else "Satellite picture"
    sites = ", ".join(site.title for site in content.sites)
    marked = f" Marked places: {sites}." if sites else ""
    return f"{kind} of {content.district.title} from above, {when.day}.{marked}"


def comparison_alt_text(content: Content, images: tuple[DatedImage, ...]) -> str:
    """The same for several dates side by side."""
    days = " and ".join(format_acquisition(i.acquisition, None).day for i in images)
    kind = "Simulated satellite pictures" if content.simulated else "Satellite pictures"
    return f"{kind} of {content.district.title} side by side, {days}."


def names_line(names: Iterable[Name], *, first: str | None = None) -> str:
    """All names once, parted by middle dots, beginning with `first`."""
    texts = [name.text for name in names]
    return " · ".join(dict.fromkeys(texts if first is None else [first, *texts]))


def satellite_words(image: DatedImage) -> str:
    """Satellite and camera; says so where the provider states none."""
    if image.mission is None:
        return "satellite not stated" + (f", camera {image.instrument}" if image.instrument else "")
    return f"{image.mission}, {image.instrument}" if image.instrument else image.mission


def accuracy_facts(image: DatedImage) -> dict[str, Any]:
    """The fact ``accuracy``: what independent points measured; else that nobody checked."""
    found = dict(image.facts).get("accuracy")
    measured: dict[str, Any] = plain(found) if isinstance(found, Mapping) else {}
    return {"statement": NOT_CHECKED, "checked": False, **measured}


def accuracy_words(image: DatedImage) -> str:
    """The statement of the fact ``accuracy``, without a full stop."""
    return str(accuracy_facts(image)["statement"])


def pixel_words(image: DatedImage) -> str:
    """``1.5 m product, about 2 m native``: what the pixel size really is."""
    product = f"{image.gsd_m:.3g} m product"
    if image.native_gsd_m is None:
        return f"{product}, native size not stated"
    if abs(image.native_gsd_m - image.gsd_m) < 0.01 * image.gsd_m:
        return f"{product}, as the sensor resolves"
    return f"{product}, about {image.native_gsd_m:.3g} m native"


def seen_words(image: DatedImage) -> str:
    """Share of the district that the picture shows; never rounded up to all of it."""
    percent = 100 * image.seen_share
    if image.seen_share >= 1:
        return "100 % of the district"
    return f"{min(percent, 99.9):.1f} % of the district" if percent > 0 else "nothing"


def cloud_words(image: DatedImage) -> str:
    """Cloud as the provider states it."""
    if image.cloud_percent is None:
        return "not stated by the provider"
    return f"{image.cloud_percent:.3g} % of the whole scene, as the provider states"


def relation_words(content: Content, image: DatedImage) -> str | None:
    """``before “the event” (10 November 2020)``; None without an event."""
    if content.event is None or image.relation is None:
        return None
    word = image.relation.value
    if image.relation is Relation.UNKNOWN:
        word = f"{word}, in relation to"
    return f"{word} {event_words(content.event)}"


def event_words(event: Event) -> str:
    """The event in the publisher's words, its time, and who says so."""
    when = format_acquisition(event.at, event.time_zone)
    time = when.day if event.at.instant is None else when.prose
    return f"“{event.name}” ({time}; source: {event.source})"


def processing_words(image: DatedImage) -> str:
    """What was done to the pixels, in the order in which it was done."""
    steps = _steps(image.lineage)
    done = dict.fromkeys(_STEPS[step] for step in steps if step in _STEPS)
    product = () if "sharpened" in steps else (_PRODUCTS.get(image.product, image.product),)
    return "; ".join((*product, *done, "one display tone for every date"))


def step_words(step: str) -> str:
    """A step of a lineage in words; its own name where a caption does not speak of it."""
    return _STEPS.get(step) or _FURTHER_STEPS.get(step, step.replace("-", " "))


def source_line(content: Content) -> str:
    """Where the boundary comes from: title, date, viewpoint, validity, licence, reference."""
    source = content.district.source
    validity = f"{source.valid_from or 'unknown'} to {source.valid_to or 'unknown'}"
    parts = [
        f"Boundary: {source.title}",
        f"date {source.date or 'unknown'}",
        f"viewpoint {source.viewpoint or 'unknown'}",
        f"valid {validity}" if source.valid_from or source.valid_to else "validity unknown",
        source.licence,
        source.reference,
    ]
    return ", ".join(part for part in parts if part) + "."


def _steps(lineage: Lineage) -> list[str]:
    """Names of all steps, inputs before what was made of them."""
    before = [step for given in lineage.inputs for step in _steps(given)]
    return [*before, lineage.step]


def _observation(content: Content, image: DatedImage) -> str:
    title = content.district.title
    others = [n.text for n in content.district.names if n.text != title]
    also = f" ({', '.join(dict.fromkeys(others))})" if others else ""
    when = format_acquisition(image.acquisition, content.time_zone).prose
    by = satellite_words(image)
    return f"{title}{also} on {when}; {by}; {pixel_words(image)}."


def _relation_sentence(content: Content, image: DatedImage) -> str | None:
    words = relation_words(content, image)
    if words is None:
        return None
    if image.relation is Relation.UNKNOWN:
        return f"Relation to the event: {words}."
    return f"The picture is from {words}."


def _marks(content: Content, *, simulated: bool) -> str | None:
    marks = []
    if simulated:
        marks.append("SIMULATED: no camera took this picture.")
    if content.status is Status.DRAFT:
        marks.append("DRAFT: not for publication.")
    return " ".join(marks) or None


def _assertion(content: Content) -> str | None:
    """The publisher's words in quotation marks of ours, theirs (if any) taken off."""
    if content.assertion is None:
        return None
    words = content.assertion.strip().strip('“”"')
    return f"{content.publisher} states: “{words}”"
