"""The map of what was seen: each state can be told from the others."""

from __future__ import annotations

import numpy as np
from PIL import Image

from satdesk.core.sighting import State
from satdesk.release.source_map import MapFacts, write_source_map

FACTS = MapFacts(title="Seen", scenes=("a", "b"), notes=("a note",), cell_m=30.0)


def drawn(folder, states):
    """Sizes of the map, and the colours that fill the middles of its parts."""
    state = np.repeat(np.array(states)[None], 100, axis=0).repeat(100, axis=1)
    source = np.where(state == State.NOT_IMAGED, 0, 1)
    path = folder / f"{'-'.join(map(str, states))}.png"
    write_source_map(path, np.stack([source, state]), FACTS)
    with Image.open(path) as image:
        return image.size, np.asarray(image.convert("RGB"))


def test_what_is_not_told_has_a_colour_and_a_legend_beside_what_is(tmp_path):
    told, _ = drawn(tmp_path, [State.CLEAR, State.CLEAR])
    size, picture = drawn(tmp_path, [State.CLEAR, State.NOT_TOLD])
    assert size[1] > told[1]  # one line of legend more
    colours, counts = np.unique(picture.reshape(-1, 3).astype(int), axis=0, return_counts=True)
    most = colours[np.argsort(counts)[-3:]]
    for wanted in ((0x44, 0x77, 0xAA), (0x8F, 0xAD, 0xCC)):
        assert (np.abs(most - wanted) <= 1).all(axis=1).any()


def test_where_nobody_looked_for_clouds_the_map_is_plain(tmp_path):
    told, clear = drawn(tmp_path, [State.CLEAR, State.CLEAR])
    size, plain = drawn(tmp_path, [State.NOT_TOLD, State.NOT_TOLD])
    assert size == told
    np.testing.assert_array_equal(plain, clear)
