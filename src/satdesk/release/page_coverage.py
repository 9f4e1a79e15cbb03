"""The district report on the page: areas seen, scene by scene, and the map of what gave what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from satdesk.core.sighting import State
from satdesk.release.content import DatedImage
from satdesk.release.facts import Metres, Number, Percent, Phrase, Words
from satdesk.release.language import Language, significant
from satdesk.release.page_html import Html, el
from satdesk.release.sighted_names import MAP_NAME

__all__ = ["coverage_html"]


def coverage_html(image: DatedImage, said: Language) -> Html | None:
    """Map and table of a date; None where it is one scene and nobody looked for clouds."""
    facts: Any = dict(image.facts).get("coverage")
    if not isinstance(facts, Mapping):
        return None
    states = _listed(facts["states"], said)
    rows = [
        el("tr", el("th", f"{scene['number']}", scope="row"), el("td", el("bdi", scene["id"])),
           el("td", _listed(scene["states"], said)))
        for scene in facts["scenes"]
    ]  # fmt: skip
    titles = (said.say(f"coverage_{name}") for name in ("number", "scene", "share"))
    head = el("tr", *(el("th", title, scope="col") for title in titles))
    area = Number(Decimal(f"{facts['district_ha']:.1f}"))
    return el(
        "details",
        el("summary", said.say("coverage_title")),
        el("p", said.say("coverage_all", area=area, states=Phrase(states))),
        _map(image, states, said),
        el("table", el("thead", head), el("tbody", *rows), class_="coverage"),
        *(_site(site, said) for site in facts.get("sites", ())),
    )


def _map(image: DatedImage, states: str, said: Language) -> Html | None:
    if image.source is None or image.licence.tiles is False:
        return None
    number = Number(Decimal(len(image.scene_ids)))
    text = said.say("coverage_map", number=number, states=Phrase(states))
    return el("img", src=f"{image.id}/{MAP_NAME}", alt=text, class_="source-map")


def _listed(states: Mapping[str, Mapping[str, float]], said: Language) -> str:
    return said.say("separator").join(_lines(states, said)) or said.say("coverage_nothing")


def _lines(states: Mapping[str, Mapping[str, float]], said: Language) -> Iterator[str]:
    for state in State:
        share = states.get(state.name.lower())
        if share is not None and share["ha"] > 0:
            yield said.say(
                "covered_area",
                state=_state(state.name.lower(), said),
                area=Number(Decimal(f"{share['ha']:.1f}")),
                share=Percent(Decimal(f"{share['percent']:.1f}")),
            )


def _state(name: str, said: Language) -> Phrase:
    return Phrase(said.say(f"covered_{name}"))


def _site(site: Mapping[str, Any], said: Language) -> Html:
    seen = (
        said.say("covered_share", state=_state(name, said), share=Percent(significant(percent, 6)))
        for name, percent in site["states"].items()
    )
    states = said.say("separator").join(seen) or said.say("covered_not_imaged")
    radius = Metres(significant(site["radius_m"], 9))
    words = said.say(
        "coverage_site", site=Words(site["title"]), radius=radius, states=Phrase(states)
    )
    return el("p", words)
