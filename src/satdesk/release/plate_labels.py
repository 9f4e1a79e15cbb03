"""Label placement: every site named once, no label over another, none outside the frame.

The method is greedy over a fixed list of candidates (rings around the point, sixteen directions;
after Imhof's order of preference: right, left, above, below), so the same sites always get the same
places. A site for which there is no room at all keeps its marker and gets a number; its name then
stands in the legend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from shapely.geometry import LineString, Point, Polygon, box

from satdesk.core.place import Site
from satdesk.release.descriptions import names_line
from satdesk.release.language import Language, spoken
from satdesk.release.plate_sheet import Rect
from satdesk.release.typography import Face, measure, settable, wrap

__all__ = ["Label", "PlacedLabel", "make_label", "place_labels"]

_RINGS_MM = (2.0, 3.5, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 46.0, 60.0, 80.0)
_DIRECTIONS = tuple(math.radians(a) for a in (0, 180, 30, -30, 150, -150, 60, -60, 120, -120,
                                              90, -90, 15, -15, 165, -165))  # fmt: skip
_CROWD_MM = 3.0
_GAP_MM = 0.7
_PAD_MM = 0.7
_LEADER_FROM_MM = 2.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands beside one marker, and its size.

    Attributes:
        site_id: The site.
        anchor: Its marker's centre in millimetres.
        title: Lines of the title.
        others: Lines of the further names.
        title_face: Face of the title.
        others_face: Face of the further names.
    """

    site_id: str
    anchor: tuple[float, float]
    title: tuple[str, ...]
    others: tuple[str, ...]
    title_face: Face
    others_face: Face

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in millimetres, padding included."""
        widths = [measure(line, self.title_face) for line in self.title]
        widths += [measure(line, self.others_face) for line in self.others]
        height = len(self.title) * self.title_face.leading_mm
        height += len(self.others) * self.others_face.leading_mm
        return max(widths, default=0.0) + 2 * _PAD_MM, height + 2 * _PAD_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    """A label in its place.

    Attributes:
        label: What is written.
        rect: Where; None where there was no room at all (then `number` stands on the marker).
        leader: From the marker to the label; None where they are close enough.
        number: 1, 2 … for a site that is named in the legend instead.
    """

    label: Label
    rect: Rect | None
    leader: tuple[tuple[float, float], tuple[float, float]] | None = None
    number: int | None = None


def make_label(
    site: Site,
    anchor: tuple[float, float],
    *,
    width_mm: float,
    title_face: Face,
    words: Language | None = None,
) -> Label:
    """The label of `site`: its name in `words`, below it all its other names in smaller type.

    At most three lines each; what does not fit ends in an ellipsis (the page and ``release.json``
    carry every name in full).
    """
    others_face = title_face.scaled(0.8)
    others_face = Face(size_pt=others_face.size_pt)
    said = spoken(words)
    name = said.title_of(site.names)
    others = names_line((n for n in site.names if n.text != name and settable(n.text)), words=said)
    title = wrap(name, title_face, width_mm, 3)
    return Label(
        site_id=site.id,
        anchor=anchor,
        title=title,
        others=wrap(others, others_face, width_mm, 3) if others else (),
        title_face=title_face,
        others_face=others_face,
    )


def place_labels(
    labels: tuple[Label, ...], frame: Rect, taken: tuple[Rect, ...] = (), marker_mm: float = 2.6
) -> tuple[PlacedLabel, ...]:
    """Find a place for each of `labels` inside `frame`, in a fixed order (from above, then left).

    Args:
        labels: What to place.
        frame: Where labels may be.
        taken: Rectangles that they must keep clear of besides each other and all markers.
        marker_mm: Width of a marker.

    Returns:
        One for each label, in the order of `labels`.
    """
    markers = {one.site_id: _around(one.anchor, marker_mm) for one in labels}
    blocked = (*taken, *markers.values())
    placed: dict[str, PlacedLabel] = {}
    for label in sorted(labels, key=lambda one: (-one.anchor[1], one.anchor[0], one.site_id)):
        done = tuple(placed.values())
        placed[label.site_id] = _place(label, frame, blocked, done)
    number = 0
    for label in labels:
        if placed[label.site_id].rect is None:
            number += 1
            done = tuple(placed.values())
            placed[label.site_id] = _numbered(label, number, frame, blocked, done)
    return tuple(placed[one.site_id] for one in labels)


def _place(
    label: Label, frame: Rect, blocked: tuple[Rect, ...], done: tuple[PlacedLabel, ...]
) -> PlacedLabel:
    """The first free candidate; where sites crowd, one whose leader passes over other markers."""
    others = tuple(rect for rect in blocked if not _inside(label.anchor, rect))
    crowd = sum(_inside(label.anchor, rect.inset(-_CROWD_MM)) for rect in blocked)
    rings = _RINGS_MM if crowd < 4 else _RINGS_MM[3:]  # close labels would wall a crowd in
    for barriers in (others, ()):
        for ring in rings:
            for angle in _DIRECTIONS:
                rect = _candidate(label, ring, angle)
                leader = _leader(label.anchor, rect, ring)
                if frame.holds(rect) and _free(rect, leader, blocked, barriers, done):
                    return PlacedLabel(label=label, rect=rect, leader=leader)
    return PlacedLabel(label=label, rect=None)


def _inside(point: tuple[float, float], rect: Rect) -> bool:
    return rect.x <= point[0] <= rect.right and rect.y <= point[1] <= rect.top


def _candidate(label: Label, ring: float, angle: float) -> Rect:
    """The label's rectangle touching the ring around its anchor in direction `angle`."""
    width, height = label.size
    x = label.anchor[0] + ring * math.cos(angle)
    y = label.anchor[1] + ring * math.sin(angle)
    return Rect(
        x=x - width * (1 - math.cos(angle)) / 2,
        y=y - height * (1 - math.sin(angle)) / 2,
        width=width,
        height=height,
    )


