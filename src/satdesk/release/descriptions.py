"""Facts of a picture in words of a language: satellite, pixels, cloud, positions, event, steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from satdesk.core.lineage import Lineage, plain
from satdesk.core.place import Name
from satdesk.release.accuracy_words import about
from satdesk.release.content import Content, DatedImage, Event, Relation
from satdesk.release.dates import format_acquisition
from satdesk.release.direction import isolated
from satdesk.release.language import Language, significant, spoken
from satdesk.release.wording import Count, Metres, Percent, Phrase, Words

__all__ = [
    "accuracy_facts",
    "accuracy_words",
    "cloud_words",
    "event_words",
    "is_dehazed",
    "names_line",
    "pixel_words",
    "processing_words",
    "relation_sentence",
    "relation_words",
    "satellite_words",
    "seen_words",
    "source_line",
    "step_words",
]

_STEPS = (
    "calibrated", "ortho", "warped", "sharpened", "mosaic", "seamed", "balanced",
    "masked", "clipped", "unveiled", "dehazed",
)  # fmt: skip
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
_PRODUCTS = ("sharpened", "ms", "pan")
_HOWS = {"leave-one-out": "leave_one_out", "check-points": "check_points", "held-out": "held_out"}
_RELATIONS = {Relation.BEFORE: "before", Relation.AFTER: "after", Relation.UNKNOWN: "unknown"}


def names_line(
    names: Iterable[Name], *, first: str | None = None, words: Language | None = None
) -> str:
    """All names once, parted by middle dots, beginning with `first`."""
    direction = spoken(words).direction
    texts = [name.text for name in names]
    ordered = dict.fromkeys(texts if first is None else [first, *texts])
    return " · ".join(isolated(text, direction) for text in ordered)


def satellite_words(image: DatedImage, words: Language | None = None) -> str:
    """Satellite and camera; says so where the provider states none."""
    said = spoken(words)
    if image.mission is not None:
        mission = Words(image.mission)
        if image.instrument:
            return said.say("satellite", mission=mission, instrument=Words(image.instrument))
        return said.show(mission)
    if image.instrument:
        return said.say("satellite_not_stated_camera", instrument=Words(image.instrument))
    return said.say("satellite_not_stated")


def accuracy_facts(image: DatedImage) -> dict[str, Any]:
    """The fact ``accuracy``: what independent points measured; else that nobody checked."""
    found = dict(image.facts).get("accuracy")
    measured: dict[str, Any] = plain(found) if isinstance(found, Mapping) else {}
    nothing = spoken(None).say("accuracy_nothing")
    return {"statement": nothing, "checked": False, **measured}


def accuracy_words(image: DatedImage, words: Language | None = None) -> str:
    """How exactly its places lie, from the figures of the fact ``accuracy``; without full stop."""
    said, facts = spoken(words), accuracy_facts(image)
    if facts["checked"]:
        against = "reference_" if facts["against"] == "reference" else ""
        return said.say(
            f"accuracy_{against}{_HOWS[facts['how']]}",
            figure=Metres(Decimal(about(facts["ce90_m"]))),
            n=Count(facts["n"]),
        )
    stated = [part["value_m"] for part in facts.get("parts", ()) if part["part"] == "provider"]
    if not stated or stated[0] is None:
        return said.say("accuracy_nothing")
    figure = round(stated[0]) if stated[0] >= 100 else stated[0]  # as accuracy_words.statement
    return said.say("accuracy_stated", figure=Metres(significant(figure, 2 if figure < 100 else 9)))


def pixel_words(image: DatedImage, words: Language | None = None) -> str:
    """``1.5 m product, about 2 m native``: what the pixel size really is."""
    said, product = spoken(words), Metres(significant(image.gsd_m, 3))
    if image.native_gsd_m is None:
        return said.say("pixel_native_not_stated", product=product)
    if abs(image.native_gsd_m - image.gsd_m) < 0.01 * image.gsd_m:
        return said.say("pixel_resolved", product=product)
    native = Metres(significant(image.native_gsd_m, 3))
    return said.say("pixel_native", product=product, native=native)


def seen_words(image: DatedImage, words: Language | None = None) -> str:
    """Share of the district that the picture shows; never rounded up to all of it."""
    said, percent = spoken(words), 100 * image.seen_share
    if image.seen_share >= 1:
        return said.say("seen_all", share=Percent(Decimal(100)))
    if percent <= 0:
        return said.say("seen_nothing")
    return said.say("seen_part", share=Percent(Decimal(f"{min(percent, 99.9):.1f}")))


def cloud_words(image: DatedImage, words: Language | None = None) -> str:
    """What hides the district as measured, or that nobody measured; and what the provider states.

    The fact ``cloud`` may hold ``cloud_percent`` and ``shadow_percent``: the shares of the district
    that a mask of ours calls cloud, and shadow of one.
    """
    said = spoken(words)
    provider = said.say("cloud_not_stated")
    if image.cloud_percent is not None:
        provider = said.say("cloud_stated", share=Percent(significant(image.cloud_percent, 3)))
    found = dict(image.facts).get("cloud")
    if not isinstance(found, Mapping) or "cloud_percent" not in found:
        return said.say("cloud_not_measured", provider=Phrase(provider))
    cloud, shadow = (
        Percent(Decimal(f"{float(found[f'{what}_percent']):.1f}")) for what in ("cloud", "shadow")
    )
    return said.say("cloud_measured", share=cloud, shadow=shadow, provider=Phrase(provider))


def relation_words(
    content: Content, image: DatedImage, words: Language | None = None
) -> str | None:
    """``before “the event” (10 November 2020)``; None without an event."""
    return _related("relation", content, image, spoken(words))


def relation_sentence(content: Content, image: DatedImage, words: Language) -> str | None:
    """The same as a sentence."""
    return _related("sentence", content, image, words)


def _related(kind: str, content: Content, image: DatedImage, said: Language) -> str | None:
    if content.event is None or image.relation is None:
        return None
    event = Phrase(event_words(content.event, said))
    return said.say(f"{kind}_{_RELATIONS[image.relation]}", event=event)


def event_words(event: Event, words: Language | None = None) -> str:
    """The event in the publisher's words, its time, and who says so."""
    said = spoken(words)
    when = format_acquisition(event.at, event.time_zone, said)
    time = when.day if event.at.instant is None else when.prose
    return said.say("event", name=Words(event.name), time=Phrase(time), source=Words(event.source))


