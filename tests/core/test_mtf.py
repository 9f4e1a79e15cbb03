"""Which MTF belongs to which mission."""

from __future__ import annotations

import pytest

from satdesk.core.mtf import ASSUMED_GAIN, MTFS, Mtf, mtf_of
from satdesk.errors import UsageError


@pytest.mark.parametrize(
    ("mission", "name"),
    [
        ("SPOT 7", "SPOT 7"),
        ("SPOT 6", "SPOT 6"),
        ("Pléiades 1B", "Pléiades"),
        ("PHR1A", "Pléiades"),
        ("Pléiades Neo 3", "Pléiades Neo"),
        ("WorldView-2", "WorldView-2"),
        ("WV03", "WorldView-3"),
        ("QB02", "QuickBird"),
        ("GeoEye-1", "GeoEye-1"),
        ("IKONOS", "IKONOS"),
        ("GF-2", "GF-2"),
        ("SIMULATED SIM-1", "SIM-1"),
    ],
)
def test_a_mission_is_found_however_it_is_written(mission, name):
    assert mtf_of(mission).name == name


def test_published_numbers_are_the_toolbox_s():
    quickbird = mtf_of("QuickBird")
    assert [quickbird.gain(band) for band in ("B", "G", "R", "NIR")] == [0.34, 0.32, 0.30, 0.22]
    assert quickbird.pan == 0.15
    assert not quickbird.assumed


@pytest.mark.parametrize("mission", [None, "", "Sputnik", "SPOT 7", "GF-2"])
def test_what_nobody_published_says_so(mission):
    found = mtf_of(mission)
    assert found.assumed
    assert found.gain("R") == ASSUMED_GAIN
    assert "published" in found.source


def test_every_instrument_has_a_source():
    assert all(mtf.source for mtf in MTFS.values())


def test_a_transfer_lies_between_zero_and_one():
    with pytest.raises(UsageError, match="between 0 and 1"):
        Mtf(name="x", gains=(("R", 1.0),), source="none")