def _leader(
    anchor: tuple[float, float], rect: Rect, ring: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    if ring < _LEADER_FROM_MM:
        return None
    nearest = (
        min(max(anchor[0], rect.x), rect.right),
        min(max(anchor[1], rect.y), rect.top),
    )
    return anchor, nearest


def _free(
    rect: Rect,
    leader: tuple[tuple[float, float], tuple[float, float]] | None,
    blocked: tuple[Rect, ...],
    barriers: tuple[Rect, ...],
    done: tuple[PlacedLabel, ...],
) -> bool:
    """Whether a label may be at `rect`: clear of everything, its leader clear of `barriers`."""
    labels = tuple(one.rect for one in done if one.rect is not None)
    room = rect.inset(-_GAP_MM)
    if any(rect.meets(other) for other in blocked) or any(room.meets(one) for one in labels):
        return False
    leaders = [LineString(one.leader) for one in done if one.leader is not None]
    if any(line.intersects(_box(rect)) for line in leaders):
        return False
    if leader is None:
        return True
    ours = LineString(leader)
    start = Point(leader[0]).buffer(1.6)  # below a marker, leaders may meet
    if any(ours.difference(start).intersects(line) for line in leaders):
        return False
    return not any(ours.intersects(_box(other)) for other in (*labels, *barriers))


def _numbered(
    label: Label, number: int, frame: Rect, blocked: tuple[Rect, ...], done: tuple[PlacedLabel, ...]
) -> PlacedLabel:
    """A label that found no room, as its number: beside the marker, or at worst upon it."""
    tag = replace(label, title=(str(number),), others=())
    found = _place(tag, frame, blocked, done)
    return replace(found, label=tag if found.rect is not None else label, number=number)


def _around(center: tuple[float, float], size: float) -> Rect:
    return Rect(x=center[0] - size / 2, y=center[1] - size / 2, width=size, height=size)


def _box(rect: Rect) -> Polygon:
    return box(rect.x, rect.y, rect.right, rect.top)