def processing_words(image: DatedImage, words: Language | None = None) -> str:
    """What was done to the pixels, in the order in which it was done."""
    said, steps = spoken(words), _steps(image.lineage)
    done = dict.fromkeys(said.say(f"step_{step}") for step in steps if step in _STEPS)
    product = () if "sharpened" in steps else (_product(image.product, said),)
    shown = (said.say("step_dehazed"),) if is_dehazed(image) else ()
    return said.say("separator").join((*product, *done, *shown, said.say("display_tone")))


def is_dehazed(image: DatedImage) -> bool:
    """Whether the picture for eyes has lost haze, as the fact ``dehaze`` says."""
    found = dict(image.facts).get("dehaze")
    return isinstance(found, Mapping) and found.get("applied_to") != "nothing"


def _product(name: str, said: Language) -> str:
    return said.say(f"product_{name}") if name in _PRODUCTS else name


def step_words(step: str, words: Language | None = None) -> str:
    """A step of a lineage in words; its own name where a caption does not speak of it."""
    if step in _STEPS:
        return spoken(words).say(f"step_{step}")
    return _FURTHER_STEPS.get(step, step.replace("-", " "))


def _steps(lineage: Lineage) -> list[str]:
    """Names of all steps, inputs before what was made of them."""
    before = [step for given in lineage.inputs for step in _steps(given)]
    return [*before, lineage.step]


def source_line(content: Content, words: Language | None = None) -> str:
    """Where the boundary comes from: title, date, viewpoint, validity, licence, reference."""
    said, source = spoken(words), content.district.source
    parts = [
        said.say("boundary", title=Words(source.title)),
        said.say("boundary_date", date=Words(source.date))
        if source.date
        else said.say("boundary_date_unknown"),
        said.say("boundary_viewpoint", viewpoint=Words(source.viewpoint))
        if source.viewpoint
        else said.say("boundary_viewpoint_unknown"),
        _validity(source.valid_from, source.valid_to, said),
        *(said.show(Words(text)) for text in (source.licence, source.reference) if text),
    ]
    return said.say("comma").join(parts) + "."


def _validity(start: str | None, end: str | None, said: Language) -> str:
    if not (start or end):
        return said.say("boundary_valid_unknown")
    ends = [said.show(Words(text)) if text else said.say("unknown") for text in (start, end)]
    return said.say("boundary_valid", start=Phrase(ends[0]), end=Phrase(ends[1]))
