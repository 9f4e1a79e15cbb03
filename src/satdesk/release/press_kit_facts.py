"""What stands in a press kit, as plain data: texts in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.ft2font import FT2Font

from satdesk.core.scene import Acquisition
from satdesk.release.captions import (
    alt_text,
    caption_parts,
    comparison_alt_text,
    comparison_caption,
    names_of_place,
)
from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.dates import format_acquisition
from satdesk.release.descriptions import (
    accuracy_words,
    cloud_words,
    event_words,
    satellite_words,
    source_line,
)
from satdesk.release.house_style import ALARM
from satdesk.release.language import Language, language
from satdesk.release.page_sharing import page_address
from satdesk.release.plate_margin import role_word
from satdesk.release.press import press_dates, press_path
from satdesk.release.press_facts import licence_words
from satdesk.release.setting import credit_sentence
from satdesk.release.typography import clean
from satdesk.release.wording import Phrase, Words

__all__ = ["kit_facts", "kit_pictures"]

_Sentence = Callable[[DatedImage, Language], str]
_SHAPE = "16x9"
_OURS = "DejaVu Sans"
_KEYWORDS = ("satellite image", "press kit")


def kit_pictures(content: Content, tag: str) -> list[dict[str, Any]]:
    """Each picture: its file in the release, its name for the typesetter, its texts."""
    said, dates = language(tag), press_dates(content)
    single: list[tuple[DatedImage, ...]] = [(image,) for image in dates]
    groups = [*single, dates] if len(dates) == 2 else single
    return [_picture(content, images, number, said) for number, images in enumerate(groups)]


def kit_facts(content: Content, pictures: Sequence[dict[str, Any]], tag: str) -> dict[str, Any]:
    """Everything that the template asks for; every text can be set, none is markup."""
    said, palette = language(tag), content.style.palette
    # A heading must not be empty: a title of signs that nobody sees is no title.
    title = content.title if clean(content.title) else content.id
    lead = pictures[-1] if pictures else None
    first = content.dates[-1].acquisition.day
    facts = {
        "lang": said.tag.partition("-")[0],
        "rtl": said.rtl,
        "fonts": _fonts(content),
        "colours": {
            "ink": palette.ink if palette.paper == "#ffffff" else "#1b1d20",
            "quiet": palette.quiet if palette.paper == "#ffffff" else "#5b6068",
            "accent": palette.accent if palette.paper == "#ffffff" else "#1b1d20",
            "alarm": ALARM,
        },
        "document": {
            "title": _joined([*_marks(content), title, said.say("kit_title")], ": "),
            "author": content.publisher,
            "description": "" if lead is None else lead["caption"],
            "keywords": [*_KEYWORDS, *content.keywords],
            "year": first.year,
            "month": first.month,
            "day": first.day,
        },
        "marks": _marks(content),
        "mark_sentences": _mark_sentences(content, said),
        "publisher": content.publisher,
        "headline": said.show(Words(title)),
        "names": names_of_place(content, said),
        "lead": None if lead is None else {"file": lead["file"], "alt": lead["alt"]},
        "lead_line": "" if lead is None else lead["caption"],
        "cover_gap": 30,
        "code": _code(content, said),
        "logo": _logo(content),
        "words": {
            "title": said.say("kit_title"),
            "facts": said.say("kit_facts"),
            "pictures": said.say("kit_pictures"),
            "check": said.say("kit_check"),
        },
        "facts": _rows(content, said),
        "notes": _notes(content, said),
        "pictures": [
            {key: each[key] for key in ("file", "title", "alt", "rows")} for each in pictures
        ],
        "check": _check(content, said),
        "footer": _footer(content, said),
    }
    settable: dict[str, Any] = _settable(facts)
    return settable


def _picture(
    content: Content, images: tuple[DatedImage, ...], number: int, said: Language
) -> dict[str, Any]:
    single = images[0] if len(images) == 1 else None
    when = [format_acquisition(i.acquisition, content.time_zone, said).day for i in images]
    title = said.listed(when) if single is None else when[0]
    alt = (
        comparison_alt_text(content, images, said)
        if single is None
        else alt_text(content, single, said)
    )
    credit = "; ".join(dict.fromkeys(image.credit for image in images))
    caption = (
        comparison_caption(content, images, said)
        if single is None
        else caption_parts(content, single, said).text
    )
    path = press_path(content, images, _SHAPE, annotated=False)
    rows = [
        (said.say("kit_caption"), caption),
        (said.say("kit_alt"), alt),
        (said.say("label_credit"), _credit(content, credit, said)),
        (said.say("kit_licence"), content.usage_terms or licence_words(images, said)),
        (said.say("label_positions"), _each(images, content, said, accuracy_words)),
        (said.say("label_cloud"), _each(images, content, said, cloud_words)),
        (said.say("kit_file"), said.show(Words(path))),
    ]
    return {
        "path": path,
        "file": f"picture-{number}.jpg",
        "title": title,
        "alt": alt,
        "caption": caption,
        "credit": credit_sentence(content.style, credit, said),
        "rows": rows,
    }


def _credit(content: Content, credit: str, said: Language) -> str:
    """The line itself, or the sentence of the house style around it: a label stands beside it."""
    if content.style.credit is None:
        return said.show(Words(credit))
    return credit_sentence(content.style, credit, said)


def _each(
    images: tuple[DatedImage, ...], content: Content, said: Language, words: _Sentence
) -> str:
    texts = [words(image, said) for image in images]
    if len(set(texts)) == 1:
        return texts[0]
    roles = [said.capitalised(role_word(content, image, said)) for image in images]
    parts = (f"{role}: {text}" for role, text in zip(roles, texts, strict=True))
    return said.say("separator").join(parts)


def _rows(content: Content, said: Language) -> list[tuple[str, str]]:
    rows = [(said.say("kit_place"), names_of_place(content, said))]
    for image in content.dates:
        when = format_acquisition(image.acquisition, content.time_zone, said).line
        role = said.capitalised(role_word(content, image, said)) if len(content.dates) > 1 else ""
        told = f"{when}{said.say('separator')}{satellite_words(image, said)}"
        rows.append((role or said.say("label_taken"), told))
    if content.event is not None:
        rows.append((said.say("label_event"), event_words(content.event, said)))
    if content.sites:
        sites = said.listed(said.title_of(site.names) for site in content.sites)
        rows.append((said.say("kit_sites"), sites))
    rows.append((said.say("kit_publisher"), said.show(Words(content.publisher))))
    if content.contact:
        rows.append((said.say("kit_contact"), said.show(Words(content.contact))))
    if content.embargo is not None:
        when = format_acquisition(Acquisition.at(content.embargo), content.time_zone, said).prose
        rows.append((said.say("kit_embargo"), said.say("instruction_embargo", when=Phrase(when))))
    rows.append((said.say("kit_release"), _standing(content, said)))
    return rows


def _standing(content: Content, said: Language) -> str:
    draft = content.status is Status.DRAFT
    status = said.say("strip_draft" if draft else "status_issued")
    names = (Words(content.id), Words(f"{content.revision}"), Phrase(status))
    return " · ".join(said.show(name) for name in names)


def _notes(content: Content, said: Language) -> list[str]:
    notices = [*content.notices, *(n for image in content.dates for n in image.notices)]
    texts = [said.show(Words(notice.text)) for notice in notices]
    if content.status is Status.DRAFT:
        reasons = "; ".join(content.draft_reasons) or "not released"
        texts.insert(0, said.say("note_draft", reasons=Words(reasons)))
    texts += [source_line(content, said)]
    texts += [said.say("disclaimer")] if content.district.contested else []
    texts.append(said.review)
    return list(dict.fromkeys(texts))


def _check(content: Content, said: Language) -> list[str]:
    steps = [said.say(f"kit_check_{step}") for step in ("sums", "verify", "reproduce", "limits")]
    if content.contact:
        steps.append(said.say("instruction_corrections", contact=Words(content.contact)))
    return steps


def _footer(content: Content, said: Language) -> str:
    names = (Words(content.publisher), Words(content.id), Words(f"satdesk {content.version}"))
    return " · ".join(said.show(name) for name in names)


def _code(content: Content, said: Language) -> dict[str, str] | None:
    address = page_address(content)
    if address is None:
        return None
    return {"words": said.say("code"), "address": address, "alt": address}


def _logo(content: Content) -> dict[str, Any] | None:
    logo = content.style.logo
    return None if logo is None else {"width": logo.width_mm, "alt": logo.alt}


def _fonts(content: Content) -> list[str]:
    family = content.style.family
    own = [] if family is None else [FT2Font(str(family.regular)).family_name]
    return [*own, _OURS]


def _marks(content: Content) -> list[str]:
    marks = ["DRAFT"] if content.status is Status.DRAFT else []
    return [*marks, "SIMULATED"] if content.simulated else marks


def _mark_sentences(content: Content, said: Language) -> list[str]:
    sentences = [said.say("mark_draft")] if content.status is Status.DRAFT else []
    return [*sentences, said.say("mark_simulated")] if content.simulated else sentences


def _joined(texts: Sequence[str], between: str) -> str:
    return between.join(text for text in texts if text)


def _settable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with every text as our faces can set it: what they lack is seen to be missing."""
    if isinstance(value, dict):
        return {key: _settable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(each) for each in value]
    return clean(value) if isinstance(value, str) else value
