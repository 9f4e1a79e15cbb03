from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from satdesk.core.place import Name, Site
from satdesk.release.plate_labels import make_label, place_labels
from satdesk.release.plate_sheet import Rect
from satdesk.release.typography import Face, measure

FRAME = Rect(x=10, y=10, width=180, height=120)
FACE = Face(size_pt=6.6, bold=True)
NAMES = (
    ("en", "Monastery of the Holy Mother of God on the upper river"),
    ("az", "Yuxarı çayın üstündəki Müqəddəs Ana monastırı"),
    ("hy", "Վերին գետի Սուրբ Աստվածածին վանք"),
    ("ru", "Монастырь Пресвятой Богородицы на верхней реке"),
    ("ka", "ზედა მდინარის ღვთისმშობლის მონასტერი"),
)


def site(key, names=NAMES):
    return Site(
        id=key,
        names=tuple(Name(text=text, language=language) for language, text in names),
        kind="monastery",
        geometry=Point(46, 40),
    )


def labels_at(anchors):
    return tuple(
        make_label(site(f"s{i:02d}"), at, width_mm=42, title_face=FACE)
        for i, at in enumerate(anchors)
    )


anchors = st.lists(
    st.tuples(
        st.floats(FRAME.x + 1, FRAME.right - 1).map(lambda v: round(v, 2)),
        st.floats(FRAME.y + 1, FRAME.top - 1).map(lambda v: round(v, 2)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(anchors)
def test_labels_stay_inside_and_apart_and_off_every_marker(points):
    placed = place_labels(labels_at(points), FRAME)
    assert [p.label.site_id for p in placed] == [f"s{i:02d}" for i in range(len(points))]
    rects = [p.rect for p in placed if p.rect is not None]
    markers = [Rect(x=x - 1.25, y=y - 1.25, width=2.5, height=2.5) for x, y in points]
    for i, rect in enumerate(rects):
        assert FRAME.holds(rect)
        assert not any(rect.meets(other) for other in rects[i + 1 :])
        assert not any(rect.meets(marker) for marker in markers)
    assert all(p.number is not None for p in placed if p.rect is None)


def test_a_dozen_long_names_in_five_scripts_all_find_room_on_a_plate():
    points = [(30 + 40 * (i % 4), 30 + 38 * (i // 4)) for i in range(12)]
    placed = place_labels(labels_at(points), FRAME)
    assert all(p.rect is not None and p.number is None for p in placed)


def test_words_do_not_stick_out_of_their_label():
    (label,) = labels_at([(50, 50)])
    width, _ = label.size
    assert all(measure(line, label.title_face) < width for line in label.title)
    assert all(measure(line, label.others_face) < width for line in label.others)
    assert label.title[0].startswith("Monastery")
    assert len(label.others) <= 3


def test_the_same_sites_get_the_same_places():
    points = [(20 + 13 * i % 150, 20 + 29 * i % 100) for i in range(10)]
    assert place_labels(labels_at(points), FRAME) == place_labels(labels_at(points), FRAME)


def test_sites_without_room_are_numbered_in_order():
    small = Rect(x=0, y=0, width=30, height=12)
    placed = place_labels(labels_at([(5, 6), (9, 6), (13, 6), (17, 6)]), small)
    assert [p.number for p in placed] == [1, 2, 3, 4]


def test_taken_room_is_kept_clear():
    taken = Rect(x=50, y=40, width=60, height=60)
    (placed,) = place_labels(labels_at([(49, 60)]), FRAME, (taken,))
    assert placed.rect is not None
    assert not placed.rect.meets(taken)
