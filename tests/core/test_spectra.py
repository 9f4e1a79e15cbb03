"""Wavelengths of known satellites: however they are written, never of another instrument."""

from __future__ import annotations

import pytest

from satdesk.bundles.formats import open_bundle
from satdesk.bundles.landsat import _BANDS
from satdesk.core.bands import BLUE, NIR, PAN, Band
from satdesk.core.spectra import SPECTRA, Spectrum, spectrum_of
from satdesk.errors import UsageError


@pytest.mark.parametrize(
    ("mission", "instrument", "name"),
    [
        ("SPOT 7", None, "SPOT 6/7 NAOMI"),
        ("Azersky", None, "SPOT 6/7 NAOMI"),
        ("PHR 1B", "PHR", "Pléiades 1A/1B HiRI"),
        ("Pléiades 1A", "PHR 1A", "Pléiades 1A/1B HiRI"),
        ("WV02", None, "WorldView-2 WV110"),
        ("WorldView-3", "WV110", "WorldView-3 WV110"),
        ("GE01", None, "GeoEye-1 GIS"),
        ("GF-2", "PMS1", "GF-2 PMS-2"),
        ("Landsat 8", "OLI_TIRS", "Landsat 8/9 OLI"),
        ("Sentinel-2B", "MSI", "Sentinel-2 MSI"),
    ],
)
def test_a_satellite_is_found_however_it_is_written(mission, instrument, name):
    found = spectrum_of(mission, instrument)
    assert found is not None
    assert found.name == name
    assert found.source


@pytest.mark.parametrize(
    ("mission", "instrument"),
    [
        (None, None),
        ("", "NAOMI"),
        ("Sputnik", None),
        ("SPOT 5", None),
        ("SPOT", None),
        ("Pléiades Neo 3", None),
        ("GF-21", None),
        ("Landsat 8", "TIRS"),
        ("SIMULATED SIM-1", None),
    ],
)
def test_nobody_else_s_bands_are_told(mission, instrument):
    assert spectrum_of(mission, instrument) is None


@pytest.mark.parametrize("key", SPECTRA)
def test_the_bands_ascend_and_lie_where_their_colours_are(key):
    edges = dict(SPECTRA[key].edges_nm)
    middles = [sum(edges[name]) / 2 for name in ("B", "G", "R", "NIR")]
    assert middles == sorted(middles)
    ranges = ((470, 500), (540, 570), (650, 680), (820, 870))
    assert all(low <= nm <= high for nm, (low, high) in zip(middles, ranges, strict=True))


def test_what_is_not_listed_is_not_told():
    sentinel = spectrum_of("Sentinel-2A", "MSI")
    assert sentinel.edges(PAN) is None
    assert sentinel.edges(Band(name="B8A")) is None
    assert sentinel.edges(NIR) == (784.5, 899.5)
    with pytest.raises(UsageError, match="ascend"):
        Spectrum(name="x", edges_nm=(("B", (525, 455)),), instruments=(), source="x")


def test_landsat_s_bands_are_those_of_its_deliveries():
    table = SPECTRA["LANDSAT8"]
    stated = {name: (low, high) for name, low, high in _BANDS["LANDSAT_8"].values()}
    assert all(stated[name] == edges for name, edges in table.edges_nm)


@pytest.mark.parametrize(("folder", "within_nm"), [("dimap_spot7", 12), ("dimap_pleiades", 0)])
def test_real_deliveries_state_nearly_the_same(shared_data, folder, within_nm):
    """What a delivery states counts; the table is for files that do not."""
    scene = open_bundle(next(path for path in (shared_data / folder).iterdir() if path.is_dir()))
    table = spectrum_of(scene.mission, scene.instrument)
    assert table is not None
    for image in scene.images:
        for band in image.bands:
            listed = table.edges(band)
            assert sum(band.wavelength_nm) / 2 == pytest.approx(sum(listed) / 2, abs=within_nm)
    assert table.edges(BLUE) is not None
